import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Json } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { type Frame, FrameClient, flag, frameType } from '../support/frame-client.js';
import { Http2Client } from '../support/http2-client.js';
import { TestProxy } from '../support/proxy.js';
import { connectTls, sslContext } from '../support/tls-client.js';
import { until } from '../support/until.js';

const maxStreamId = 2 ** 31 - 1;

/** A proxy before a host that answers when the test says so. */
async function startSlow(
  t: TestContext,
  manager: Json = {},
): Promise<{ proxy: TestProxy; waiting: ServerResponse[] }> {
  const waiting: ServerResponse[] = [];
  const upstream = await FakeUpstream.start((_request, response) => waiting.push(response));
  return { proxy: await TestProxy.start(t, { upstream, manager }), waiting };
}

async function failHealthchecks(proxy: TestProxy): Promise<void> {
  await fetch(`http://127.0.0.1:${proxy.adminPort}/healthcheck/fail`, { method: 'POST' });
}

/** The last stream that a GOAWAY does not refuse. */
function lastStreamOf({ payload }: Frame): number {
  return payload.readUInt32BE(0) & 0x7fffffff;
}

test('drain_timeout_ms: is between the GOAWAY that refuses nothing and the last one', async (t) => {
  const { proxy, waiting } = await startSlow(t, { drain_timeout_ms: 700 });
  const client = await FrameClient.connect(proxy);
  client.request(1);
  client.request(3);
  await until(() => waiting.length === 2, 'the requests are at the host');
  await failHealthchecks(proxy);
  waiting[0]?.end('one');
  const first = await client.until(frameType.goaway);
  assert.equal(lastStreamOf(first), maxStreamId);
  assert.equal(await proxy.stat('downstream_cx_drain_close'), 1);
  // What was on its way by then is served.
  client.request(5);
  await until(() => waiting.length === 3, 'the third request is at the host');
  proxy.clock.advance(699);
  client.request(7);
  await until(() => waiting.length === 4, 'the fourth request is at the host');
  assert.equal(client.received(frameType.goaway).length, 1);
  proxy.clock.advance(1);
  const last = await client.until(frameType.goaway, 0, 2);
  assert.equal(lastStreamOf(last), 7);
  for (const response of waiting) {
    response.end('late');
  }
  for (const streamId of [3, 5, 7]) {
    await client.until(frameType.data, streamId);
  }
  await client.untilClosed();
  assert.equal(await proxy.stat('downstream_cx_drain_close'), 1);
  await proxy.untilStat('downstream_cx_destroy_local', 1);
});

test('drain_timeout_ms: behind TLS the last GOAWAY comes at once', async (t) => {
  const proxy = await TestProxy.start(t, {
    config: { listener: { ssl_context: sslContext({ alpn_protocols: 'h2' }) } },
  });
  const socket = await connectTls(proxy.port, { ALPNProtocols: ['h2'] });
  const client = Http2Client.connect(proxy, { createConnection: () => socket }, 'https');
  assert.equal((await client.send()).text, 'hello');
  const lastStreams: number[] = [];
  client.session.on('goaway', (_code: number, lastStream: number) => lastStreams.push(lastStream));
  await proxy.sidecar.drain();
  await until(() => client.isClosed, 'the connection is closed');
  assert.deepEqual(lastStreams, [1]);
});

test('a drain tells every client, and lets requests under way end', async (t) => {
  const { proxy, waiting } = await startSlow(t, { drain_timeout_ms: 1000 });
  const idle = await FrameClient.connect(proxy);
  const busy = Http2Client.connect(proxy);
  const response = busy.send();
  await until(() => waiting.length === 1, 'the request is at the host');
  await idle.until(frameType.settings);
  let isDrained = false;
  const draining = proxy.sidecar.drain().then(() => {
    isDrained = true;
  });
  assert.equal(lastStreamOf(await idle.until(frameType.goaway)), maxStreamId);
  proxy.clock.advance(1000);
  assert.equal(lastStreamOf(await idle.until(frameType.goaway, 0, 2)), 0);
  await idle.untilClosed();
  await until(() => busy.hasGoaway, 'the client has been told');
  assert.equal(isDrained, false);
  waiting[0]?.end('to its end');
  assert.equal((await response).text, 'to its end');
  await draining;
});

test('a connection is cut when the time of close is up', async (t) => {
  const { proxy, waiting } = await startSlow(t);
  const client = await FrameClient.connect(proxy);
  client.request(1);
  await until(() => waiting.length === 1, 'the request is at the host');
  let isClosed = false;
  const closing = proxy.sidecar.close({ timeoutMs: 10 }).then(() => {
    isClosed = true;
  });
  await client.until(frameType.goaway);
  assert.equal(isClosed, false);
  proxy.clock.advance(10);
  await closing;
  await client.untilClosed();
  const [line] = await proxy.logLines(1);
  assert.match(line ?? '', /"GET \/ HTTP\/2" 0 /);
});

test('idle_timeout_s: begins when no request is under way', async (t) => {
  const { proxy, waiting } = await startSlow(t, { idle_timeout_s: 10 });
  const client = await FrameClient.connect(proxy);
  client.request(1);
  await until(() => waiting.length === 1, 'the request is at the host');
  proxy.clock.advance(60_000);
  assert.equal(await proxy.stat('downstream_cx_idle_timeout'), 0);
  waiting[0]?.end('hello');
  // The last frame of the response; what it does to the connection is done by the next turn.
  await client.until(frameType.data, 1, 2);
  await proxy.stat('downstream_rq_active');
  proxy.clock.advance(9000);
  assert.equal(await proxy.stat('downstream_cx_idle_timeout'), 0);
  proxy.clock.advance(1001);
  assert.equal(lastStreamOf(await client.until(frameType.goaway)), maxStreamId);
  proxy.clock.advance(5000);
  assert.equal(lastStreamOf(await client.until(frameType.goaway, 0, 2)), 1);
  await client.untilClosed();
  assert.equal(await proxy.stat('downstream_cx_idle_timeout'), 1);
  assert.equal(await proxy.stat('downstream_cx_destroy_local'), 1);
});

test('a client that does not close its side is cut after a second', async (t) => {
  const { proxy } = await startSlow(t);
  const client = await FrameClient.connect(proxy);
  client.socket.allowHalfOpen = true;
  await proxy.untilStat('downstream_cx_http2_active', 1);
  const draining = proxy.sidecar.drain();
  await client.until(frameType.goaway);
  proxy.clock.advance(5000);
  await client.untilClosed();
  assert.equal(await proxy.stat('downstream_cx_active'), 1);
  proxy.clock.advance(1000);
  await draining;
});

test('a client that says goodbye gets the rest of its responses', async (t) => {
  const { proxy, waiting } = await startSlow(t);
  const client = await FrameClient.connect(proxy);
  client.request(1);
  await until(() => waiting.length === 1, 'the request is at the host');
  client.send(frameType.goaway, 0, 0, Buffer.alloc(8));
  waiting[0]?.end('hello');
  const data = await client.until(frameType.data, 1);
  assert.equal(String(data.payload), 'hello');
  await client.untilClosed();
  assert.notEqual(client.received(frameType.headers, 1)[0]?.flags, flag.endStream);
});
