import type { Random } from '../../base/random.js';
import { isInShare, type Runtime } from '../../base/runtime.js';
import type { ClusterStats } from '../../telemetry/stats/cluster-stats.js';
import type { Host } from '../host.js';
import type { HostSet } from '../host-set.js';
import type { LoadBalancer } from './load-balancer.js';
import { isInPanic } from './panic.js';
import { isSampled, planZones, type ZonePlan, zoneAt } from './zone-plan.js';

const enabledKey = 'upstream.zone_routing.enabled';
const minClusterSizeKey = 'upstream.zone_routing.min_cluster_size';
const defaultMinClusterSize = 6;

/** What zone-aware routing goes by. */
export interface ZoneRoutingContext {
  readonly random: Random;
  readonly runtime: Runtime;
  readonly stats: ClusterStats;
  /** The zone that this process is in. */
  readonly ownZone: string;
  /** Returns the members of the cluster that this process is one of, as they are now. */
  readonly localHostSet: () => HostSet | undefined;
  readonly createBalancer: () => LoadBalancer;
}

/** The hosts of a zone that may be used, and whose turn it is there. */
export interface RoutedZone {
  readonly name: string;
  /** There may be none. */
  readonly hosts: readonly Host[];
  readonly balancer: LoadBalancer;
}

/** What a plan was made of. It holds as long as all this is the same. */
interface PlanBasis {
  readonly upstream: HostSet;
  readonly local: HostSet;
  readonly minClusterSize: number;
}

/**
 * Keeps requests in the zone that they come from, as far as that leaves the same to every host of the
 * upstream cluster: reference 4.4. Zones of the two clusters are matched by their names.
 *
 * The plan is made anew at the first request after the members of either cluster, or their health,
 * have changed.
 */
export class ZoneRouting {
  readonly #context: ZoneRoutingContext;
  #basis: PlanBasis | undefined = undefined;
  #plan: ZonePlan | undefined = undefined;
  /** The own one is the first. */
  #zones: readonly RoutedZone[] = [];

  constructor(context: ZoneRoutingContext) {
    this.#context = context;
  }

  /**
   * Returns the zone for a request, or `undefined` if it goes to the healthy hosts of all zones. It is
   * not to be asked in panic.
   */
  chooseZone(upstream: HostSet): RoutedZone | undefined {
    const { localHostSet, random, runtime, stats } = this.#context;
    const local = localHostSet();
    if (local === undefined) {
      return undefined;
    }
    const plan = this.#planOf(upstream, local);
    if (plan === undefined || !this.#isEnabled()) {
      return undefined;
    }
    if (isInPanic(local, runtime)) {
      stats.lbLocalClusterNotOk++;
      return undefined;
    }
    if (plan.kind === 'direct') {
      stats.lbZoneRoutingAllDirectly++;
      return this.#zones[0];
    }
    if (isSampled(plan.ownShare, random.uint32())) {
      stats.lbZoneRoutingSampled++;
      return this.#zones[0];
    }
    stats.lbZoneRoutingCrossZone++;
    return this.#zones[this.#otherZone(plan.capacities)];
  }

  #isEnabled(): boolean {
    const percent = this.#context.runtime.integer(enabledKey, 100);
    // Without drawing a number if there is no need for one.
    return percent >= 100 || (percent > 0 && isInShare(this.#context.random.uint32(), percent));
  }

  #otherZone(capacities: readonly number[]): number {
    const { random, stats } = this.#context;
    const total = capacities.at(-1) ?? 0;
    if (total === 0) {
      stats.lbZoneNoCapacityLeft++;
      return random.uint32() % this.#zones.length;
    }
    return zoneAt(capacities, random.uint32() % total);
  }

  #planOf(upstream: HostSet, local: HostSet): ZonePlan | undefined {
    const minClusterSize = this.#context.runtime.integer(minClusterSizeKey, defaultMinClusterSize);
    const basis = this.#basis;
    if (
      basis?.upstream !== upstream ||
      basis.local !== local ||
      basis.minClusterSize !== minClusterSize
    ) {
      this.#basis = { upstream, local, minClusterSize };
      this.#context.stats.lbRecalculateZoneStructures++;
      this.#plan = this.#createPlan(this.#basis);
    }
    return this.#plan;
  }

  #createPlan({ upstream, local, minClusterSize }: PlanBasis): ZonePlan | undefined {
    const { ownZone, stats } = this.#context;
    const upstreamZones = upstream.healthyHostsByZone;
    const localZones = local.healthyHostsByZone;
    if (upstreamZones.size < 2 || (upstreamZones.get(ownZone)?.length ?? 0) === 0) {
      return undefined;
    }
    if (upstreamZones.size !== localZones.size) {
      stats.lbZoneNumberDiffers++;
      return undefined;
    }
    if (upstream.healthyHosts.length < minClusterSize) {
      stats.lbZoneClusterTooSmall++;
      return undefined;
    }
    this.#zones = this.#createZones(upstreamZones);
    return planZones(
      this.#zones.map(({ hosts }) => hosts.length),
      this.#zones.map(({ name }) => localZones.get(name)?.length ?? 0),
    );
  }

  #createZones(byZone: ReadonlyMap<string, readonly Host[]>): RoutedZone[] {
    const { ownZone, createBalancer } = this.#context;
    const others = [...byZone.keys()].filter((name) => name !== ownZone).sort();
    return [ownZone, ...others].map((name) => ({
      name,
      hosts: byZone.get(name) ?? [],
      // Whose turn it is in a zone does not depend on what happens in others.
      balancer: this.#zones.find((zone) => zone.name === name)?.balancer ?? createBalancer(),
    }));
  }
}
