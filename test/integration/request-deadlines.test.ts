import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Json, virtualHost } from '../support/config-builder.js';
import type { UpstreamHandler } from '../support/fake-upstream.js';
import type { ProxyParts } from '../support/proxy.js';
import { ServedRequests } from '../support/served-request.js';
import { until } from '../support/until.js';

const expectedName = 'x-envoy-expected-rq-timeout-ms';
const timedOut = '504 upstream request timeout';
const route = { timeout_ms: 300 };

/** Never answers. */
const hang: UpstreamHandler = (request) => request.resume();

/** The routes of a listener that takes calls, too: `orders` with a policy of its own. */
function routing(orders: Json): ProxyParts {
  return {
    config: {
      virtualHosts: [
        virtualHost(['foo.com'], 'app', route),
        virtualHost(['orders'], 'orders', orders),
      ],
    },
    options: { outbound: {} },
  };
}

/** Waits until something has been counted once. */
async function untilCounted(served: ServedRequests, name: string): Promise<void> {
  let count: number | undefined;
  for (let i = 0; i < 500 && count !== 1; i++) {
    count = (await served.fixture.proxy.stats()).get(name);
  }
  assert.equal(count, 1, name);
}

describe('a call of a mounted application', () => {
  test('tells its host what is left, and ends with the deadline of the request', async (t) => {
    const served = await ServedRequests.start(t, { route }, hang);
    const { proxy, orders } = served.fixture;
    const answer = proxy.send();
    await served.until(1);
    proxy.clock.advance(100);
    const call = await served.begin();
    assert.equal(orders.requests[0]?.headers[expectedName], '200');
    proxy.clock.advance(199);
    assert.equal(served.responses[0]?.writableEnded, false);
    proxy.clock.advance(1);
    assert.equal(await call.ended, timedOut);
    assert.equal((await answer).status, 504);
    const stats = await proxy.stats();
    assert.equal(stats.get('cluster.orders.upstream_rq_timeout'), 1);
    assert.equal(stats.get('cluster.orders.upstream_rq_504'), 1);
  });

  test('is answered at once when nothing is left, and reaches no host', async (t) => {
    const served = await ServedRequests.start(t, { route }, hang);
    const { proxy, orders } = served.fixture;
    const answer = proxy.send();
    await served.until(1);
    proxy.clock.advance(300);
    assert.equal((await answer).status, 504);
    assert.equal(await served.call(), timedOut);
    assert.equal(await served.call({ method: 'POST', body: 'x' }), timedOut);
    const headers = { 'x-envoy-upstream-rq-timeout-alt-response': '1' };
    assert.equal(await served.call({ headers }), '204 ');
    assert.equal(orders.requests.length, 0);
    const stats = await proxy.stats();
    assert.equal(stats.get('cluster.orders.upstream_rq_timeout'), 3);
    assert.equal(stats.get('cluster.orders.upstream_rq_total'), 0);
  });

  test('has the shorter time of its own route', async (t) => {
    const served = await ServedRequests.start(t, routing({ timeout_ms: 50 }), hang);
    const { proxy, orders } = served.fixture;
    const answer = proxy.send();
    await served.until(1);
    const call = await served.begin();
    assert.equal(orders.requests[0]?.headers[expectedName], '50');
    proxy.clock.advance(50);
    assert.equal(await call.ended, timedOut);
    served.answer();
    assert.equal((await answer).status, 200);
  });

  test('is limited on a route without a time-out, too, and logged as timed out', async (t) => {
    const served = await ServedRequests.start(t, routing({ timeout_ms: 0 }), hang);
    const { proxy, orders } = served.fixture;
    const answer = proxy.send();
    await served.until(1);
    const call = await served.begin();
    assert.equal(orders.requests[0]?.headers[expectedName], '300');
    proxy.clock.advance(300);
    assert.equal(await call.ended, timedOut);
    await answer;
    const lines = await proxy.logLines(2);
    assert.deepEqual(
      lines.map((line) => /" (\d+ \S+) /.exec(line)?.[1]),
      ['504 UT', '504 UT'],
    );
  });

  test('is cut off in the middle of its response', async (t) => {
    const stream: UpstreamHandler = (_request, response) => {
      response.write('piece');
    };
    const served = await ServedRequests.start(t, routing({ timeout_ms: 0 }), stream);
    const { proxy } = served.fixture;
    const answer = proxy.send();
    await served.until(1);
    const call = await served.begin();
    await untilCounted(served, 'cluster.orders.upstream_rq_200');
    proxy.clock.advance(300);
    assert.equal(await call.ended, 'SIDECAR_BODY_ABORTED');
    assert.equal((await proxy.stats()).get('cluster.orders.upstream_rq_timeout'), 1);
    await answer;
  });

  test('is not tried again beyond it', async (t) => {
    const fail: UpstreamHandler = (_request, response) => {
      response.writeHead(503).end();
    };
    const policy = { retry_policy: { retry_on: '5xx', num_retries: 1000 } };
    const served = await ServedRequests.start(t, routing(policy), fail);
    const { proxy, orders } = served.fixture;
    const answer = proxy.send();
    await served.until(1);
    const call = await served.begin();
    let result: unknown;
    void call.ended.then((ended) => {
      result = ended;
    });
    for (let elapsed = 0; elapsed < 300; elapsed += 20) {
      proxy.clock.advance(20);
      await proxy.stats();
    }
    await until(() => result !== undefined, 'the call has ended');
    assert.equal(result, timedOut);
    const count = orders.requests.length;
    proxy.clock.advance(10_000);
    await proxy.stats();
    assert.equal(orders.requests.length, count);
    await answer;
  });

  test('that a filter holds up ends with it all the same', async (t) => {
    const delay = { type: 'fixed', fixed_delay_percent: 100, fixed_duration_ms: 5000 };
    const filters = [
      { name: 'fault', config: { delay, headers: [{ name: 'x-delay', value: '1' }] } },
      { name: 'router', config: {} },
    ];
    const served = await ServedRequests.start(t, { ...routing({}), manager: { filters } });
    const { proxy, orders } = served.fixture;
    const answer = proxy.send();
    await served.until(1);
    const call = served.call({ headers: { 'x-delay': '1' } });
    proxy.clock.advance(300);
    assert.equal(await call, timedOut);
    await answer;
    assert.equal(orders.requests.length, 0);
    assert.equal(await proxy.stat('downstream_rq_5xx'), 2);
  });

  test('has the time that the application gives it', async (t) => {
    const served = await ServedRequests.start(t, { route }, hang);
    const { proxy, orders } = served.fixture;
    const answer = proxy.send();
    await served.until(1);
    const headers = { 'x-envoy-upstream-rq-timeout-ms': '1000' };
    const call = await served.begin({ headers });
    assert.equal(orders.requests[0]?.headers[expectedName], '1000');
    proxy.clock.advance(300);
    assert.equal((await answer).status, 504);
    const another = await served.begin({ headers });
    proxy.clock.advance(700);
    assert.equal(await call.ended, timedOut);
    proxy.clock.advance(300);
    assert.equal(await another.ended, timedOut);
  });

  for (const [how, policy] of Object.entries({
    directly: {},
    'through a stream': { retry_policy: { retry_on: '5xx' } },
  })) {
    test(`is limited no more once the application, called ${how}, has answered`, async (t) => {
      const served = await ServedRequests.start(t, { route: { ...route, ...policy } }, hang);
      const { proxy, orders } = served.fixture;
      const answer = proxy.send({ headers: { 'x-request-id': 'the-id' } });
      await served.until(1);
      const before = await served.begin();
      served.answer();
      assert.equal((await answer).status, 200);
      const behind = await served.begin();
      assert.equal(orders.requests[1]?.headers[expectedName], '15000');
      assert.equal(orders.requests[1]?.headers['x-request-id'], 'the-id');
      proxy.clock.advance(14_999);
      assert.equal((await proxy.stats()).get('cluster.orders.upstream_rq_timeout'), 0);
      proxy.clock.advance(1);
      assert.deepEqual(await Promise.all([before.ended, behind.ended]), [timedOut, timedOut]);
    });
  }

  test('has all the time as long as the request is still coming', async (t) => {
    const served = await ServedRequests.start(t, { route }, hang);
    const { proxy, orders } = served.fixture;
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: foo.com\r\ncontent-length: 2\r\n\r\na');
    await served.until(1);
    proxy.clock.advance(1000);
    const call = await served.begin();
    assert.equal(orders.requests[0]?.headers[expectedName], '300');
    proxy.clock.advance(1000);
    client.write('b');
    for await (const _chunk of served.requests[0] ?? []) {
      // Read to its end.
    }
    const later = await served.begin();
    assert.equal(orders.requests[1]?.headers[expectedName], '300');
    proxy.clock.advance(300);
    assert.deepEqual(await Promise.all([call.ended, later.ended]), [timedOut, timedOut]);
  });

  test('has what its attempt has left, and no more than the route has', async (t) => {
    const policy = { retry_policy: { retry_on: '5xx', num_retries: 1, per_try_timeout_ms: 200 } };
    const served = await ServedRequests.start(t, { route: { ...route, ...policy } }, hang);
    const { proxy, orders } = served.fixture;
    const answer = proxy.send();
    await served.until(1);
    proxy.clock.advance(50);
    await served.begin();
    assert.equal(orders.requests[0]?.headers[expectedName], '150');
    proxy.clock.advance(150);
    // The back-off, less than 25 ms.
    await proxy.stats();
    proxy.clock.advance(25);
    await served.until(2);
    const call = await served.begin();
    const left = Number(orders.requests[1]?.headers[expectedName]);
    assert.ok(left <= 100, `${left} ms are left`);
    proxy.clock.advance(left);
    assert.equal(await call.ended, timedOut);
    assert.equal((await answer).status, 504);
  });

  test('to a mounted application passes the deadline on', async (t) => {
    const served = await ServedRequests.start(t, { route }, hang);
    const { proxy, orders } = served.fixture;
    const answer = proxy.send();
    await served.until(1);
    proxy.clock.advance(100);
    const inner = served.call({ url: 'http://app/' });
    await served.until(2);
    proxy.clock.advance(100);
    const call = await served.begin();
    assert.equal(orders.requests[0]?.headers[expectedName], '100');
    proxy.clock.advance(100);
    assert.deepEqual(await Promise.all([call.ended, inner]), [timedOut, timedOut]);
    assert.equal((await answer).status, 504);
  });
});
