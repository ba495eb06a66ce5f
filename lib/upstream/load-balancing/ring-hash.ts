import type { Random } from '../../base/random.js';
import { xxHash53 } from '../../base/xx-hash64.js';
import type { Host } from '../host.js';
import type { LoadBalancer, LoadBalancerContext } from './load-balancer.js';
import { findUntried } from './untried-host.js';

/** A larger ring would be no more even, and making it would hold up all requests for too long. */
const maxRingSize = 2 ** 17;

const noPoints = new Float64Array(0);

/** Points of hosts in the order of their hashes. */
interface Ring {
  /** How many of each host. */
  readonly replicas: number;
  readonly hashes: Float64Array;
  /** `hosts[i]` is the host of `hashes[i]`. */
  readonly hosts: readonly Host[];
}

const emptyRing: Ring = { replicas: 0, hashes: noPoints, hosts: [] };

/**
 * The hashes of hosts. A cluster has two rings, of all members and of the healthy ones, and hashing is
 * most of the work of a new one, while most hosts stay.
 */
export class RingPoints {
  readonly #points: WeakMap<Host, Float64Array> = new WeakMap();

  /** Returns the first hashes of a host, at least `count`. */
  of(host: Host, count: number): Float64Array {
    const known = this.#points.get(host) ?? noPoints;
    if (known.length >= count) {
      return known;
    }
    const hashes = new Float64Array(count);
    hashes.set(known);
    for (let i = known.length; i < count; i++) {
      hashes[i] = xxHash53(`${host.address}_${i}`);
    }
    this.#points.set(host, hashes);
    return hashes;
  }
}

/**
 * Sends requests with the same key to the same host, and when a host comes or goes few others than
 * those whose host it is: reference 4.2.1. (Others, since all have more points when there are fewer
 * hosts, as in Envoy.) Hashes are xxHash64, of which 53 bits are looked at. Neither weights nor zones
 * are.
 */
export class RingHash implements LoadBalancer {
  readonly #minimumRingSize: number;
  readonly #random: Random;
  readonly #points: RingPoints;
  /** The hosts that the ring is of. */
  #members: readonly Host[] = [];
  #ring: Ring = emptyRing;

  /** `points` are those of the cluster. */
  constructor(minimumRingSize: number, random: Random, points: RingPoints = new RingPoints()) {
    this.#minimumRingSize = Math.min(minimumRingSize, maxRingSize);
    this.#random = random;
    this.#points = points;
  }

  chooseHost(members: readonly Host[], context?: LoadBalancerContext): Host | undefined {
    if (members.length === 0) {
      return undefined;
    }
    const ring = this.#ringOf(members);
    const first = findPoint(ring.hashes, context?.hashKey ?? this.#randomKey());
    return context === undefined ? ring.hosts[first] : findOnRing(ring, first, context);
  }

  #randomKey(): number {
    return this.#random.uint32() * 2 ** 21 + (this.#random.uint32() >>> 11);
  }

  #ringOf(members: readonly Host[]): Ring {
    if (members !== this.#members) {
      // A change of weights alone makes another list of the same hosts.
      if (!areSame(this.#members, members)) {
        this.#ring = this.#createRing(members);
      }
      this.#members = members;
    }
    return this.#ring;
  }

  #createRing(members: readonly Host[]): Ring {
    const replicas = Math.max(1, Math.ceil(this.#minimumRingSize / members.length));
    if (replicas !== this.#ring.replicas) {
      return this.#sort(members, replicas);
    }
    // Most hosts stay, and their points are in order already.
    const before = new Set(this.#members);
    const after = new Set(members);
    const added = members.filter((host) => !before.has(host));
    const kept = before.size + added.length > after.size ? keep(this.#ring, after) : this.#ring;
    return added.length === 0 ? kept : merge(kept, this.#sort(added, replicas));
  }

  /** Returns a ring of the points of these hosts, so many of each. */
  #sort(members: readonly Host[], replicas: number): Ring {
    const hashes = new Float64Array(replicas * members.length);
    const hostOf = new Map<number, Host>();
    for (const [index, host] of members.entries()) {
      const points = this.#points.of(host, replicas).subarray(0, replicas);
      hashes.set(points, index * replicas);
      for (const hash of points) {
        if (!hostOf.has(hash)) {
          hostOf.set(hash, host);
        }
      }
    }
    // Numbers alone sort many times faster than with what belongs to them.
    hashes.sort();
    // Each hash has its host.
    return { replicas, hashes, hosts: Array.from(hashes, (hash) => hostOf.get(hash) as Host) };
  }
}

/** Returns the ring without the points of all other hosts. */
function keep({ replicas, hashes, hosts }: Ring, members: ReadonlySet<Host>): Ring {
  const keptHosts: Host[] = [];
  const keptHashes = hashes.filter((_hash, i) => {
    // There is a host for each hash.
    const host = hosts[i] as Host;
    const isKept = members.has(host);
    if (isKept) {
      keptHosts.push(host);
    }
    return isKept;
  });
  return { replicas, hashes: keptHashes, hosts: keptHosts };
}

/** Returns one ring with the points of both. */
function merge(first: Ring, second: Ring): Ring {
  const size = first.hashes.length + second.hashes.length;
  const hashes = new Float64Array(size);
  const hosts: Host[] = [];
  let i = 0;
  let j = 0;
  for (let k = 0; k < size; k++) {
    // Behind the end there is nothing, which is not below anything.
    const isFirst =
      j === second.hashes.length || (first.hashes[i] as number) <= (second.hashes[j] as number);
    hashes[k] = isFirst ? (first.hashes[i] as number) : (second.hashes[j] as number);
    // There is a host for each hash.
    hosts.push((isFirst ? first.hosts[i++] : second.hosts[j++]) as Host);
  }
  return { replicas: first.replicas, hashes, hosts };
}

function areSame(known: readonly Host[], members: readonly Host[]): boolean {
  return known.length === members.length && known.every((host, i) => host === members[i]);
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
function findOnRing(ring: Ring, first: number, context: LoadBalancerContext): Host | undefined {
  return findUntried(ring.hosts, first, context) ?? ring.hosts[first];
}
