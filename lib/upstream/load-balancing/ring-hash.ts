import type { Random } from '../../base/random.js';
import { xxHash53 } from '../../base/xx-hash64.js';
import type { Host } from '../host.js';
import type { HostSet } from '../host-set.js';
import type { LoadBalancer, LoadBalancerContext } from './load-balancer.js';

/** Points of hosts in the order of their hashes. */
interface Ring {
  readonly hashes: Float64Array;
  /** `hosts[i]` is the host of `hashes[i]`. */
  readonly hosts: readonly Host[];
}

/** The members that a ring was made of, which are replaced whole when they change. */
interface KnownRing extends Ring {
  members: readonly Host[];
}

/**
 * Sends requests with the same key to the same host, and when a host comes or goes only those whose
 * host it is: reference 4.2.1. Hashes are xxHash64, of which 53 bits are looked at.
 */
export class RingHash implements LoadBalancer {
  readonly #minimumRingSize: number;
  readonly #random: Random;
  #ring: KnownRing | undefined = undefined;
  /** Hashing is most of the work of a new ring, and most hosts stay. */
  #points = new WeakMap<Host, Float64Array>();

  constructor(minimumRingSize: number, random: Random) {
    this.#minimumRingSize = minimumRingSize;
    this.#random = random;
  }

  chooseHost(hostSet: HostSet, context?: LoadBalancerContext): Host | undefined {
    const members = hostSet.hostsToUse;
    if (members.length === 0) {
      return undefined;
    }
    const ring = this.#ringOf(members);
    const first = findPoint(ring.hashes, context?.hashKey ?? this.#randomKey());
    return context === undefined ? ring.hosts[first] : findUntried(ring, first, context);
  }

  #randomKey(): number {
    return this.#random.uint32() * 2 ** 21 + (this.#random.uint32() >>> 11);
  }

  #ringOf(members: readonly Host[]): Ring {
    const known = this.#ring;
    if (known !== undefined && areSame(known.members, members)) {
      known.members = members;
      return known;
    }
    this.#ring = { members, ...this.#createRing(members) };
    return this.#ring;
  }

  #createRing(members: readonly Host[]): Ring {
    const replicas = Math.max(1, Math.ceil(this.#minimumRingSize / members.length));
    const points = members.flatMap((host) => {
      const hashes = this.#pointsOf(host, replicas).subarray(0, replicas);
      return Array.from(hashes, (hash) => ({ hash, host }));
    });
    points.sort((a, b) => a.hash - b.hash);
    return {
      hashes: Float64Array.from(points, ({ hash }) => hash),
      hosts: points.map(({ host }) => host),
    };
  }

  /** The first hashes of a host, at least `count`. */
  #pointsOf(host: Host, count: number): Float64Array {
    const known = this.#points.get(host);
    if (known !== undefined && known.length >= count) {
      return known;
    }
    const hashes = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      hashes[i] = xxHash53(`${host.address}_${i}`);
    }
    this.#points.set(host, hashes);
    return hashes;
  }
}

/** Lists are compared one by one only when discovery has made a new one of the same hosts. */
function areSame(known: readonly Host[], members: readonly Host[]): boolean {
  return (
    known === members ||
    (known.length === members.length && known.every((host, i) => host === members[i]))
  );
}

/** Index of the first hash that is not below `key`, or 0 behind the last. */
function findPoint(hashes: Float64Array, key: number): number {
  let start = 0;
  let end = hashes.length;
  while (start < end) {
    const middle = (start + end) >>> 1;
    // The index is below the length.
    if ((hashes[middle] as number) < key) {
      start = middle + 1;
    } else {
      end = middle;
    }
  }
  return start === hashes.length ? 0 : start;
}

/** From `first` on, the first host that has not failed; so a key has the same second host too. */
function findUntried(ring: Ring, first: number, context: LoadBalancerContext): Host | undefined {
  const { hosts } = ring;
  for (let i = 0; i < hosts.length; i++) {
    const host = hosts[(first + i) % hosts.length];
    if (host !== undefined && !context.isTried(host)) {
      return host;
    }
  }
  return hosts[first];
}
