import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BalancedCluster, setFailed } from '../../../support/balanced-cluster.js';
import { SeededDraws } from '../../../support/seeded-draws.js';
import { SeededRandom } from '../../../support/seeded-random.js';

describe('round_robin: shares are in proportion to weights', () => {
  for (const weights of [
    [1, 1, 1, 1],
    [1, 2, 3, 4],
    [100, 1, 100, 7],
  ]) {
    for (const down of weights.keys()) {
      test(`${weights.join(', ')}: before, during and after an outage of host ${down}`, () => {
        const fixture = new BalancedCluster();
        const hosts = fixture.setWeights(...weights);
        const total = weights.reduce((sum, weight) => sum + weight);
        const left = weights.map((weight, i) => (i === down ? 0 : weight));
        for (let round = 0; round < 3; round++) {
          assert.deepEqual(fixture.shares(total, hosts), weights);
          setFailed(hosts[down]);
          assert.deepEqual(fixture.shares(total - (weights[down] ?? 0), hosts), left);
          setFailed(hosts[down], false);
          assert.deepEqual(fixture.shares(total, hosts), weights);
        }
      });
    }
  }

  test('when hosts go and others come, from the first choice on', () => {
    const fixture = new BalancedCluster();
    const all = fixture.setHosts(10);
    const seeded = new SeededRandom(3);
    for (let round = 0; round < 100; round++) {
      const members = all.filter(() => seeded.integer(2) === 0);
      fixture.cluster.updateHosts(members);
      const counts = fixture.shares(members.length * 3, members);
      assert.ok(
        counts.every((count) => count === 3),
        counts.join(),
      );
    }
  });

  test('however discovery orders its hosts', () => {
    const fixture = new BalancedCluster();
    const hosts = fixture.setHosts(5);
    const counts = hosts.map(() => 0);
    const seeded = new SeededRandom(3);
    for (let i = 0; i < 1000; i++) {
      fixture.cluster.updateHosts([...hosts].sort(() => seeded.integer(3) - 1));
      const [index = 0] = fixture.shares(1, hosts).flatMap((count, at) => (count === 1 ? at : []));
      counts[index] = (counts[index] ?? 0) + 1;
    }
    assert.deepEqual(counts, [200, 200, 200, 200, 200]);
  });
});

describe('a weight that changes in place', () => {
  for (const lbType of ['round_robin', 'least_request'] as const) {
    test(`${lbType}: counts from the next choice on`, () => {
      const fixture = new BalancedCluster({ lbType }, {}, new SeededDraws(9));
      const hosts = fixture.setHosts(2);
      fixture.shares(10, hosts);
      if (hosts[1] !== undefined) {
        hosts[1].weight = 3;
      }
      const [first = 0, second = 0] = fixture.shares(4000, hosts);
      assert.ok(first > 900 && first < 1100, `${first} and ${second}`);
      assert.equal(first + second, 4000);
    });
  }

  test('ring_hash: changes nothing', () => {
    const fixture = new BalancedCluster({ lbType: 'ring_hash' });
    const hosts = fixture.setHosts(4);
    const keys = Array.from({ length: 50 }, (_, i) => i * 2 ** 47);
    const choose = (): unknown[] =>
      keys.map((hashKey) => fixture.cluster.chooseHost({ hashKey, isTried: () => false }));
    const before = choose();
    for (const host of hosts) {
      host.weight = 50;
    }
    assert.deepEqual(choose(), before);
  });
});

test('the same members again leave the set as it is, so that nothing is made anew', () => {
  const fixture = new BalancedCluster();
  const hosts = fixture.setHosts(3);
  const { hostSet } = fixture.cluster;
  fixture.cluster.updateHosts([...hosts]);
  assert.equal(fixture.cluster.hostSet, hostSet);
  fixture.cluster.updateHosts(hosts.slice(1));
  assert.notEqual(fixture.cluster.hostSet, hostSet);
});
