import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemRandom } from '../../../../lib/base/random.js';
import { xxHash53 } from '../../../../lib/base/xx-hash64.js';
import type { Host } from '../../../../lib/upstream/host.js';
import type { LoadBalancerContext } from '../../../../lib/upstream/load-balancing/load-balancer.js';
import { RingHash, RingPoints } from '../../../../lib/upstream/load-balancing/ring-hash.js';
import { ScriptedRandom } from '../../../support/scripted-random.js';
import { SeededRandom } from '../../../support/seeded-random.js';

/** A host of which a ring needs the address alone; it counts how often it is asked for it. */
class RingHost {
  readonly index: number;
  reads = 0;

  constructor(index: number) {
    this.index = index;
  }

  get address(): string {
    this.reads++;
    return `10.0.0.${this.index}:80`;
  }
}

function createHosts(count: number): RingHost[] {
  return Array.from({ length: count }, (_, index) => new RingHost(index));
}

/** A list as a host set has it. Nothing of a host is looked at but its address. */
function setOf(hosts: readonly RingHost[]): readonly Host[] {
  return [...hosts] as unknown as readonly Host[];
}

function contextOf(
  hashKey: number | undefined,
  tried: readonly unknown[] = [],
): LoadBalancerContext {
  return { hashKey, isTried: (host) => tried.includes(host) };
}

const seeded = new SeededRandom(1);

function randomKeys(count: number): number[] {
  const draw = (): number => seeded.integer(2 ** 32) * 2 ** 21 + seeded.integer(2 ** 21);
  return Array.from({ length: count }, draw);
}

/** All points of a ring in the order of their hashes, by the words of the reference: 4.2.1. */
function pointsOf(
  hosts: readonly RingHost[],
  replicas: number,
): { hash: number; host: RingHost }[] {
  const points = hosts.flatMap((host) =>
    Array.from({ length: replicas }, (_, i) => ({ hash: xxHash53(`${host.address}_${i}`), host })),
  );
  return points.sort((a, b) => a.hash - b.hash);
}

/** Chooses for each key, and returns the indexes of the hosts. */
function choose(
  ring: RingHash,
  hosts: readonly RingHost[],
  keys: readonly number[],
): (number | undefined)[] {
  const hostSet = setOf(hosts);
  return keys.map((key) => indexOf(ring.chooseHost(hostSet, contextOf(key))));
}

function indexOf(host: unknown): number | undefined {
  return host instanceof RingHost ? host.index : undefined;
}

describe('a key', () => {
  for (const [count, size, replicas] of [
    [1, 1024, 1024],
    [3, 10, 4],
    [16, 1024, 64],
    [5, 0, 1],
    [5, 5, 1],
    [5, 6, 2],
  ] as const) {
    test(`of ${count} hosts chooses the first point from it on, of ${replicas} each`, () => {
      const hosts = createHosts(count);
      const points = pointsOf(hosts, replicas);
      const keys = [...randomKeys(200), ...points.map(({ hash }) => hash), 0, 2 ** 53 - 1];
      const expected = keys.map(
        (key) => (points.find(({ hash }) => hash >= key) ?? points[0])?.host.index,
      );
      assert.deepEqual(choose(new RingHash(size, systemRandom), hosts, keys), expected);
    });
  }

  test('chooses no host if there is none', () => {
    assert.equal(new RingHash(1024, systemRandom).chooseHost(setOf([]), contextOf(1)), undefined);
  });

  test('that there is none of is drawn', () => {
    const hosts = createHosts(3);
    const points = pointsOf(hosts, 4);
    for (const context of [undefined, contextOf(undefined)]) {
      for (const { hash, host } of points) {
        // The upper 32 of its 53 bits, and the lower 21 as the upper bits of another number.
        const draws = [Math.floor(hash / 2 ** 21), (hash % 2 ** 21) * 2 ** 11];
        const ring = new RingHash(10, new ScriptedRandom(...draws));
        assert.equal(indexOf(ring.chooseHost(setOf(hosts), context)), host.index);
      }
    }
  });

  test('of many gives each host a share that is even, and more so in a larger ring', () => {
    const hosts = createHosts(8);
    const keys = randomKeys(8000);
    const worst = [16, 8192].map((size) => {
      const counts = new Map<number | undefined, number>();
      for (const host of choose(new RingHash(size, systemRandom), hosts, keys)) {
        counts.set(host, (counts.get(host) ?? 0) + 1);
      }
      return Math.max(...hosts.map((host) => Math.abs((counts.get(host.index) ?? 0) - 1000)));
    });
    const [small = 0, large = 0] = worst;
    assert.ok(large < 200, `${large} off`);
    assert.ok(small > large, `${small} off, and ${large}`);
  });
});

