/** Shares are reckoned in these units, in whole numbers, as Envoy does. */
const unit = 10_000;

/**
 * How requests are spread over zones, so that as many as possible stay in their own while every host
 * of the upstream cluster gets the same: reference 4.4. Zones are named by their index; 0 is the own.
 */
export type ZonePlan =
  | { readonly kind: 'direct' }
  | {
      readonly kind: 'residual';
      /** The share of requests that stay, in 1/10000. */
      readonly ownShare: number;
      /** Element `i` is the capacity left over by all zones up to `i`. */
      readonly capacities: readonly number[];
    };

/**
 * Plans by how many healthy hosts each zone has, upstream and in the cluster that requests come from.
 * Both lists are of the same zones in the same order.
 */
export function planZones(upstream: readonly number[], local: readonly number[]): ZonePlan {
  const upstreamShares = sharesOf(upstream);
  const localShares = sharesOf(local);
  const [ownUpstream = 0] = upstreamShares;
  const [ownLocal = 0] = localShares;
  if (ownUpstream >= ownLocal) {
    return { kind: 'direct' };
  }
  const capacities = [0];
  for (let i = 1; i < upstreamShares.length; i++) {
    const left = (upstreamShares[i] ?? 0) - (localShares[i] ?? 0);
    capacities.push((capacities[i - 1] ?? 0) + Math.max(0, left));
  }
  return {
    kind: 'residual',
    ownShare: Math.floor((ownUpstream * unit) / ownLocal),
    capacities,
  };
}

function sharesOf(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total === 0 ? 0 : Math.floor((unit * count) / total)));
}

/** Whether a request stays in its own zone. `random` is in [0, 2^32). */
export function isSampled(ownShare: number, random: number): boolean {
  return random % unit < ownShare;
}

/** Returns the zone of a request that leaves its own, by a number below the last capacity. */
export function zoneAt(capacities: readonly number[], threshold: number): number {
  // Few zones. 0 gives the own one, as in Envoy.
  const index = capacities.findIndex((capacity) => threshold <= capacity);
  return Math.max(0, index);
}
