import type { ClusterConfig } from '../config/cluster-config.js';
import { Cluster } from './cluster.js';
import type { ClusterEntryContext } from './cluster-manager-context.js';
import { createDiscovery } from './create-discovery.js';
import type { Discovery } from './discovery/discovery.js';

/**
 * A cluster with all that keeps it going: what finds its hosts, and what watches them. It begins
 * with `start` and is gone with `close`.
 */
export class ClusterEntry {
  readonly cluster: Cluster;
  readonly #discovery: Discovery;

  constructor(config: ClusterConfig, context: ClusterEntryContext) {
    this.cluster = new Cluster(config, context);
    context.stats.register(`cluster.${config.name}.`, this.cluster.stats);
    this.#discovery = createDiscovery(this.cluster, context);
  }

  /** Whether a service is asked for its hosts that is a cluster itself, and so has to be there first. */
  get isSecondary(): boolean {
    return this.cluster.config.discovery.type === 'sds';
  }

  /** Begins; `onInitialized` is called once, after the first answer or failure. */
  start(onInitialized: () => void): void {
    this.#discovery.start(onInitialized);
  }

  /** Ends everything: discovery, and every connection. Idempotent. */
  close(): void {
    this.#discovery.close();
    this.cluster.close();
  }
}
