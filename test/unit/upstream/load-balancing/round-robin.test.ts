import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from '../../../../lib/upstream/host.js';
import { HostSet } from '../../../../lib/upstream/host-set.js';
import { RoundRobin } from '../../../../lib/upstream/load-balancing/round-robin.js';
import { ClusterFixture } from '../../../support/cluster-fixture.js';
import { ScriptedRandom } from '../../../support/scripted-random.js';

const fixture = new ClusterFixture();
const hosts = Array.from({ length: 12 }, (_, index) => fixture.host(index + 1));

function shares(balancer: RoundRobin, hostSet: HostSet, picks: number): number[] {
  const counts = new Map<Host, number>(hostSet.hosts.map((host) => [host, 0]));
  for (let i = 0; i < picks; i++) {
    const host = balancer.chooseHost(hostSet);
    assert.ok(host !== undefined);
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  return [...counts.values()];
}

test('hosts are taken in turn', () => {
  const balancer = new RoundRobin(new ScriptedRandom(0));
  const hostSet = new HostSet(hosts.slice(0, 3));
  const ports = Array.from({ length: 6 }, () => balancer.chooseHost(hostSet)?.address.slice(10));
  assert.deepEqual(ports, ['2', '3', '1', '2', '3', '1']);
});

test('sidecars that start together begin with different hosts', () => {
  const hostSet = new HostSet(hosts);
  const first = [0, 1, 2 ** 32 - 1].map((draw) =>
    new RoundRobin(new ScriptedRandom(draw)).chooseHost(hostSet),
  );
  assert.equal(new Set(first).size, 3);
});

test('shares are equal to within one pick, whatever the number of hosts', () => {
  for (let count = 1; count <= hosts.length; count++) {
    const counts = shares(
      new RoundRobin(new ScriptedRandom(5)),
      new HostSet(hosts.slice(0, count)),
      1000,
    );
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join());
  }
});

test('shares stay equal when hosts go and come back', () => {
  const balancer = new RoundRobin(new ScriptedRandom(5));
  for (const present of [4, 3, 4, 1, 4]) {
    const counts = shares(balancer, new HostSet(hosts.slice(0, present)), 400 * present);
    assert.deepEqual(
      counts,
      counts.map(() => 400),
    );
  }
});

test('the weight of a host is not looked at, as in the releases of 2017', () => {
  const [light, heavy] = [fixture.host(1), fixture.host(2)];
  heavy.weight = 100;
  const balancer = new RoundRobin(new ScriptedRandom(0));
  assert.deepEqual(shares(balancer, new HostSet([light, heavy]), 100), [50, 50]);
});

test('without hosts there is none to choose', () => {
  assert.equal(new RoundRobin(new ScriptedRandom(0)).chooseHost(HostSet.empty), undefined);
});
