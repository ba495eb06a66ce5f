import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { test } from 'node:test';
import { clusterCounts } from '../support/cluster-counts.js';
import { RawUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const maxStallMs = 300_000;
const piece = Buffer.alloc(256 * 1024, 'x');

/** Sends a request of which the host takes no more than what the system has room for. */
async function sendUntilStuck(proxy: TestProxy): Promise<ClientRequest> {
  const outgoing = request({ port: proxy.port, method: 'POST', headers: { host: 'foo.com' } });
  outgoing.on('error', () => {});
  proxy.closesWith(outgoing);
  let written = 0;
  let turns = 0;
  let lastProgressMs = performance.now();
  await until(() => {
    if (outgoing.writableNeedDrain) {
      turns++;
    } else {
      turns = 0;
      lastProgressMs = performance.now();
      written += piece.length;
      outgoing.write(piece);
    }
    // A machine that is busy may need a while for what is under way.
    return turns > 2000 && performance.now() - lastProgressMs > 300;
  }, 'nothing more goes out');
  assert.ok(written < 64 * 1024 * 1024, `${written} bytes have gone somewhere`);
  return outgoing;
}

test('a host that takes nothing of a request for five minutes has lost it', async (t) => {
  const upstream = await RawUpstream.start((socket) => socket.pause());
  const proxy = await TestProxy.start(t, { upstream });
  const outgoing = await sendUntilStuck(proxy);
  proxy.clock.advance(maxStallMs - 1);
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
  const answered = once(outgoing, 'response');
  proxy.clock.advance(1);
  const [response] = await answered;
  assert.equal(response.statusCode, 504);
  assert.equal(await proxy.stat('downstream_rq_active'), 0);
  const counts = await clusterCounts(proxy, 'app', 'upstream_rq_timeout', 'upstream_rq_active');
  assert.deepEqual(counts, { upstream_rq_timeout: 1, upstream_rq_active: 0 });
});

test('what a client has left behind at a host that never reads ends then, too', async (t) => {
  const upstream = await RawUpstream.start((socket) => socket.pause());
  const proxy = await TestProxy.start(t, { upstream });
  const outgoing = await sendUntilStuck(proxy);
  const closed = new Promise((resolve) => outgoing.on('close', resolve));
  outgoing.destroy();
  await closed;
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
  proxy.clock.advance(maxStallMs);
  await proxy.untilStat('downstream_rq_active', 0);
  await proxy.untilStat('downstream_cx_active', 0);
});

test('a host that goes on reading, however late, has as long again', async (t) => {
  const upstream = await RawUpstream.start((socket) => socket.pause());
  const proxy = await TestProxy.start(t, { upstream });
  const outgoing = await sendUntilStuck(proxy);
  const [socket] = upstream.sockets;
  proxy.clock.advance(maxStallMs - 1);
  socket?.resume();
  await once(outgoing, 'drain');
  socket?.pause();
  proxy.clock.advance(maxStallMs - 1);
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
});

test('a request that came while its connection was opened is not stalled once it is sent', async (t) => {
  let received = '';
  const upstream = await RawUpstream.start((socket) => {
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
  });
  const proxy = await TestProxy.start(t, { upstream, route: { timeout_ms: 0 } });
  const outgoing = request({ port: proxy.port, method: 'POST', headers: { host: 'foo.com' } });
  outgoing.on('error', () => {});
  proxy.closesWith(outgoing);
  outgoing.end('all of it');
  await until(
    () => received.includes('all of it'),
    () => received,
  );
  proxy.clock.advance(maxStallMs + 1);
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
  outgoing.destroy();
  await proxy.untilStat('downstream_rq_active', 0);
});
