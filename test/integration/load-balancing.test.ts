import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BalancedProxy, chiSquareOf } from '../support/balanced-proxy.js';

describe('lb_type', () => {
  test('round_robin takes the hosts in turn', async (t) => {
    const balanced = await BalancedProxy.start(t, { cluster: { lb_type: 'round_robin' } });
    await balanced.setHosts(['a'], ['b'], ['c']);
    for (let i = 0; i < 4; i++) {
      assert.deepEqual(await balanced.shares(3), { a: 1, b: 1, c: 1 });
    }
  });

  test('random takes any host, whatever it weighs', async (t) => {
    const balanced = await BalancedProxy.start(t, { cluster: { lb_type: 'random' } });
    await balanced.setHosts(['a'], ['b', { load_balancing_weight: 100 }]);
    const { a = 0, b = 0 } = await balanced.shares(200);
    assert.ok(chiSquareOf({ a, b }, 100) < 20, `${a} and ${b}`);
    // Neither in turn nor by weight.
    assert.notEqual(a, b);
  });

  for (const lbType of ['round_robin', 'least_request', 'random', 'ring_hash']) {
    test(`${lbType}: a retry goes to a host that the request has not tried`, async (t) => {
      const balanced = await BalancedProxy.start(t, {
        cluster: { lb_type: lbType },
        route: { retry_policy: { retry_on: '5xx', num_retries: 2 } },
      });
      await balanced.setHosts(['a'], ['b'], ['c']);
      balanced.proxy.sidecar.runtime.set('upstream.base_retry_backoff_ms', 0);
      for (const name of ['a', 'b']) {
        balanced.host(name).handler = (_request, response) => response.writeHead(503).end();
      }
      assert.deepEqual(await balanced.shares(20), { c: 20 });
      const { upstream_rq_retry_success, upstream_rq_200 } = await balanced.counts(
        'upstream_rq_retry_success',
        'upstream_rq_200',
      );
      assert.equal(upstream_rq_200, 20);
      assert.ok(upstream_rq_retry_success > 0);
    });
  }
});

describe('round_robin: shares are equal', () => {
  test('before, during and after an outage of a host', async (t) => {
    const balanced = await BalancedProxy.start(t);
    const [a, b, c]: [['a'], ['b'], ['c']] = [['a'], ['b'], ['c']];
    await balanced.setHosts(a, b, c);
    assert.deepEqual(await balanced.shares(12), { a: 4, b: 4, c: 4 });
    await balanced.setHosts(a, c);
    assert.deepEqual(await balanced.shares(12), { a: 6, c: 6 });
    await balanced.setHosts(a, b, c);
    assert.deepEqual(await balanced.shares(12), { a: 4, b: 4, c: 4 });
  });

  test('while hosts come and go after every request', async (t) => {
    const balanced = await BalancedProxy.start(t);
    const counts: Record<string, number> = {};
    for (let i = 0; i < 24; i++) {
      // Whoever begins anew with each list would send everything to its first host.
      await balanced.setHosts(['a'], ['b'], ['c'], ...(i % 2 === 0 ? [['d'] as const] : []));
      for (const name of Object.keys(await balanced.shares(1))) {
        counts[name] = (counts[name] ?? 0) + 1;
      }
    }
    const { a = 0, b = 0, c = 0 } = counts;
    assert.ok(Math.min(a, b, c) >= 5 && Math.max(a, b, c) <= 8, JSON.stringify(counts));
  });
});

test('statistics tell canaries apart, and zones', async (t) => {
  const balanced = await BalancedProxy.start(t, { options: { serviceZone: 'eu-1a' } });
  await balanced.setHosts(['a', { az: 'eu-1a' }], ['b', { az: 'eu-1b', canary: true }], ['c']);
  await balanced.shares(9);
  const expected = {
    upstream_rq_200: 9,
    'canary.upstream_rq_200': 3,
    'zone.eu-1a.eu-1a.upstream_rq_200': 3,
    'zone.eu-1a.eu-1b.upstream_rq_200': 3,
    'zone.eu-1a.eu-1b.upstream_rq_2xx': 3,
    'zone.eu-1a..upstream_rq_200': 0,
  };
  const names = Object.keys(expected) as (keyof typeof expected)[];
  assert.deepEqual(await balanced.counts(...names), expected);
});
