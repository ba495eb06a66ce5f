import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RandomChoice } from '../../../../lib/upstream/load-balancing/random-choice.js';
import { BalancedCluster, chiSquare, triedContext } from '../../../support/balanced-cluster.js';
import { ScriptedRandom } from '../../../support/scripted-random.js';
import { SeededDraws } from '../../../support/seeded-draws.js';

const fixture = new BalancedCluster();
const hosts = [1, 1, 50, 128].map((weight) => fixture.host({ weight }));

test('a draw chooses the host', () => {
  for (const [i, host] of hosts.entries()) {
    const draw = (i * 2 ** 32) / hosts.length;
    assert.equal(new RandomChoice(new ScriptedRandom(draw)).chooseHost(hosts), host);
    const last = draw + 2 ** 32 / hosts.length - 1;
    assert.equal(new RandomChoice(new ScriptedRandom(last)).chooseHost(hosts), host);
  }
});

test('each host is as likely as any other, whatever it weighs', () => {
  const balancer = new RandomChoice(new SeededDraws(1));
  const counts = new Map<unknown, number>(hosts.map((host) => [host, 0]));
  for (let i = 0; i < 8000; i++) {
    const host = balancer.chooseHost(hosts);
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  assert.ok(chiSquare([...counts.values()], [2000, 2000, 2000, 2000]) < 40);
});

test('a retry goes to a host that has not been tried, as long as there is one', () => {
  const balancer = new RandomChoice(new SeededDraws(1));
  for (let i = 0; i < 100; i++) {
    const host = balancer.chooseHost(hosts, triedContext(hosts[0], hosts[2]));
    assert.ok(host === hosts[1] || host === hosts[3]);
  }
  assert.ok(balancer.chooseHost(hosts, triedContext(...hosts)) !== undefined);
});

test('without hosts there is none to choose', () => {
  assert.equal(new RandomChoice(new SeededDraws(1)).chooseHost([]), undefined);
});
