import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'node:test';
import { clusterCounts } from '../support/cluster-counts.js';
import { FakeUpstream, RawUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';
import { ok } from '../support/upstream-scripts.js';

/** More than all buffers of the system on the way hold. */
const manyBytes = 64 * 1024 * 1024;
const piece = Buffer.alloc(256 * 1024, 'x');

/** Resolves with the number of bytes that a writer got rid of when it can do no more. */
async function writeUntilStuck(write: (chunk: Buffer) => boolean, drain: () => Promise<unknown>) {
  let written = 0;
  for (;;) {
    written += piece.length;
    if (!write(piece)) {
      const isDrained = await Promise.race([drain().then(() => true), idle().then(() => false)]);
      if (!isDrained) {
        return written;
      }
    }
    if (written > manyBytes) {
      return written;
    }
  }
}

/** Resolves when nothing has happened on the sockets of this process for a while. */
async function idle(): Promise<void> {
  let turns = 0;
  await until(() => ++turns > 3000, 'some turns of the event loop have passed');
}

test('a host that does not read stops the client, and both go on when it reads', async (t) => {
  const upstream = await RawUpstream.start((socket) => socket.pause());
  const proxy = await TestProxy.start(t, { upstream });
  const outgoing = request({ port: proxy.port, method: 'POST', headers: { host: 'foo.com' } });
  outgoing.on('error', () => {});
  const written = await writeUntilStuck(
    (chunk) => outgoing.write(chunk),
    () => once(outgoing, 'drain'),
  );
  assert.ok(written < manyBytes / 2, `${written} bytes have gone somewhere`);
  const stuck = await clusterCounts(proxy, 'app', 'upstream_flow_control_backed_up_total');
  assert.ok(stuck.upstream_flow_control_backed_up_total >= 1);
  let read = 0;
  const [socket] = upstream.sockets;
  socket?.on('data', (chunk) => {
    read += chunk.length;
    if (chunk.subarray(-5).toString() === '0\r\n\r\n') {
      socket.write(ok());
    }
  });
  socket?.resume();
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  response.resume();
  await once(response, 'end');
  assert.equal(response.statusCode, 200);
  assert.ok(read > written);
  const done = await clusterCounts(
    proxy,
    'app',
    'upstream_flow_control_backed_up_total',
    'upstream_flow_control_drained_total',
  );
  assert.equal(
    done.upstream_flow_control_backed_up_total,
    done.upstream_flow_control_drained_total,
  );
});

test('a client that has left a host that does not read is noticed when the host reads', async (t) => {
  const upstream = await RawUpstream.start((socket) => {
    socket.pause();
    socket.on('end', () => socket.end());
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: foo.com\r\ncontent-length: 100000000\r\n\r\n');
  await writeUntilStuck(
    (chunk) => client.socket.write(chunk),
    () => once(client.socket, 'drain'),
  );
  client.socket.resetAndDestroy();
  for (const socket of upstream.sockets) {
    socket.resume();
  }
  await until(() => upstream.sockets.size === 0, 'the upstream connection is closed');
  await proxy.untilStat('downstream_rq_active', 0);
});

test('a client that does not read stops the host, and both go on when it reads', async (t) => {
  let written = 0;
  let isStuck = false;
  const upstream = await FakeUpstream.start((_request, response) => {
    void writeUntilStuck(
      (chunk) => response.write(chunk),
      () => once(response, 'drain'),
    ).then((count) => {
      written = count;
      isStuck = true;
      response.end();
    });
  });
  const proxy = await TestProxy.start(t, { upstream });
  const outgoing = request({ port: proxy.port, headers: { host: 'foo.com' } }).end();
  const [response] = await once(outgoing, 'response');
  await until(() => isStuck, 'the host is stuck');
  assert.ok(written < manyBytes / 2, `${written} bytes have gone somewhere`);
  const paused = await clusterCounts(proxy, 'app', 'upstream_flow_control_paused_reading_total');
  assert.ok(paused.upstream_flow_control_paused_reading_total >= 1);
  let read = 0;
  for await (const chunk of response) {
    read += chunk.length;
  }
  assert.equal(read, written);
  const done = await clusterCounts(
    proxy,
    'app',
    'upstream_flow_control_paused_reading_total',
    'upstream_flow_control_resumed_reading_total',
  );
  assert.equal(
    done.upstream_flow_control_paused_reading_total,
    done.upstream_flow_control_resumed_reading_total,
  );
});

test('per_connection_buffer_limit_bytes of a cluster bounds what waits for a host', async (t) => {
  const upstream = await FakeUpstream.start((incoming, response) => {
    incoming.resume().on('end', () => response.end());
  });
  const body = Buffer.alloc(8000);
  for (const [limit, backedUp] of [
    [1024, 1],
    [100_000, 0],
  ] as const) {
    const proxy = await TestProxy.start(t, {
      upstream,
      cluster: { per_connection_buffer_limit_bytes: limit },
    });
    const outgoing = request({ port: proxy.port, method: 'POST', headers: { host: 'foo.com' } });
    outgoing.write(body);
    await proxy.untilStat('downstream_rq_active', 1);
    outgoing.end();
    const [response] = await once(outgoing, 'response');
    response.resume();
    const counts = await clusterCounts(proxy, 'app', 'upstream_flow_control_backed_up_total');
    assert.equal(counts.upstream_flow_control_backed_up_total, backedUp, `${limit}`);
  }
});
