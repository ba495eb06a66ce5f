import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultRuntime } from '../../../../lib/base/runtime.js';
import type { Host } from '../../../../lib/upstream/host.js';
import { LeastRequest } from '../../../../lib/upstream/load-balancing/least-request.js';
import { BalancedCluster, chiSquare, triedContext } from '../../../support/balanced-cluster.js';
import { ScriptedRandom } from '../../../support/scripted-random.js';
import { SeededDraws } from '../../../support/seeded-draws.js';

const fixture = new BalancedCluster();

function hostsOf(weights: readonly number[], active: readonly number[] = []): Host[] {
  return weights.map((weight, i) => {
    const host = fixture.host({ weight });
    host.stats.rqActive = active[i] ?? 0;
    return host;
  });
}

/** Draws these indexes of as many hosts as there are. */
function scripted(count: number, ...indexes: number[]): LeastRequest {
  const draws = indexes.map((index) => Math.ceil((index * 2 ** 32) / count));
  return new LeastRequest(new ScriptedRandom(...draws), defaultRuntime);
}

function shares(balancer: LeastRequest, hosts: readonly Host[], picks: number): number[] {
  const counts = new Map<Host | undefined, number>(hosts.map((host) => [host, 0]));
  for (let i = 0; i < picks; i++) {
    const host = balancer.chooseHost(hosts);
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  return [...counts.values()];
}

describe('of two hosts that are drawn', () => {
  for (const [active, chosen] of [
    [[0, 1], 0],
    [[1, 0], 1],
    [[2, 2], 1],
    [[0, 0], 1],
  ] as const) {
    test(`with ${active.join(' and ')} requests the ${chosen === 0 ? 'first' : 'second'} is taken`, () => {
      const hosts = hostsOf([1, 1], active);
      assert.equal(scripted(2, 0, 1).chooseHost(hosts), hosts[chosen]);
    });
  }

  test('both may be the same one', () => {
    const hosts = hostsOf([1, 1], [9, 0]);
    assert.equal(scripted(2, 0, 0).chooseHost(hosts), hosts[0]);
  });

  test('the load is what there is at that time', () => {
    const hosts = hostsOf([1, 1], [0, 1]);
    const balancer = scripted(2, 0, 1, 0, 1);
    assert.equal(balancer.chooseHost(hosts), hosts[0]);
    (hosts[0] as Host).stats.rqActive = 5;
    assert.equal(balancer.chooseHost(hosts), hosts[1]);
  });
});

test('hosts that are as busy as each other get the same', () => {
  const hosts = hostsOf([3, 3, 3, 3]);
  const counts = shares(new LeastRequest(new SeededDraws(2), defaultRuntime), hosts, 8000);
  assert.ok(chiSquare(counts, [2000, 2000, 2000, 2000]) < 40, counts.join());
});

test('the busiest of n hosts is taken if it is drawn twice, once in n * n', () => {
  const hosts = hostsOf([1, 1, 1, 1], [7, 0, 0, 0]);
  const counts = shares(new LeastRequest(new SeededDraws(2), defaultRuntime), hosts, 16_000);
  assert.ok(chiSquare(counts, [1000, 5000, 5000, 5000]) < 40, counts.join());
});

describe('of hosts of different weights', () => {
  test('each is drawn in proportion to its weight', () => {
    const weights = [1, 2, 2, 5, 10];
    const balancer = new LeastRequest(new SeededDraws(3), defaultRuntime);
    const counts = shares(balancer, hostsOf(weights), 20_000);
    const expected = weights.map((weight) => weight * 1000);
    assert.ok(chiSquare(counts, expected) < 40, counts.join());
  });

  test('each point of the sum of the weights belongs to one host', () => {
    for (const weights of [
      [3, 1, 3, 128, 2],
      [100, 1, 128, 100, 2, 128, 127, 128, 3],
    ]) {
      const hosts = hostsOf(weights);
      const total = weights.reduce((sum, weight) => sum + weight);
      const counts = new Map<Host | undefined, number>(hosts.map((host) => [host, 0]));
      for (let point = 0; point < total; point++) {
        const host = scripted(total, point, point).chooseHost(hosts);
        counts.set(host, (counts.get(host) ?? 0) + 1);
      }
      assert.deepEqual([...counts.values()], weights);
    }
  });

  test('the requests are counted for each unit of weight', () => {
    // A point each, of 1 and of 4.
    for (const [active, chosen] of [
      [[1, 3], 1],
      [[1, 5], 0],
      [[1, 4], 1],
      [[0, 0], 1],
    ] as const) {
      const hosts = hostsOf([1, 4], active);
      assert.equal(scripted(5, 0, 1).chooseHost(hosts), hosts[chosen], active.join());
    }
  });

  test('a new weight counts with the next list of the hosts', () => {
    const hosts = hostsOf([1, 1]);
    const balancer = new LeastRequest(new SeededDraws(3), defaultRuntime);
    shares(balancer, hosts, 10);
    (hosts[1] as Host).weight = 9;
    const counts = shares(balancer, [...hosts], 10_000);
    assert.ok(chiSquare(counts, [1000, 9000]) < 40, counts.join());
  });

  test('upstream.weight_enabled 0 has their weights passed over', () => {
    const hosts = hostsOf([1, 9]);
    let enabled = 1;
    const balancer = new LeastRequest(new SeededDraws(3), {
      integer: (key, fallback) => (key === 'upstream.weight_enabled' ? enabled : fallback),
    });
    assert.ok(chiSquare(shares(balancer, hosts, 10_000), [1000, 9000]) < 40);
    enabled = 0;
    assert.ok(chiSquare(shares(balancer, hosts, 10_000), [5000, 5000]) < 40);
    (hosts[0] as Host).stats.rqActive = 1;
    (hosts[1] as Host).stats.rqActive = 2;
    assert.ok(chiSquare(shares(balancer, hosts, 10_000), [7500, 2500]) < 40);
  });
});

test('a retry goes to a host that has not been tried, as long as there is one', () => {
  for (const weights of [
    [1, 1, 1],
    [1, 128, 128],
  ]) {
    const hosts = hostsOf(weights);
    const balancer = new LeastRequest(new SeededDraws(4), defaultRuntime);
    for (let i = 0; i < 50; i++) {
      assert.equal(balancer.chooseHost(hosts, triedContext(hosts[1], hosts[2])), hosts[0]);
    }
    assert.ok(balancer.chooseHost(hosts, triedContext(...hosts)) !== undefined);
  }
});

test('without hosts there is none to choose', () => {
  assert.equal(new LeastRequest(new SeededDraws(1), defaultRuntime).chooseHost([]), undefined);
});
