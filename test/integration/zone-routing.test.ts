import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { BalancedProxy, type NamedTags } from '../support/balanced-proxy.js';
import type { Json } from '../support/config-builder.js';
import { staticCluster } from '../support/config-builder.js';
import { startTestSidecar } from '../support/test-sidecar.js';

function inZones(zones: Readonly<Record<string, number>>): NamedTags[] {
  return Object.entries(zones).flatMap(([az, count]) =>
    Array.from({ length: count }, (_, i): NamedTags => [`${az}${i}`, { az }]),
  );
}

async function start(
  t: TestContext,
  upstream: Readonly<Record<string, number>>,
  local: Readonly<Record<string, number>>,
  clusterManager: Json = { local_cluster_name: 'here' },
  serviceZone = 'a',
): Promise<BalancedProxy> {
  const balanced = await BalancedProxy.start(t, { clusterManager, options: { serviceZone } });
  await balanced.setHosts(...inZones(upstream));
  await balanced.setLocalZones(local);
  return balanced;
}

/** Sends so many requests, and returns how many each zone has served. */
async function zonesOf(balanced: BalancedProxy, requests: number): Promise<Record<string, number>> {
  const zones: Record<string, number> = {};
  for (const [name, count] of Object.entries(await balanced.shares(requests))) {
    const zone = name.slice(0, 1);
    zones[zone] = (zones[zone] ?? 0) + count;
  }
  return zones;
}

const direct = 'lb_zone_routing_all_directly';

describe('local_cluster_name', () => {
  test('keeps requests in their own zone, spread evenly there', async (t) => {
    const balanced = await start(t, { a: 3, b: 3 }, { a: 1, b: 1 });
    assert.deepEqual(await balanced.shares(12), { a0: 4, a1: 4, a2: 4 });
    const counts = await balanced.counts(
      direct,
      'zone.a.a.upstream_rq_200',
      'lb_zone_routing_sampled',
    );
    assert.deepEqual(counts, {
      [direct]: 12,
      'zone.a.a.upstream_rq_200': 12,
      lb_zone_routing_sampled: 0,
    });
  });

  test('left out, requests go to all zones', async (t) => {
    const balanced = await start(t, { a: 3, b: 3 }, { a: 1, b: 1 }, {});
    assert.deepEqual(await zonesOf(balanced, 12), { a: 6, b: 6 });
  });

  test('does nothing without serviceZone', async (t) => {
    const balanced = await start(t, { a: 3, b: 3 }, { a: 1, b: 1 }, undefined, '');
    assert.deepEqual(await zonesOf(balanced, 12), { a: 6, b: 6 });
  });

  test('must name a cluster', async () => {
    const clusters = [staticCluster('app', ['tcp://127.0.0.1:1'])];
    await assert.rejects(
      startTestSidecar({ clusters, clusterManager: { local_cluster_name: 'nobody' } }),
      /cluster_manager\.local_cluster_name: no cluster has the name "nobody"/,
    );
  });
});

test('what is beyond the share of the zone leaves it', async (t) => {
  // 3333 of 10000 hosts for 5000 of 10000 requests: a third of the requests leaves.
  const balanced = await start(t, { a: 2, b: 4 }, { a: 1, b: 1 });
  const { a = 0, b = 0 } = await zonesOf(balanced, 150);
  assert.equal(a + b, 150);
  assert.ok(b > 25 && b < 75, `${a} and ${b}`);
  const counts = await balanced.counts('lb_zone_routing_sampled', 'lb_zone_routing_cross_zone');
  assert.deepEqual(counts, { lb_zone_routing_sampled: a, lb_zone_routing_cross_zone: b });
});

test('other zones help out when the own one has lost a part of its hosts', async (t) => {
  const balanced = await start(t, { a: 4, b: 4 }, { a: 1, b: 1 });
  assert.deepEqual(await zonesOf(balanced, 20), { a: 20 });
  await balanced.setHosts(...inZones({ a: 2, b: 4 }));
  assert.ok(((await zonesOf(balanced, 100))['b'] ?? 0) > 10);
  await balanced.setHosts(...inZones({ b: 6, c: 1 }));
  assert.deepEqual(await zonesOf(balanced, 14), { b: 12, c: 2 });
  await balanced.setHosts(...inZones({ a: 4, b: 4 }));
  assert.deepEqual(await zonesOf(balanced, 20), { a: 20 });
});

test('the runtime switches it off, and sets how large a cluster must be', async (t) => {
  const balanced = await start(t, { a: 3, b: 3 }, { a: 1, b: 1 });
  const { runtime } = balanced.proxy.sidecar;
  runtime.set('upstream.zone_routing.enabled', 0);
  assert.deepEqual(await zonesOf(balanced, 12), { a: 6, b: 6 });
  runtime.set('upstream.zone_routing.enabled', undefined);
  runtime.set('upstream.zone_routing.min_cluster_size', 7);
  assert.deepEqual(await zonesOf(balanced, 12), { a: 6, b: 6 });
  runtime.set('upstream.zone_routing.min_cluster_size', 6);
  assert.deepEqual(await zonesOf(balanced, 12), { a: 12 });
  const counts = await balanced.counts(
    direct,
    'lb_zone_cluster_too_small',
    'lb_zone_number_differs',
  );
  assert.deepEqual(counts, {
    [direct]: 12,
    lb_zone_cluster_too_small: 1,
    lb_zone_number_differs: 0,
  });
});

test('a plan is made when hosts change, and not when discovery has nothing new', async (t) => {
  const balanced = await start(t, { a: 3, b: 3 }, { a: 1, b: 1 });
  const plans = async (): Promise<number> => {
    await balanced.shares(2);
    const name = 'lb_recalculate_zone_structures';
    return (await balanced.counts(name))[name];
  };
  const first = await plans();
  assert.equal(first, 1);
  await balanced.setLocalZones({ a: 1, b: 1 });
  assert.equal(await plans(), 1);
  await balanced.setLocalZones({ a: 1 });
  assert.equal(await plans(), 2);
  const { lb_zone_number_differs } = await balanced.counts('lb_zone_number_differs');
  assert.equal(lb_zone_number_differs, 1);
});
