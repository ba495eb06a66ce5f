import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Host } from '../../../lib/upstream/host.js';
import { HostSet } from '../../../lib/upstream/host-set.js';
import { ClusterFixture } from '../../support/cluster-fixture.js';

class SickHost extends Host {
  override get isHealthy(): boolean {
    return false;
  }
}

const { cluster } = new ClusterFixture();

function hosts(healthy: number, sick: number): Host[] {
  const target = { kind: 'tcp', host: '127.0.0.1', port: 80 } as const;
  return [
    ...Array.from({ length: healthy }, () => new Host(cluster.hostContext, target)),
    ...Array.from({ length: sick }, () => new SickHost(cluster.hostContext, target)),
  ];
}

test('healthy hosts are used, the others are not', () => {
  const all = hosts(3, 1);
  const hostSet = new HostSet(all);
  assert.deepEqual(hostSet.hosts, all);
  assert.deepEqual(hostSet.healthyHosts, all.slice(0, 3));
  assert.deepEqual(hostSet.hostsToUse, all.slice(0, 3));
  assert.ok(!hostSet.isInPanic);
});

test('exactly half of them healthy is not panic, one less is', () => {
  const half = hosts(2, 2);
  assert.ok(!new HostSet(half).isInPanic);
  assert.deepEqual(new HostSet(half).hostsToUse, half.slice(0, 2));
  const less = hosts(2, 3);
  assert.ok(new HostSet(less).isInPanic);
  assert.deepEqual(new HostSet(less).hostsToUse, less);
});

test('a cluster with all hosts down uses all of them', () => {
  const all = hosts(0, 2);
  assert.deepEqual(new HostSet(all).hostsToUse, all);
});

test('without hosts there is none to use', () => {
  assert.deepEqual(HostSet.empty.hostsToUse, []);
});

test('it does not follow changes of the list that it was made from, and cannot be changed', () => {
  const list = hosts(1, 0);
  const hostSet = new HostSet(list);
  list.pop();
  assert.equal(hostSet.hosts.length, 1);
  assert.ok(Object.isFrozen(hostSet.hosts));
  assert.ok(Object.isFrozen(hostSet));
});
