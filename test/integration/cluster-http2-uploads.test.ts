import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'node:test';
import { frameType } from '../support/frame-client.js';
import { FrameHost } from '../support/frame-host.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

/** What a host takes of a body before it says that it takes more. */
const windowBytes = 65_535;
const noError = 0;

test('an upload that the host resets without an error, and takes nothing more of, ends', async (t) => {
  const host = await FrameHost.start();
  const proxy = await TestProxy.start(t, { upstream: host.raw, cluster: { features: 'http2' } });
  const outgoing = request({ port: proxy.port, method: 'POST', headers: { host: 'foo.com' } });
  proxy.closesWith(outgoing);
  outgoing.on('error', () => {});
  // The end of the request never comes, and the host makes room for no more than its beginning.
  outgoing.write(Buffer.alloc(windowBytes + 1000));
  const peer = await host.connection();
  const sentBytes = (): number =>
    peer.received(frameType.data, 1).reduce((sum, { payload }) => sum + payload.length, 0);
  await until(() => sentBytes() === windowBytes, 'the host has all that it has room for');
  const answered = once(outgoing, 'response');
  peer.reset(1, noError);
  const [response] = await answered;
  assert.equal(response.statusCode, 503);
  assert.equal(await proxy.loggedResult(), '503 UR');
  const stats = await proxy.stats();
  assert.equal(stats.get('cluster.app.upstream_rq_rx_reset'), 1);
  assert.equal(stats.get('cluster.app.upstream_rq_active'), 0);
});
