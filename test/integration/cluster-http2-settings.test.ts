import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Json } from '../support/config-builder.js';
import { frameType } from '../support/frame-client.js';
import { type FrameConnection, FrameHost } from '../support/frame-host.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

/** Numbers of RFC 9113, 6.5.2. */
const headerTableSize = 1;
const enablePush = 2;
const initialWindowSize = 4;

/** Starts a proxy with these settings, whose host has got a request. */
async function start(
  t: TestContext,
  http2_settings: Json,
): Promise<{ proxy: TestProxy; peer: FrameConnection }> {
  const host = await FrameHost.start();
  const upstream = host.raw;
  const proxy = await TestProxy.start(t, { upstream, cluster: { http2_settings } });
  void proxy.send();
  const peer = await host.connection();
  await peer.until(frameType.headers, 1);
  return { proxy, peer };
}

/** What the first settings say. */
async function readSettings(peer: FrameConnection): Promise<ReadonlyMap<number, number>> {
  const { payload } = await peer.until(frameType.settings);
  const settings = new Map<number, number>();
  for (let at = 0; at < payload.length; at += 6) {
    settings.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
  }
  return settings;
}

test('http2_settings of a cluster: what is said by default', async (t) => {
  const { peer } = await start(t, {});
  const settings = await readSettings(peer);
  assert.equal(settings.get(headerTableSize) ?? 4096, 4096);
  assert.equal(settings.get(enablePush), 0);
  assert.equal(settings.get(initialWindowSize), 16 * 1024 * 1024);
  const update = await peer.until(frameType.windowUpdate, 0);
  assert.equal(update.payload.readUInt32BE(0) + 65_535, 24 * 1024 * 1024);
  peer.respond(1, true);
});

test('http2_settings of a cluster: what is configured is said', async (t) => {
  const { peer } = await start(t, {
    hpack_table_size: 1000,
    initial_stream_window_size: 70_000,
    initial_connection_window_size: 90_000,
  });
  const settings = await readSettings(peer);
  assert.equal(settings.get(headerTableSize), 1000);
  assert.equal(settings.get(initialWindowSize), 70_000);
  const update = await peer.until(frameType.windowUpdate, 0);
  assert.equal(update.payload.readUInt32BE(0) + 65_535, 90_000);
  peer.respond(1, true);
});

test('max_concurrent_streams: one more waits, and is not refused', async (t) => {
  const { proxy, peer } = await start(t, { max_concurrent_streams: 1 });
  const second = proxy.send();
  await until(() => peer.received(frameType.headers).length === 1, 'the first has come');
  for (let i = 0; i < 100; i++) {
    const waiting = (await proxy.stats()).get('cluster.app.upstream_rq_pending_active');
    if (waiting === 1) {
      break;
    }
  }
  assert.equal(peer.received(frameType.headers).length, 1);
  peer.respond(1, true);
  await peer.until(frameType.headers, 3);
  peer.respond(3, true);
  assert.equal((await second).status, 200);
});
