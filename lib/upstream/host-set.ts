import type { Host } from './host.js';

/** Below this share of healthy hosts, in percent, health is ignored: reference 4.3. */
const healthyPanicThreshold = 50;

/**
 * An unchanging snapshot of a cluster's members. It is replaced whole, so that a request that
 * indexes it never sees it change.
 */
export class HostSet {
  static readonly empty: HostSet = new HostSet([]);

  readonly hosts: readonly Host[];
  readonly healthyHosts: readonly Host[];
  /** So few hosts are healthy that all of them are used. Exactly the threshold is not panic. */
  readonly isInPanic: boolean;
  /** The hosts that balancers choose from. */
  readonly hostsToUse: readonly Host[];

  constructor(hosts: readonly Host[]) {
    this.hosts = Object.freeze([...hosts]);
    this.healthyHosts = hosts.every((host) => host.isHealthy)
      ? this.hosts
      : Object.freeze(hosts.filter((host) => host.isHealthy));
    const healthyPercent = hosts.length === 0 ? 0 : (100 * this.healthyHosts.length) / hosts.length;
    this.isInPanic = healthyPercent < healthyPanicThreshold;
    this.hostsToUse = this.isInPanic ? this.hosts : this.healthyHosts;
    Object.freeze(this);
  }
}