describe('when members change', () => {
  test('only the keys of a host that goes have another, if each has as many points as before', () => {
    const hosts = createHosts(8);
    const ring = new RingHash(7, systemRandom);
    const keys = randomKeys(1000);
    const before = choose(ring, hosts, keys);
    const after = choose(ring, hosts.slice(1), keys);
    for (const [i, host] of before.entries()) {
      assert.ok(host === 0 ? after[i] !== host : after[i] === host);
    }
    assert.deepEqual(choose(ring, hosts, keys), before);
  });

  test('to a list of the same hosts the ring stays', () => {
    const hosts = createHosts(8);
    const ring = new RingHash(64, systemRandom);
    const [before] = choose(ring, hosts, [1]);
    const sameHosts = setOf(hosts);
    // What a new ring would be made from.
    sameHosts.filter = () => assert.fail('the ring is made anew');
    sameHosts.entries = () => assert.fail('the ring is made anew');
    assert.equal(indexOf(ring.chooseHost(sameHosts, contextOf(1))), before);
  });

  test('nothing is hashed that has been before', () => {
    const hosts = createHosts(8);
    const ring = new RingHash(64, systemRandom);
    choose(ring, hosts, [1]);
    const keys = randomKeys(100);
    const chosen = choose(ring, hosts.slice(4), keys);
    choose(ring, hosts, [1]);
    // 8 points each at first, then 16.
    assert.deepEqual(
      hosts.map((host) => host.reads),
      [8, 8, 8, 8, 16, 16, 16, 16],
    );
    assert.deepEqual(choose(new RingHash(64, systemRandom), hosts.slice(4), keys), chosen);
  });

  test('a ring that has changed again and again is as one made anew', () => {
    const hosts = createHosts(24);
    const keys = randomKeys(300);
    // As many points each as long as there are at least 12.
    const ring = new RingHash(24, systemRandom);
    let members = hosts.slice(0, 14);
    for (let round = 0; round < 40; round++) {
      const fresh = choose(new RingHash(24, systemRandom), members, keys);
      assert.deepEqual(choose(ring, members, keys), fresh);
      members = hosts.filter(() => seeded.integer(3) > 0);
    }
  });

  test('two rings of one cluster share what they have hashed', () => {
    const hosts = createHosts(8);
    const points = new RingPoints();
    choose(new RingHash(64, systemRandom, points), hosts, [1]);
    choose(new RingHash(64, systemRandom, points), hosts, [1]);
    assert.deepEqual(
      hosts.map((host) => host.reads),
      hosts.map(() => 8),
    );
  });

  test('the order in which they are listed makes no difference', () => {
    const hosts = createHosts(8);
    const keys = randomKeys(100);
    assert.deepEqual(
      choose(new RingHash(64, systemRandom), [...hosts].reverse(), keys),
      choose(new RingHash(64, systemRandom), hosts, keys),
    );
  });
});

describe('for a retry', () => {
  /** The hosts in the order in which a key meets them on the ring. */
  function orderOf(hosts: readonly RingHost[], key: number): number[] {
    const points = pointsOf(hosts, 8);
    const first = points.findIndex(({ hash }) => hash >= key);
    const around = [...points.slice(Math.max(0, first)), ...points.slice(0, Math.max(0, first))];
    return [...new Set(around.map(({ host }) => host.index))];
  }

  test('the hosts come in the order of the ring', () => {
    const hosts = createHosts(4);
    const hostSet = setOf(hosts);
    const ring = new RingHash(32, systemRandom);
    for (const key of randomKeys(50)) {
      const tried: (Host | undefined)[] = [];
      for (let i = 0; i < hosts.length; i++) {
        tried.push(ring.chooseHost(hostSet, contextOf(key, tried)));
      }
      assert.deepEqual(tried.map(indexOf), orderOf(hosts, key));
    }
  });

  test('the first host comes again when all have been tried', () => {
    const hosts = createHosts(4);
    const ring = new RingHash(32, systemRandom);
    for (const key of randomKeys(50)) {
      const chosen = ring.chooseHost(setOf(hosts), contextOf(key, hosts));
      assert.equal(indexOf(chosen), orderOf(hosts, key)[0]);
    }
  });
});

test('a ring has a largest size', () => {
  const [host] = createHosts(1);
  assert.ok(host !== undefined);
  choose(new RingHash(2 ** 31, systemRandom), [host], [1]);
  assert.equal(host.reads, 2 ** 17);
});
