import type { ClusterConfig } from '../config/cluster-config.js';
import type { ClusterManagerConfig } from '../config/cluster-manager-config.js';
import type { Cluster } from './cluster.js';
import { ClusterAsyncClient } from './cluster-async-client.js';
import { ClusterEntry } from './cluster-entry.js';
import type { ClusterEntryContext, ClusterManagerContext } from './cluster-manager-context.js';
import type { RestPollContext } from './discovery/rest-poll.js';

/** All clusters by name. */
export class ClusterManager {
  readonly #context: ClusterEntryContext;
  readonly #entries = new Map<string, ClusterEntry>();

  constructor(config: ClusterManagerConfig, context: ClusterManagerContext) {
    const restPollContext = this.restPollContext.bind(this);
    this.#context = { ...context, sds: config.sds, restPollContext };
    if (config.sds !== undefined) {
      // An ordinary cluster too: routes may name it.
      this.#add(config.sds.cluster);
    }
    for (const cluster of config.clusters) {
      this.#add(cluster);
    }
  }

  /** Returns the cluster of that name, or `undefined`. */
  get(name: string): Cluster | undefined {
    return this.#entries.get(name)?.cluster;
  }

  /** Returns what asks the discovery service that is the cluster `name`, or `undefined`. */
  restPollContext(name: string, refreshDelayMs: number): RestPollContext | undefined {
    const cluster = this.get(name);
    if (cluster === undefined) {
      return undefined;
    }
    const { clock, random, log, wheel } = this.#context;
    const client = new ClusterAsyncClient(cluster, wheel);
    return { clock, random, log, client, clusterName: name, refreshDelayMs };
  }

  *clusters(): Generator<Cluster> {
    for (const entry of this.#entries.values()) {
      yield entry.cluster;
    }
  }

  /**
   * Begins discovery. `onInitialized` is called once, when every cluster has had its first answer
   * or failure: first static and DNS clusters, then those that ask a discovery service, which is
   * itself a cluster of the first kind.
   */
  start(onInitialized: () => void): void {
    const entries = [...this.#entries.values()];
    const primary = entries.filter((entry) => !entry.isSecondary);
    const secondary = entries.filter((entry) => entry.isSecondary);
    startAll(primary, () => startAll(secondary, onInitialized));
  }

  /** Ends everything: discovery, and every connection. Idempotent. */
  close(): void {
    for (const entry of this.#entries.values()) {
      entry.close();
    }
  }

  #add(config: ClusterConfig): void {
    this.#entries.set(config.name, new ClusterEntry(config, this.#context));
  }
}

/** Starts them all; calls `onInitialized` once, when the last has called back. */
function startAll(entries: readonly ClusterEntry[], onInitialized: () => void): void {
  let waiting = entries.length + 1;
  const onOne = (): void => {
    waiting--;
    if (waiting === 0) {
      onInitialized();
    }
  };
  for (const entry of entries) {
    entry.start(onOne);
  }
  onOne();
}
