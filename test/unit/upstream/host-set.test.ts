import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from '../../../lib/upstream/host.js';
import { HostSet } from '../../../lib/upstream/host-set.js';
import { BalancedCluster, setFailed } from '../../support/balanced-cluster.js';

const fixture = new BalancedCluster();

function hosts(healthy: number, failed: number, zone = ''): Host[] {
  return Array.from({ length: healthy + failed }, (_, i) => {
    const host = fixture.host({ zone });
    setFailed(host, i >= healthy);
    return host;
  });
}

test('it knows which hosts are healthy, and how many of a hundred', () => {
  const all = hosts(3, 1);
  const hostSet = new HostSet(all);
  assert.deepEqual(hostSet.hosts, all);
  assert.deepEqual(hostSet.healthyHosts, all.slice(0, 3));
  assert.equal(hostSet.healthyPercent, 75);
  assert.equal(new HostSet(hosts(2, 0)).healthyPercent, 100);
  assert.equal(new HostSet(hosts(0, 2)).healthyPercent, 0);
});

test('the healthy hosts are the same list as all, if all are', () => {
  const hostSet = new HostSet(hosts(2, 0));
  assert.equal(hostSet.healthyHosts, hostSet.hosts);
});

test('without hosts none of a hundred is healthy', () => {
  assert.equal(HostSet.empty.healthyPercent, 0);
  assert.equal(HostSet.empty.healthyHostsByZone.size, 0);
});

test('it knows the healthy hosts of each zone, and zones that have none', () => {
  const [a, b, c] = [hosts(1, 1, 'a'), hosts(0, 2, 'b'), hosts(2, 0, '')];
  const hostSet = new HostSet([...a, ...b, ...c]);
  assert.deepEqual(
    [...hostSet.healthyHostsByZone],
    [
      ['a', a.slice(0, 1)],
      ['b', []],
      ['', c],
    ],
  );
  assert.equal(hostSet.healthyHostsByZone, hostSet.healthyHostsByZone);
});

test('it does not follow changes of the list that it was made from, and cannot be changed', () => {
  const list = hosts(1, 0);
  const hostSet = new HostSet(list);
  list.pop();
  assert.equal(hostSet.hosts.length, 1);
  assert.ok(Object.isFrozen(hostSet.hosts));
  assert.ok(Object.isFrozen(hostSet));
});
