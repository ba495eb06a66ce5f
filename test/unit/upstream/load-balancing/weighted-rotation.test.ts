import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Host } from '../../../../lib/upstream/host.js';
import { WeightedRotation } from '../../../../lib/upstream/load-balancing/weighted-rotation.js';
import { BalancedCluster } from '../../../support/balanced-cluster.js';
import { ScriptedRandom } from '../../../support/scripted-random.js';
import { SeededDraws } from '../../../support/seeded-draws.js';
import { SeededRandom } from '../../../support/seeded-random.js';

const fixture = new BalancedCluster();
const seeded = new SeededRandom(7);

function hostsOf(weights: readonly number[]): Host[] {
  return weights.map((weight) => fixture.host({ weight }));
}

function rotationOf(hosts: readonly Host[], seed = 1): WeightedRotation {
  const rotation = new WeightedRotation(new SeededDraws(seed));
  rotation.replace(hosts);
  return rotation;
}

/** Takes turns, and returns the indexes of the hosts. */
function take(rotation: WeightedRotation, hosts: readonly Host[], turns: number): number[] {
  return Array.from({ length: turns }, () => hosts.indexOf(rotation.next()));
}

function countsOf(turns: readonly number[], hosts: readonly Host[]): number[] {
  return hosts.map((_host, i) => turns.filter((turn) => turn === i).length);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function randomWeights(): number[] {
  const max = seeded.pick([2, 5, 128]);
  return Array.from({ length: 1 + seeded.integer(12) }, () => 1 + seeded.integer(max));
}

describe('turns', () => {
  test('go to the host with the earliest deadline', () => {
    const hosts = hostsOf([1, 3]);
    const half = (511 / 1024) * 2 ** 32;
    const rotation = new WeightedRotation(new ScriptedRandom(half));
    rotation.replace(hosts);
    // Deadlines in a cycle: 0.5 of the first; 0.17, 0.5 and 0.83 of the other.
    assert.deepEqual(take(rotation, hosts, 8), [1, 0, 1, 1, 1, 0, 1, 1]);
  });

  test('of hosts of the same weight come in their order', () => {
    const hosts = hostsOf([5, 5, 5]);
    const turns = take(rotationOf(hosts), hosts, 9);
    const [first = 0] = turns;
    assert.deepEqual(
      turns,
      turns.map((_turn, i) => (first + i) % 3),
    );
  });

  test('are exactly as many as the weight, in as many turns as all weights, wherever they begin', () => {
    for (let round = 0; round < 60; round++) {
      const weights = randomWeights();
      const hosts = hostsOf(weights);
      const cycle = sum(weights);
      const turns = take(rotationOf(hosts, round), hosts, 3 * cycle);
      const counts = countsOf(turns.slice(0, cycle), hosts);
      assert.deepEqual(counts, weights);
      for (let i = cycle; i < turns.length; i++) {
        // The window moves on by one: what leaves it is what comes into it.
        assert.equal(turns[i], turns[i - cycle]);
      }
    }
  });

  test('never are more than two away from the share of a host', () => {
    for (let round = 0; round < 60; round++) {
      const weights = randomWeights();
      const hosts = hostsOf(weights);
      const cycle = sum(weights);
      const counts = weights.map(() => 0);
      for (const [i, turn] of take(rotationOf(hosts, round), hosts, 2 * cycle).entries()) {
        counts[turn] = (counts[turn] ?? 0) + 1;
        for (const [host, weight] of weights.entries()) {
          const share = ((i + 1) * weight) / cycle;
          assert.ok(Math.abs((counts[host] ?? 0) - share) <= 2, `${weights} after ${i + 1} turns`);
        }
      }
    }
  });

  test('begin anywhere', () => {
    const hosts = hostsOf([1, 2, 3, 4, 5, 6]);
    const firsts = Array.from({ length: 50 }, (_, seed) => take(rotationOf(hosts, seed), hosts, 1));
    assert.ok(new Set(firsts.flat()).size > 3);
  });
});

describe('when hosts are replaced', () => {
  test('by the same ones, turns go on', () => {
    const hosts = hostsOf([1, 1, 2, 2, 7]);
    const expected = take(rotationOf(hosts), hosts, 40);
    const rotation = rotationOf(hosts);
    const turns = Array.from({ length: 40 }, () => {
      rotation.replace([...hosts]);
      return take(rotation, hosts, 1);
    });
    assert.deepEqual(countsOf(turns.flat().slice(0, 26), hosts), [2, 2, 4, 4, 14]);
    assert.deepEqual(countsOf(turns.flat(), hosts), countsOf(expected, hosts));
  });

  test('the next one is next, and if it is gone the one behind it', () => {
    const hosts = hostsOf([1, 1, 1, 1]);
    const rotation = new WeightedRotation(new ScriptedRandom(0));
    rotation.replace(hosts);
    assert.deepEqual(take(rotation, hosts, 4), [1, 2, 3, 0]);
    rotation.replace(hosts.filter((_host, i) => i !== 0));
    assert.deepEqual(take(rotation, hosts, 1), [1]);
    // Gone and back before its turn: nothing is lost.
    rotation.replace(hosts.filter((_host, i) => i !== 2));
    rotation.replace(hosts);
    assert.deepEqual(take(rotation, hosts, 1), [2]);
    rotation.replace(hosts.filter((_host, i) => i !== 2 && i !== 1));
    assert.deepEqual(take(rotation, hosts, 1), [3]);
    rotation.replace(hosts.slice(0, 3));
    assert.deepEqual(take(rotation, hosts, 2), [0, 1]);
    const others = hostsOf([1]);
    rotation.replace(others);
    assert.deepEqual(take(rotation, others, 1), [0]);
  });

  test('again and again, now and then, nobody gets less than its share', () => {
    for (const weights of [
      [1, 1, 1, 1],
      [1, 2, 3, 4],
      [5, 5, 1, 1],
      [100, 1, 1, 100],
    ]) {
      const hosts = hostsOf(weights);
      const rotation = rotationOf(hosts);
      const turns: number[] = [];
      for (let i = 0; i < 2000; i++) {
        // The last host comes and goes.
        rotation.replace(seeded.integer(2) === 0 ? hosts : hosts.slice(0, 3));
        turns.push(...take(rotation, hosts, 1 + seeded.integer(40)));
      }
      const counts = countsOf(turns, hosts);
      const staying = weights.slice(0, 3);
      const [least, most] = [Math.min, Math.max].map((of) =>
        of(...staying.map((weight, i) => (counts[i] ?? 0) / weight)),
      );
      assert.ok((most ?? 0) / (least ?? 0) < 1.05, `${weights}: ${counts}`);
    }
  });

  test('by the same ones with other weights, the new weights count at once', () => {
    const hosts = hostsOf([1, 1, 4]);
    const rotation = rotationOf(hosts);
    take(rotation, hosts, 5);
    for (const weights of [
      [2, 3, 4],
      [1, 1, 1],
      [128, 1, 1],
    ]) {
      for (const [i, host] of hosts.entries()) {
        host.weight = weights[i] ?? 0;
      }
      rotation.replace([...hosts]);
      assert.deepEqual(countsOf(take(rotation, hosts, sum(weights)), hosts), weights);
    }
  });
});
