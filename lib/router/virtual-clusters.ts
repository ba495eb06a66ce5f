import type { VirtualClusterConfig } from '../config/route-table-config.js';
import type { RequestHead } from '../http/message.js';
import { compileCheckedPattern } from './checked-pattern.js';
import type { VirtualClusterCharge } from './virtual-cluster-charge.js';

/** The name that counts what no virtual cluster matches: reference 2.4.2. */
export const catchAllVirtualCluster = 'other';

/** Returns what counts the requests of a virtual cluster, by the names of its host and itself. */
export type VirtualClusterChargeOf = (virtualHost: string, name: string) => VirtualClusterCharge;

/** For tables that serve no requests. */
export const chargeNothing: VirtualClusterChargeOf = () => ({ charge() {} });

/** The virtual clusters of a virtual host, which count requests by their paths. */
export class VirtualClusters {
  readonly #clusters: readonly VirtualCluster[];
  readonly #other: VirtualClusterCharge;

  /** `chargeOf` is asked by the name of a virtual cluster. */
  constructor(
    configs: readonly VirtualClusterConfig[],
    chargeOf: (name: string) => VirtualClusterCharge,
  ) {
    this.#clusters = configs.map((config) => new VirtualCluster(config, chargeOf(config.name)));
    this.#other = chargeOf(catchAllVirtualCluster);
  }

  /** The first that matches, whatever the route; else what counts all others. */
  find(head: RequestHead): VirtualClusterCharge {
    return this.#clusters.find((cluster) => cluster.matches(head))?.charge ?? this.#other;
  }
}

class VirtualCluster {
  readonly charge: VirtualClusterCharge;
  readonly #method: string | undefined;
  readonly #matchesPath: (path: string) => boolean;

  constructor({ pattern, method }: VirtualClusterConfig, charge: VirtualClusterCharge) {
    const compiled = compileCheckedPattern(pattern);
    this.charge = charge;
    this.#method = method;
    this.#matchesPath = (path) => compiled.matchesWhole(path);
  }

  matches({ method, path }: RequestHead): boolean {
    return (this.#method === undefined || this.#method === method) && this.#matchesPath(path);
  }
}
