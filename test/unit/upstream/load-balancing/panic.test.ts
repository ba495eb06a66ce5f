import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BalancedCluster, setFailed } from '../../../support/balanced-cluster.js';

const key = 'upstream.healthy_panic_threshold';

/** Returns whether a cluster with so many hosts, of them so many unhealthy, is in panic. */
function panics(count: number, failed: number, threshold?: string): boolean {
  const fixture = new BalancedCluster();
  fixture.runtime.set(key, threshold);
  for (const host of fixture.setHosts(count).slice(0, failed)) {
    setFailed(host);
  }
  fixture.cluster.chooseHost();
  return fixture.cluster.stats.lbHealthyPanic === 1;
}

test('exactly half of them healthy is not panic, one less is', () => {
  assert.ok(!panics(4, 2));
  assert.ok(panics(4, 3));
  assert.ok(!panics(5, 2));
  assert.ok(panics(5, 3));
  assert.ok(!panics(1, 0));
  assert.ok(panics(1, 1));
});

test('a share is not rounded before it is compared', () => {
  assert.ok(panics(201, 101));
  assert.ok(!panics(201, 100));
});

for (const [threshold, failed, isPanic] of [
  ['0', 4, false],
  ['25', 3, false],
  ['25', 4, true],
  ['26', 3, true],
  ['75', 1, false],
  ['76', 1, true],
  ['100', 1, true],
  ['100', 0, false],
  ['1000', 1, true],
  ['1000', 0, false],
] as const) {
  test(`with a threshold of ${threshold}, ${failed} of 4 hosts failed is ${isPanic ? '' : 'not '}panic`, () => {
    assert.equal(panics(4, failed, threshold), isPanic);
  });
}

test('a new threshold counts for the next choice', () => {
  const fixture = new BalancedCluster();
  const hosts = fixture.setHosts(4);
  hosts.slice(0, 3).forEach((host) => {
    setFailed(host);
  });
  assert.deepEqual(fixture.shares(400, hosts), [100, 100, 100, 100]);
  fixture.runtime.set(key, '20');
  assert.deepEqual(fixture.shares(400, hosts), [0, 0, 0, 400]);
  fixture.runtime.set(key, '0');
  setFailed(hosts[3]);
  assert.deepEqual(fixture.shares(400, hosts), [0, 0, 0, 0]);
  assert.equal(fixture.cluster.stats.upstreamCxNoneHealthy, 400);
  assert.equal(fixture.cluster.stats.lbHealthyPanic, 400);
});

test('a cluster without hosts is in panic, in vain', () => {
  assert.ok(panics(0, 0));
  assert.ok(!panics(0, 0, '0'));
});

for (const lbType of ['round_robin', 'least_request', 'random', 'ring_hash'] as const) {
  test(`${lbType}: unhealthy hosts are not chosen, but in panic all are`, () => {
    const fixture = new BalancedCluster({ lbType });
    const hosts = fixture.setHosts(4);
    setFailed(hosts[1]);
    const [a = 0, failed = 0, b = 0, c = 0] = fixture.shares(400, hosts);
    assert.equal(failed, 0);
    assert.ok(a > 0 && b > 0 && c > 0);
    setFailed(hosts[0]);
    setFailed(hosts[2]);
    assert.ok(fixture.shares(400, hosts).every((count) => count > 0));
    hosts.forEach((host) => {
      setFailed(host, false);
    });
    assert.ok(fixture.shares(400, hosts).every((count) => count > 0));
    assert.equal(fixture.cluster.stats.lbHealthyPanic, 400);
  });
}
