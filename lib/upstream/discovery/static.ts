import type { Address } from '../../config/address.js';
import type { Cluster } from '../cluster.js';
import type { Discovery } from './discovery.js';
import { createUncheckedHost } from './unchecked-host.js';

/** The hosts that the configuration lists. */
export class StaticDiscovery implements Discovery {
  readonly #cluster: Cluster;
  readonly #hosts: readonly Address[];

  constructor(cluster: Cluster, hosts: readonly Address[]) {
    this.#cluster = cluster;
    this.#hosts = hosts;
  }

  start(onInitialized: () => void): void {
    const cluster = this.#cluster;
    cluster.updateHosts(this.#hosts.map((address) => createUncheckedHost(cluster, address)));
    onInitialized();
  }

  close(): void {
    // The list never changes.
  }
}
