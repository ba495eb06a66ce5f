import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Random } from '../../../../lib/base/random.js';
import type { ClusterConfig } from '../../../../lib/config/cluster-config.js';
import type { Host } from '../../../../lib/upstream/host.js';
import { BalancedCluster, setFailed, triedContext } from '../../../support/balanced-cluster.js';
import { ScriptedRandom } from '../../../support/scripted-random.js';
import { SeededDraws } from '../../../support/seeded-draws.js';

/** An upstream cluster, and the local one, with hosts in zones. We are in the zone `a`. */
class Zones {
  readonly local: BalancedCluster = new BalancedCluster({ name: 'here' });
  readonly upstream: BalancedCluster;

  constructor(
    upstream: Record<string, number>,
    local: Record<string, number>,
    random: Random = new SeededDraws(1),
    parts: Partial<ClusterConfig> = {},
    serviceZone = 'a',
  ) {
    const localCluster = { name: 'here', hostSet: () => this.local.cluster.hostSet };
    this.upstream = new BalancedCluster(parts, { serviceZone, localCluster }, random);
    setZones(this.upstream, upstream);
    setZones(this.local, local);
  }

  get stats(): BalancedCluster['cluster']['stats'] {
    return this.upstream.cluster.stats;
  }

  get hosts(): readonly Host[] {
    return this.upstream.cluster.hostSet.hosts;
  }

  /** The hosts of a zone. */
  hostsOf(zone: string): Host[] {
    return this.hosts.filter((host) => host.zone === zone);
  }

  /** Chooses again and again, and returns how often each zone was chosen. */
  choose(picks: number): Record<string, number> {
    const counts: Record<string, number> = {};
    for (let i = 0; i < picks; i++) {
      const zone = this.upstream.cluster.chooseHost()?.zone ?? 'none';
      counts[zone] = (counts[zone] ?? 0) + 1;
    }
    return counts;
  }
}

function setZones(fixture: BalancedCluster, zones: Record<string, number>): void {
  fixture.cluster.updateHosts(
    Object.entries(zones).flatMap(([zone, count]) =>
      Array.from({ length: count }, () => fixture.host({ zone })),
    ),
  );
}

describe('requests go to all zones alike', () => {
  for (const [why, upstream, local, counter] of [
    ['with one zone upstream', { a: 6 }, { a: 1 }, undefined],
    ['with no host in the own zone', { b: 3, c: 3 }, { a: 1, b: 1 }, undefined],
    ['with another number of zones', { a: 3, b: 3 }, { a: 1 }, 'lbZoneNumberDiffers'],
    ['with fewer than 6 hosts', { a: 3, b: 2 }, { a: 1, b: 1 }, 'lbZoneClusterTooSmall'],
  ] as const) {
    test(why, () => {
      const zones = new Zones(upstream, local);
      const chosen = zones.choose(300);
      for (const [zone, count] of Object.entries(upstream)) {
        assert.equal(chosen[zone], (300 * count) / zones.hosts.length);
      }
      assert.equal(zones.stats.lbRecalculateZoneStructures, 1);
      assert.equal(zones.stats.lbZoneNumberDiffers, counter === 'lbZoneNumberDiffers' ? 1 : 0);
      assert.equal(zones.stats.lbZoneClusterTooSmall, counter === 'lbZoneClusterTooSmall' ? 1 : 0);
      assert.equal(zones.stats.lbZoneRoutingAllDirectly, 0);
    });
  }

  test('with no healthy host in the own zone', () => {
    const zones = new Zones({ a: 1, b: 6 }, { a: 1, b: 1 });
    setFailed(zones.hostsOf('a')[0]);
    assert.deepEqual(zones.choose(60), { b: 60 });
    assert.equal(zones.stats.lbZoneRoutingAllDirectly, 0);
  });

  test('in a zone without a name, and in the local cluster itself', () => {
    const nameless = new Zones({ '': 3, b: 3 }, { '': 1, b: 1 }, undefined, {}, '');
    assert.deepEqual(nameless.choose(60), { '': 30, b: 30 });
    const itself = new Zones({ a: 3, b: 3 }, { a: 1, b: 1 }, undefined, { name: 'here' });
    assert.deepEqual(itself.choose(60), { a: 30, b: 30 });
    assert.equal(itself.stats.lbRecalculateZoneStructures, 0);
  });

  test('in a ring, whose keys must not depend on zones', () => {
    const zones = new Zones({ a: 3, b: 3 }, { a: 1, b: 1 }, undefined, { lbType: 'ring_hash' });
    assert.ok((zones.choose(600)['b'] ?? 0) > 100);
    assert.equal(zones.stats.lbRecalculateZoneStructures, 0);
  });
});

