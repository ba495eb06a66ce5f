import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSampled, planZones, zoneAt } from '../../../../lib/upstream/load-balancing/zone-plan.js';
import { SeededRandom } from '../../../support/seeded-random.js';

describe('everything stays in the zone', () => {
  for (const [upstream, local] of [
    [
      [2, 2],
      [2, 2],
    ],
    [
      [3, 1],
      [1, 1],
    ],
    [
      [1, 1, 1],
      [0, 5, 5],
    ],
    [
      [5, 5],
      [0, 0],
    ],
  ]) {
    test(`with ${upstream} hosts upstream and ${local} here`, () => {
      assert.deepEqual(planZones(upstream ?? [], local ?? []), { kind: 'direct' });
    });
  }
});

describe('the rest of the requests leaves the zone', () => {
  test('as much as a third upstream of a half here', () => {
    // 3333 of 5000 stay; the other zone has 6666 and sends 5000.
    assert.deepEqual(planZones([1, 2], [1, 1]), {
      kind: 'residual',
      ownShare: 6666,
      capacities: [0, 1666],
    });
  });

  test('to zones in proportion to what they have left', () => {
    // Upstream 2000, 4000, 3000, 1000; here 4000, 2000, 2000, 2000.
    assert.deepEqual(planZones([2, 4, 3, 1], [2, 1, 1, 1]), {
      kind: 'residual',
      ownShare: 5000,
      capacities: [0, 2000, 3000, 3000],
    });
  });

  test('with nothing left anywhere if whole numbers hide it', () => {
    // 3333 of 3334 here, and all others lose a fraction too.
    const local = [3334, 3333, 3333];
    assert.deepEqual(planZones([1, 1, 1], local), {
      kind: 'residual',
      ownShare: Math.floor((3333 * 10_000) / 3334),
      capacities: [0, 0, 0],
    });
  });
});

/** The words of the reference, 4.4, as they stand there. */
function model(upstream: number[], local: number[]): unknown {
  const share = (hosts: number[], i: number): number => {
    const total = hosts.reduce((sum, count) => sum + count, 0);
    return total === 0 ? 0 : Math.trunc((10_000 * (hosts[i] ?? 0)) / total);
  };
  if (share(upstream, 0) >= share(local, 0)) {
    return { kind: 'direct' };
  }
  const capacities: number[] = [];
  for (const i of upstream.keys()) {
    const before = i === 0 ? 0 : (capacities[i - 1] ?? 0);
    capacities.push(i === 0 ? 0 : before + Math.max(0, share(upstream, i) - share(local, i)));
  }
  const ownShare = Math.trunc((share(upstream, 0) * 10_000) / share(local, 0));
  return { kind: 'residual', ownShare, capacities };
}

test('plans are those of the reference, and leave the same to every host', () => {
  const seeded = new SeededRandom(11);
  for (let round = 0; round < 2000; round++) {
    const zones = 2 + seeded.integer(4);
    const draw = (): number[] => Array.from({ length: zones }, () => seeded.integer(20));
    const [upstream, local] = [draw(), draw()];
    assert.deepEqual(planZones(upstream, local), model(upstream, local));
  }
});

test('requests of all zones together reach each zone as its share upstream', () => {
  const seeded = new SeededRandom(12);
  for (let round = 0; round < 300; round++) {
    const zones = 2 + seeded.integer(3);
    const draw = (): number[] => Array.from({ length: zones }, () => 1 + seeded.integer(20));
    const [upstream, local] = [draw(), draw()];
    const load = upstream.map(() => 0);
    const localTotal = local.reduce((a, b) => a + b);
    for (const own of local.keys()) {
      // Zone `own` first, as the plan of a process there has it.
      const order = [own, ...local.keys()].filter((zone, i) => i === 0 || zone !== own);
      const pick = (counts: number[]): number[] => order.map((zone) => counts[zone] ?? 0);
      const plan = planZones(pick(upstream), pick(local));
      const requests = (local[own] ?? 0) / localTotal;
      const stays = plan.kind === 'direct' ? 1 : plan.ownShare / 10_000;
      load[own] = (load[own] ?? 0) + requests * stays;
      const capacities = plan.kind === 'direct' ? [] : plan.capacities;
      const total = capacities.at(-1) ?? 0;
      for (const [i, capacity] of capacities.entries()) {
        if (i > 0 && total > 0) {
          const part = (capacity - (capacities[i - 1] ?? 0)) / total;
          const zone = order[i] ?? 0;
          load[zone] = (load[zone] ?? 0) + requests * (1 - stays) * part;
        }
      }
    }
    const upstreamTotal = upstream.reduce((a, b) => a + b);
    for (const [zone, count] of upstream.entries()) {
      const off = Math.abs((load[zone] ?? 0) - count / upstreamTotal);
      assert.ok(off < 0.01, `zone ${zone} of ${upstream} from ${local} is ${off} off`);
    }
  }
});

test('a request stays if its number is below the share', () => {
  assert.ok(isSampled(6666, 6665));
  assert.ok(!isSampled(6666, 6666));
  assert.ok(isSampled(1, 10_000));
  assert.ok(!isSampled(0, 0));
});

test('the zone of another is the first whose capacity is not below the number; 0 is the own', () => {
  const capacities = [0, 2000, 2000, 3000];
  for (const [threshold, zone] of [
    [0, 0],
    [1, 1],
    [2000, 1],
    [2001, 3],
    [2999, 3],
  ]) {
    assert.equal(zoneAt(capacities, threshold ?? 0), zone);
  }
});
