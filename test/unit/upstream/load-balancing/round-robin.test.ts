import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from '../../../../lib/upstream/host.js';
import { RoundRobin } from '../../../../lib/upstream/load-balancing/round-robin.js';
import { BalancedCluster, triedContext } from '../../../support/balanced-cluster.js';
import { ScriptedRandom } from '../../../support/scripted-random.js';
import { SeededDraws } from '../../../support/seeded-draws.js';

const fixture = new BalancedCluster();
const hosts = Array.from({ length: 12 }, () => fixture.host());

function shares(balancer: RoundRobin, from: readonly Host[], picks: number): number[] {
  const counts = new Map<Host, number>(from.map((host) => [host, 0]));
  for (let i = 0; i < picks; i++) {
    const host = balancer.chooseHost(from);
    assert.ok(host !== undefined);
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  return [...counts.values()];
}

test('hosts are taken in turn', () => {
  const balancer = new RoundRobin(new ScriptedRandom(0));
  const three = hosts.slice(0, 3);
  const chosen = Array.from({ length: 6 }, () => balancer.chooseHost(three));
  const [first, second, third] = three;
  assert.deepEqual(chosen, [second, third, first, second, third, first]);
});

test('sidecars that start together begin with different hosts', () => {
  const first = [0, 2 ** 31, 2 ** 32 - 1].map((draw) =>
    new RoundRobin(new ScriptedRandom(draw)).chooseHost(hosts),
  );
  assert.equal(new Set(first).size, 3);
});

test('shares are equal to within one pick, whatever the number of hosts', () => {
  for (let count = 1; count <= hosts.length; count++) {
    const counts = shares(new RoundRobin(new SeededDraws(5)), hosts.slice(0, count), 1000);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join());
  }
});

test('shares stay equal when hosts go and come back', () => {
  const balancer = new RoundRobin(new SeededDraws(5));
  for (const present of [4, 3, 4, 1, 4]) {
    const counts = shares(balancer, hosts.slice(0, present), 400 * present);
    assert.deepEqual(
      counts,
      counts.map(() => 400),
    );
  }
});

test('hosts of more weight have more turns', () => {
  const balancer = new RoundRobin(new SeededDraws(5));
  const weighted = [1, 2, 100].map((weight) => fixture.host({ weight }));
  assert.deepEqual(shares(balancer, weighted, 103), [1, 2, 100]);
});

test('a retry goes to a host that the request has not tried, as long as there is one', () => {
  const balancer = new RoundRobin(new SeededDraws(5));
  const three = hosts.slice(0, 3);
  for (let round = 0; round < 20; round++) {
    const tried: Host[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const host = balancer.chooseHost(three, triedContext(...tried));
      assert.ok(host !== undefined && !tried.includes(host));
      tried.push(host);
    }
    assert.ok(balancer.chooseHost(three, triedContext(...tried)) !== undefined);
  }
});

test('a retry does so even if the host that has failed weighs more than all others', () => {
  const balancer = new RoundRobin(new SeededDraws(5));
  const weighted = [128, 1].map((weight) => fixture.host({ weight }));
  for (let round = 0; round < 20; round++) {
    assert.equal(balancer.chooseHost(weighted, triedContext(weighted[0])), weighted[1]);
  }
});

test('without hosts there is none to choose', () => {
  assert.equal(new RoundRobin(new ScriptedRandom(0)).chooseHost([]), undefined);
});