describe('requests stay in their zone', () => {
  for (const lbType of ['round_robin', 'least_request', 'random'] as const) {
    test(`${lbType}: if it has at least the share of hosts upstream that it has here`, () => {
      const zones = new Zones({ b: 3, a: 3 }, { b: 1, a: 1 }, undefined, { lbType });
      assert.deepEqual(zones.choose(300), { a: 300 });
      assert.equal(zones.stats.lbZoneRoutingAllDirectly, 300);
      assert.equal(zones.stats.lbRecalculateZoneStructures, 1);
    });
  }

  test('and are spread evenly within it', () => {
    const zones = new Zones({ a: 3, b: 3 }, { a: 1, b: 1 });
    assert.deepEqual(zones.upstream.shares(300, zones.hostsOf('a')), [100, 100, 100]);
  });

  test('but for a retry, if each host of the zone has failed', () => {
    const zones = new Zones({ a: 1, b: 6 }, { a: 1, b: 9 });
    const [own] = zones.hostsOf('a');
    for (let i = 0; i < 20; i++) {
      assert.equal(zones.upstream.cluster.chooseHost(triedContext(own))?.zone, 'b');
    }
  });
});

describe('requests beyond the share of their zone', () => {
  test('leave it, in proportion to what other zones have left', () => {
    // Upstream 20, 40, 30 and 10 percent; here 40, 20, 20 and 20.
    const zones = new Zones({ a: 2, b: 4, c: 3, d: 1 }, { a: 2, b: 1, c: 1, d: 1 });
    const { a = 0, b = 0, c = 0, d = 0 } = zones.choose(12_000);
    assert.ok(Math.abs(a - 6000) < 300, `${a}`);
    assert.ok(Math.abs(b - 4000) < 300, `${b}`);
    assert.ok(Math.abs(c - 2000) < 300, `${c}`);
    assert.equal(d, 0);
    const { lbZoneRoutingSampled: sampled, lbZoneRoutingCrossZone: cross } = zones.stats;
    assert.equal(sampled + cross, 12_000);
    // The number 0 leads back into the own zone.
    assert.ok(a - sampled < 20);
    assert.equal(zones.stats.lbZoneNoCapacityLeft, 0);
  });

  test('are drawn for by their number, and then for a zone', () => {
    // 6666 of 10000 stay; the other zone has 1666 left.
    const zones = new Zones({ a: 2, b: 4 }, { a: 1, b: 1 }, new ScriptedRandom(6665));
    assert.deepEqual(zones.choose(1), { a: 1 });
    assert.equal(zones.stats.lbZoneRoutingSampled, 1);
    const leaving = new Zones({ a: 2, b: 4 }, { a: 1, b: 1 }, new ScriptedRandom(6666));
    assert.deepEqual(leaving.choose(1), { b: 1 });
    assert.equal(leaving.stats.lbZoneRoutingCrossZone, 1);
  });

  test('go to any zone if there is nothing left in whole numbers', () => {
    const zones = new Zones({ a: 2, b: 2, c: 2 }, { a: 3334, b: 3333, c: 3333 });
    zones.choose(100_000);
    const { lbZoneNoCapacityLeft, lbZoneRoutingCrossZone } = zones.stats;
    assert.ok(lbZoneNoCapacityLeft > 0);
    assert.equal(lbZoneNoCapacityLeft, lbZoneRoutingCrossZone);
  });
});

