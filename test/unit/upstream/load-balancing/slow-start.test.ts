import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LbType } from '../../../../lib/config/cluster-config.js';
import type { Host } from '../../../../lib/upstream/host.js';
import type { SlowStartPolicy } from '../../../../lib/upstream/load-balancing/slow-start-options.js';
import { BalancedCluster, setFailed } from '../../../support/balanced-cluster.js';

const policy: SlowStartPolicy = { windowMs: 60_000, aggression: 1, minWeightPercent: 10 };

function start(
  more: Partial<SlowStartPolicy> = {},
  lbType: LbType = 'round_robin',
  name = '*',
): BalancedCluster {
  const slowStart = new Map([[name, { ...policy, ...more }]]);
  return new BalancedCluster({ lbType }, { slowStart });
}

/** Starts with three hosts; then another one comes. Returns all, the new one last. */
function addFourth(fixture: BalancedCluster, weight = 1): Host[] {
  const hosts = fixture.setHosts(3);
  fixture.cluster.onInitialized();
  const all = [...hosts, fixture.host({ weight })];
  fixture.cluster.updateHosts(all);
  return all;
}

/** Share of the last host, in percent of the mean share of the others. */
function relativeShare(fixture: BalancedCluster, hosts: readonly Host[], picks = 8000): number {
  const counts = fixture.shares(picks, hosts);
  const last = counts.pop() ?? 0;
  return (100 * last * counts.length) / counts.reduce((a, b) => a + b);
}

function assertAbout(value: number, expected: number, off = 5): void {
  assert.ok(Math.abs(value - expected) <= off, `${value}, expected ${expected}`);
}

describe('a host that comes', () => {
  for (const lbType of ['round_robin', 'least_request'] as const) {
    test(`${lbType}: has a share that grows with the time`, () => {
      const fixture = start({}, lbType);
      const hosts = addFourth(fixture);
      assertAbout(relativeShare(fixture, hosts), 10);
      fixture.clock.advance(3000);
      assertAbout(relativeShare(fixture, hosts), 10);
      fixture.clock.advance(12_000);
      assertAbout(relativeShare(fixture, hosts), 25);
      fixture.clock.advance(30_000);
      assertAbout(relativeShare(fixture, hosts), 75);
      fixture.clock.advance(14_999);
      assertAbout(relativeShare(fixture, hosts), 100);
      assert.ok(hosts[3]?.slowStart !== undefined);
      fixture.clock.advance(1);
      assertAbout(relativeShare(fixture, hosts), 100);
      assert.equal(hosts[3]?.slowStart, undefined);
    });

    test(`${lbType}: the same of its weight`, () => {
      const fixture = start({}, lbType);
      const hosts = addFourth(fixture, 3);
      fixture.clock.advance(30_000);
      assertAbout(relativeShare(fixture, hosts), 150, 8);
    });
  }

  test('least_request: does not get all because it is idle', () => {
    const fixture = start({ minWeightPercent: 50 }, 'least_request');
    const hosts = addFourth(fixture);
    for (const host of hosts) {
      host.stats.rqActive = host === hosts[3] ? 5 : 8;
    }
    // 5 at half the weight are 10 at the whole one.
    assert.ok(relativeShare(fixture, hosts) < 20);
  });

  test('may have another aggression and another least share', () => {
    const fixture = start({ aggression: 2, minWeightPercent: 30 });
    const hosts = addFourth(fixture);
    assertAbout(relativeShare(fixture, hosts), 30);
    fixture.clock.advance(15_000);
    assertAbout(relativeShare(fixture, hosts), 50);
  });

  test('costs no timer', () => {
    const fixture = start();
    const before = fixture.clock.timerCount;
    relativeShare(fixture, addFourth(fixture));
    assert.equal(fixture.clock.timerCount, before);
  });

  test('begins with its full share while the cluster starts, and if it comes alone', () => {
    const fixture = start();
    const hosts = fixture.setHosts(2);
    const more = [...hosts, fixture.host()];
    fixture.cluster.updateHosts(more);
    fixture.cluster.onInitialized();
    assert.deepEqual(fixture.shares(300, more), [100, 100, 100]);
    fixture.cluster.updateHosts([]);
    const [alone] = fixture.setHosts(1);
    assert.equal(alone?.slowStart, undefined);
  });

  test('does so in a cluster that the option does not name, or that has no turns', () => {
    for (const fixture of [start({}, 'round_robin', 'other'), start({}, 'random')]) {
      const hosts = addFourth(fixture);
      assertAbout(relativeShare(fixture, hosts), 100, 12);
      assert.equal(hosts[3]?.slowStart, undefined);
    }
  });
});

describe('a host that comes back to health', () => {
  test('begins again with a small share', () => {
    const fixture = start();
    const hosts = fixture.setHosts(4);
    fixture.cluster.onInitialized();
    setFailed(hosts[3]);
    assertAbout(relativeShare(fixture, hosts), 0, 0);
    setFailed(hosts[3], false);
    fixture.clock.advance(30_000);
    assertAbout(relativeShare(fixture, hosts), 50);
    setFailed(hosts[3]);
    setFailed(hosts[3], false);
    assertAbout(relativeShare(fixture, hosts), 10);
  });

  test('does not while the cluster starts, when its first check has passed', () => {
    const fixture = start();
    const hosts = fixture.setHosts(4);
    for (const host of hosts) {
      setFailed(host);
      setFailed(host, false);
    }
    fixture.cluster.onInitialized();
    assert.deepEqual(fixture.shares(400, hosts), [100, 100, 100, 100]);
  });
});

test('hosts that all start slowly share evenly, and none waits for a turn', () => {
  const fixture = start();
  fixture.setHosts(1);
  fixture.cluster.onInitialized();
  const hosts = Array.from({ length: 5 }, () => fixture.host());
  fixture.cluster.updateHosts(hosts);
  const counts = fixture.shares(5000, hosts);
  assert.ok(
    counts.every((count) => Math.abs(count - 1000) < 100),
    counts.join(),
  );
});

test('many hosts that come at once do not come in step', () => {
  const fixture = start();
  const old = fixture.setHosts(100);
  fixture.cluster.onInitialized();
  const fresh = Array.from({ length: 100 }, () => fixture.host());
  fixture.cluster.updateHosts([...old, ...fresh]);
  // A tenth of the turns of each, in the first round of turns already.
  const counts = fixture.shares(110, fresh);
  const chosen = counts.filter((_count, i) => i < 100).reduce((a, b) => a + b);
  assert.ok(chosen > 3 && chosen < 20, `${chosen}`);
});
