import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { clusterCounts } from '../support/cluster-counts.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

/** Starts a sidecar whose cluster has this `max_requests_per_connection`. */
async function startLimited(
  t: TestContext,
  limit: number | undefined,
): Promise<{ proxy: TestProxy; upstream: FakeUpstream }> {
  const upstream = await FakeUpstream.start();
  const cluster = limit === undefined ? {} : { max_requests_per_connection: limit };
  return { proxy: await TestProxy.start(t, { upstream, cluster }), upstream };
}

/** Returns how many requests came on each connection of a host, in the order of the connections. */
function requestsByConnection({ requests }: FakeUpstream): number[] {
  const counts = new Map<Socket, number>();
  for (const { socket } of requests) {
    counts.set(socket, (counts.get(socket) ?? 0) + 1);
  }
  return [...counts.values()];
}

async function sendInTurn(proxy: TestProxy, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { status, text } = await proxy.send({ path: `/${i}` });
    assert.deepEqual([status, text], [200, 'hello']);
  }
}

for (const [limit, expected] of [
  [undefined, [7]],
  [1, [1, 1, 1, 1, 1, 1, 1]],
  [3, [3, 3, 1]],
  [7, [7]],
  [8, [7]],
] as const) {
  const name = limit === undefined ? 'without max_requests_per_connection' : `with ${limit}`;
  test(`${name}, connections serve so many of seven requests: ${expected}`, async (t) => {
    const { proxy, upstream } = await startLimited(t, limit);
    await sendInTurn(proxy, 7);
    assert.deepEqual(requestsByConnection(upstream), expected);
    const full = expected.filter((count) => count === limit).length;
    assert.deepEqual(
      await clusterCounts(proxy, 'app', 'upstream_cx_total', 'upstream_cx_max_requests'),
      { upstream_cx_total: expected.length, upstream_cx_max_requests: full },
    );
  });
}

test('max_requests_per_connection: the connection is closed at its last response', async (t) => {
  const { proxy, upstream } = await startLimited(t, 2);
  await sendInTurn(proxy, 1);
  assert.equal(upstream.sockets.size, 1);
  await sendInTurn(proxy, 1);
  await until(() => upstream.sockets.size === 0, 'the host has lost its connection');
  assert.deepEqual(
    await clusterCounts(proxy, 'app', 'upstream_cx_active', 'upstream_cx_destroy_local'),
    { upstream_cx_active: 0, upstream_cx_destroy_local: 1 },
  );
});

test('max_requests_per_connection: every connection counts its own requests', async (t) => {
  const { proxy, upstream } = await startLimited(t, 2);
  const held: (() => void)[] = [];
  upstream.handler = (_request, response) => held.push(() => response.end('hello'));
  const both = [proxy.send(), proxy.send()];
  await until(() => held.length === 2, 'both requests are at the host');
  for (const answer of held) {
    answer();
  }
  await Promise.all(both);
  upstream.handler = (_request, response) => response.end('hello');
  await sendInTurn(proxy, 3);
  assert.deepEqual(requestsByConnection(upstream), [2, 2, 1]);
});

test('max_requests_per_connection: it bounds what the application sends too', async (t) => {
  const { proxy, upstream } = await startLimited(t, 2);
  for (let i = 0; i < 3; i++) {
    const response = await proxy.sidecar.request('http://app/');
    assert.equal(await response.body.text(), 'hello');
  }
  assert.deepEqual(requestsByConnection(upstream), [2, 1]);
});
