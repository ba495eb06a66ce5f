import type { Host } from './host.js';

/**
 * An unchanging snapshot of a cluster's members. It is replaced whole, so that a request that
 * indexes it never sees it change: when a member comes or goes, or its health or weight changes.
 */
export class HostSet {
  static readonly empty: HostSet = new HostSet([]);

  readonly hosts: readonly Host[];
  readonly healthyHosts: readonly Host[];
  /** Share of the hosts that are healthy, in percent; 0 if there are none at all. */
  readonly healthyPercent: number;
  /** Made when it is first asked for: few clusters compare zones. */
  #healthyHostsByZone: ReadonlyMap<string, readonly Host[]> | undefined = undefined;

  constructor(hosts: readonly Host[]) {
    this.hosts = Object.freeze([...hosts]);
    this.healthyHosts = hosts.every((host) => host.isHealthy)
      ? this.hosts
      : Object.freeze(hosts.filter((host) => host.isHealthy));
    this.healthyPercent = hosts.length === 0 ? 0 : (100 * this.healthyHosts.length) / hosts.length;
    Object.freeze(this);
  }

  /** The healthy hosts of each zone that has hosts; there may be none among them. */
  get healthyHostsByZone(): ReadonlyMap<string, readonly Host[]> {
    this.#healthyHostsByZone ??= groupByZone(this.hosts);
    return this.#healthyHostsByZone;
  }
}

function groupByZone(hosts: readonly Host[]): ReadonlyMap<string, readonly Host[]> {
  const zones = new Map<string, Host[]>();
  for (const host of hosts) {
    const healthy = zones.get(host.zone) ?? [];
    zones.set(host.zone, healthy);
    if (host.isHealthy) {
      healthy.push(host);
    }
  }
  return zones;
}
