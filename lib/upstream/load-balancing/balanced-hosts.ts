import type { Runtime } from '../../base/runtime.js';
import type { ClusterStats } from '../../telemetry/stats/cluster-stats.js';
import type { Host } from '../host.js';
import type { HostSet } from '../host-set.js';
import type { HostChooser } from './host-chooser.js';
import type { LoadBalancer, LoadBalancerContext } from './load-balancer.js';
import { isInPanic } from './panic.js';
import type { ZoneRouting } from './zone-routing.js';

/**
 * The hosts that may be used, and one of them by the policy of the cluster: the healthy ones; all, in
 * panic; those of a zone, if requests are kept in theirs.
 */
export class BalancedHosts implements HostChooser {
  readonly #runtime: Runtime;
  readonly #stats: ClusterStats;
  readonly #createBalancer: () => LoadBalancer;
  readonly #zoneRouting: ZoneRouting | undefined;
  /** Made for the first request: most clusters of a big configuration are idle. */
  #healthy: LoadBalancer | undefined = undefined;
  /** Made in the first panic, which most clusters never see. */
  #all: LoadBalancer | undefined = undefined;

  /** `createBalancer` is called once for each list of hosts that is chosen from. */
  constructor(
    createBalancer: () => LoadBalancer,
    runtime: Runtime,
    stats: ClusterStats,
    zoneRouting: ZoneRouting | undefined,
  ) {
    this.#createBalancer = createBalancer;
    this.#runtime = runtime;
    this.#stats = stats;
    this.#zoneRouting = zoneRouting;
  }

  chooseHost(hostSet: HostSet, context?: LoadBalancerContext): Host | undefined {
    if (isInPanic(hostSet, this.#runtime)) {
      this.#stats.lbHealthyPanic++;
      this.#all ??= this.#createBalancer();
      return this.#all.chooseHost(hostSet.hosts, context);
    }
    const zone = this.#zoneRouting?.chooseZone(hostSet);
    const host = zone?.balancer.chooseHost(zone.hosts, context);
    // A zone without healthy hosts, or where a request has failed on each of them, is no reason to fail.
    if (host !== undefined && context?.isTried(host) !== true) {
      return host;
    }
    this.#healthy ??= this.#createBalancer();
    return this.#healthy.chooseHost(hostSet.healthyHosts, context);
  }

  close(): void {
    // There is no background work.
  }
}
