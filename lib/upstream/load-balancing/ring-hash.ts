import type { Random } from '../../base/random.js';
import { xxHash53 } from '../../base/xx-hash64.js';
import type { Host } from '../host.js';
import type { HostSet } from '../host-set.js';
import type { LoadBalancer, LoadBalancerContext } from './load-balancer.js';

/** A larger ring would be no more even, and making it would hold up all requests for too long. */
const maxRingSize = 2 ** 17;

const noPoints = new Float64Array(0);

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
 * Sends requests with the same key to the same host, and when a host comes or goes few others than
 * those whose host it is: reference 4.2.1. (Others, since all have more points when there are fewer
 * hosts, as in Envoy.) Hashes are xxHash64, of which 53 bits are looked at.
 */
export class RingHash implements LoadBalancer {
  readonly #minimumRingSize: number;
  readonly #random: Random;
  #ring: KnownRing | undefined = undefined;
  /** Hashing is most of the work of a new ring, and most hosts stay. */
  #points = new WeakMap<Host, Float64Array>();

  constructor(minimumRingSize: number, random: Random) {
    this.#minimumRingSize = Math.min(minimumRingSize, maxRingSize);
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
    const hashes = new Float64Array(replicas * members.length);
    const hostOf = new Map<number, Host>();
    for (const [index, host] of members.entries()) {
      const points = this.#pointsOf(host, replicas).subarray(0, replicas);
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
    return { hashes, hosts: Array.from(hashes, (hash) => hostOf.get(hash) as Host) };
  }

  /** The first hashes of a host, at least `count`. */
  #pointsOf(host: Host, count: number): Float64Array {
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
