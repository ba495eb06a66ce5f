import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Host } from '../../../../lib/upstream/host.js';
import { BalancedCluster, setFailed } from '../../../support/balanced-cluster.js';

function start(cleanupIntervalMs = 5000): BalancedCluster {
  return new BalancedCluster({
    lbType: 'original_dst_lb',
    discovery: { type: 'original_dst', cleanupIntervalMs },
  });
}

function choose({ cluster }: BalancedCluster, destination: string | undefined): Host | undefined {
  const originalDestination = destination;
  return cluster.chooseHost({ hashKey: undefined, originalDestination, isTried: () => false });
}

function members({ cluster }: BalancedCluster): string[] {
  return cluster.hostSet.hosts.map((host) => host.address);
}

describe('the host of a request', () => {
  for (const [destination, address, name] of [
    ['10.0.0.7:8080', '10.0.0.7:8080', ''],
    ['10.0.0.7', '10.0.0.7:80', ''],
    ['[::1]:8080', '[::1]:8080', ''],
    ['[::1]', '[::1]:80', ''],
    ['orders.example:81', 'orders.example:81', 'orders.example'],
    ['orders', 'orders:80', 'orders'],
  ]) {
    test(`to ${destination} is ${address}`, () => {
      const fixture = start();
      const host = choose(fixture, destination);
      assert.equal(host?.address, address);
      assert.equal(host?.hostName, name);
      assert.deepEqual(members(fixture), [address]);
      assert.equal(fixture.cluster.stats.membershipTotal, 1);
      fixture.cluster.close();
    });
  }

  test('is the same for the same address, and another for another', () => {
    const fixture = start();
    const host = choose(fixture, '10.0.0.7:80');
    assert.equal(choose(fixture, '10.0.0.7:80'), host);
    assert.notEqual(choose(fixture, '10.0.0.7:81'), host);
    assert.deepEqual(members(fixture), ['10.0.0.7:80', '10.0.0.7:81']);
    fixture.cluster.close();
  });

  test('is the same if it has failed, as nobody else can be asked', () => {
    const fixture = start();
    const host = choose(fixture, '10.0.0.7:80');
    setFailed(host);
    assert.equal(choose(fixture, '10.0.0.7:80'), host);
    assert.equal(
      fixture.cluster.chooseHost({
        hashKey: undefined,
        originalDestination: '10.0.0.7:80',
        isTried: () => true,
      }),
      host,
    );
    fixture.cluster.close();
  });

  test('is none if the destination is not known, or none that a connection can go to', () => {
    const fixture = start();
    assert.equal(fixture.cluster.chooseHost(), undefined);
    assert.equal(choose(fixture, undefined), undefined);
    assert.equal(choose(fixture, ''), undefined);
    assert.equal(choose(fixture, '10.0.0.7:0'), undefined);
    assert.equal(choose(fixture, '10.0.0.7:99999'), undefined);
    assert.equal(fixture.cluster.stats.upstreamCxNoneHealthy, 5);
    assert.deepEqual(members(fixture), []);
    assert.equal(fixture.clock.timerCount, 0);
  });
});

test('of very many hosts the members are replaced now and then, and before all is closed', () => {
  const fixture = start();
  const { stats } = fixture.cluster;
  const known = new Set<Host | undefined>();
  for (let i = 0; i < 1000; i++) {
    known.add(choose(fixture, `10.0.${i >> 8}.${i & 255}:80`));
  }
  assert.equal(known.size, 1000);
  assert.ok(stats.membershipChange < 150, `${stats.membershipChange}`);
  assert.ok(stats.membershipTotal > 900, `${stats.membershipTotal}`);
  fixture.cluster.close();
  assert.equal(stats.membershipTotal, 1000);
});

describe('a host that is not used', () => {
  test('is removed after the interval, two at most', () => {
    const fixture = start(5000);
    const [kept, gone] = ['10.0.0.7:80', '10.0.0.8:80'];
    const host = choose(fixture, kept);
    choose(fixture, gone);
    fixture.clock.advance(5000);
    assert.deepEqual(members(fixture), [kept, gone]);
    choose(fixture, kept);
    fixture.clock.advance(5000);
    assert.deepEqual(members(fixture), [kept]);
    assert.equal(choose(fixture, kept), host);
    fixture.clock.advance(10_000);
    assert.deepEqual(members(fixture), []);
    assert.notEqual(choose(fixture, kept), host);
    fixture.cluster.close();
  });

  test('stays while a request is under way', () => {
    const fixture = start();
    const host = choose(fixture, '10.0.0.7:80');
    assert.ok(host !== undefined);
    host.stats.rqActive = 1;
    fixture.clock.advance(60_000);
    assert.deepEqual(members(fixture), ['10.0.0.7:80']);
    host.stats.rqActive = 0;
    fixture.clock.advance(5000);
    assert.deepEqual(members(fixture), []);
  });

  test('has no timer once there is none left, nor when the cluster is closed', () => {
    const fixture = start();
    choose(fixture, '10.0.0.7:80');
    assert.equal(fixture.clock.timerCount, 1);
    fixture.clock.advance(10_000);
    assert.equal(fixture.clock.timerCount, 0);
    choose(fixture, '10.0.0.7:80');
    fixture.cluster.close();
    assert.equal(fixture.clock.timerCount, 0);
    assert.equal(choose(fixture, '10.0.0.8:80'), undefined);
    assert.equal(fixture.clock.timerCount, 0);
  });
});

test('with an application mounted, that is the host of every request', () => {
  const fixture = new BalancedCluster(
    { lbType: 'original_dst_lb', discovery: { type: 'original_dst', cleanupIntervalMs: 5000 } },
    { mounts: new Set(['app']) },
  );
  const [mounted] = fixture.setHosts(1);
  assert.equal(choose(fixture, '10.0.0.7:80'), mounted);
  assert.equal(choose(fixture, undefined), mounted);
});