describe('a zone that cannot serve', () => {
  test('is passed over: a request that is drawn for it goes to any healthy host', () => {
    // Nothing left in whole numbers, and no host in a zone that may be drawn.
    const local = { a: 3334, b: 3333, c: 3333, d: 1 };
    const zones = new Zones({ a: 2, b: 2, c: 2, d: 1 }, local);
    setFailed(zones.hostsOf('d')[0]);
    setFailed(zones.local.cluster.hostSet.hosts.at(-1));
    const chosen = zones.choose(50_000);
    assert.ok(zones.stats.lbZoneNoCapacityLeft > 4);
    assert.deepEqual(Object.keys(chosen).sort(), ['a', 'b', 'c']);
  });
});

describe('changes', () => {
  test('of members and health, here and upstream, have the plan made anew with the next request', () => {
    const zones = new Zones({ a: 3, b: 3 }, { a: 1, b: 1 });
    const expect = (chosen: Record<string, number>, plans: number): void => {
      assert.deepEqual(zones.choose(60), chosen);
      assert.equal(zones.stats.lbRecalculateZoneStructures, plans);
    };
    expect({ a: 60 }, 1);
    expect({ a: 60 }, 1);
    setZones(zones.local, { a: 1 });
    expect({ a: 30, b: 30 }, 2);
    setZones(zones.local, { a: 1, b: 1 });
    expect({ a: 60 }, 3);
    setFailed(zones.hostsOf('b')[0]);
    expect({ a: 36, b: 24 }, 4);
    assert.equal(zones.stats.lbZoneClusterTooSmall, 1);
  });

  test('that change nothing do not', () => {
    const zones = new Zones({ a: 3, b: 3 }, { a: 1, b: 1 });
    zones.choose(1);
    zones.upstream.cluster.updateHosts([...zones.hosts]);
    zones.local.cluster.updateHosts([...zones.local.cluster.hostSet.hosts]);
    zones.choose(1);
    assert.equal(zones.stats.lbRecalculateZoneStructures, 1);
  });

  test('of upstream.zone_routing.min_cluster_size count at once', () => {
    const zones = new Zones({ a: 3, b: 3 }, { a: 1, b: 1 });
    zones.upstream.runtime.set('upstream.zone_routing.min_cluster_size', '7');
    assert.deepEqual(zones.choose(60), { a: 30, b: 30 });
    assert.equal(zones.stats.lbZoneClusterTooSmall, 1);
    zones.upstream.runtime.set('upstream.zone_routing.min_cluster_size', '6');
    assert.deepEqual(zones.choose(60), { a: 60 });
  });

  test('of upstream.zone_routing.enabled count at once', () => {
    const zones = new Zones({ a: 3, b: 3 }, { a: 1, b: 1 });
    const key = 'upstream.zone_routing.enabled';
    zones.upstream.runtime.set(key, '0');
    assert.deepEqual(zones.choose(60), { a: 30, b: 30 });
    zones.upstream.runtime.set(key, '50');
    const { a = 0 } = zones.choose(4000);
    assert.ok(Math.abs(a - 3000) < 200, `${a}`);
    zones.upstream.runtime.set(key, '100');
    assert.deepEqual(zones.choose(60), { a: 60 });
  });
});

test('in panic here, nothing is known of our zone: requests go to all', () => {
  const zones = new Zones({ a: 3, b: 3 }, { a: 3, b: 3 });
  zones.local.cluster.hostSet.hosts.slice(0, 4).forEach((host) => {
    setFailed(host);
  });
  // The threshold is one for both clusters, and upstream all are healthy.
  zones.upstream.runtime.set('upstream.healthy_panic_threshold', '40');
  assert.deepEqual(zones.choose(60), { a: 30, b: 30 });
  assert.equal(zones.stats.lbLocalClusterNotOk, 60);
  zones.upstream.runtime.set('upstream.healthy_panic_threshold', '30');
  assert.deepEqual(zones.choose(60), { a: 60 });
});

test('in panic upstream all hosts of all zones are used', () => {
  const zones = new Zones({ a: 3, b: 3 }, { a: 1, b: 1 });
  zones.hosts.slice(0, 4).forEach((host) => {
    setFailed(host);
  });
  assert.deepEqual(zones.choose(60), { a: 30, b: 30 });
  assert.equal(zones.stats.lbHealthyPanic, 60);
  assert.equal(zones.stats.lbRecalculateZoneStructures, 0);
});
