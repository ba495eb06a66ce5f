import type { ClusterConfig } from '../config/cluster-config.js';
import type { ClusterManagerConfig } from '../config/cluster-manager-config.js';
import type { Cluster } from './cluster.js';
import type { ClusterDirectory } from './cluster-directory.js';
import type { ClusterEntry } from './cluster-entry.js';
import type { RestPollContext } from './discovery/rest-poll.js';
import { startInPhases } from './start-clusters.js';

/** What changes, by name. */
export interface ClusterChanges {
  readonly config: ClusterManagerConfig;
  /** New, or of another definition. */
  readonly changed: readonly ClusterConfig[];
  readonly removed: ReadonlySet<string>;
}

/** How an update makes its clusters, and how they ask discovery services. */
export interface ClusterUpdateContext {
  /** The clusters in force. */
  readonly current: ClusterDirectory;
  createEntry(config: ClusterConfig, directory: ClusterDirectory): ClusterEntry;
  createPoll(
    directory: ClusterDirectory,
    name: string,
    refreshDelayMs: number,
  ): RestPollContext | undefined;
  /** Called once if the clusters do not come into force. */
  onAbandoned(): void;
}

/**
 * Clusters that are about to come into force, and the directory as it will be then. They come to life
 * beside those in force, and change nothing about them before all of them are ready.
 */
export class ClusterUpdate implements ClusterDirectory {
  readonly #context: ClusterUpdateContext;
  /** Until they are handed over: some clusters keep this directory for as long as they live. */
  #changes: ClusterChanges | undefined;
  readonly #entries = new Map<string, ClusterEntry>();

  constructor(changes: ClusterChanges, context: ClusterUpdateContext) {
    this.#changes = changes;
    this.#context = context;
    for (const config of changes.changed) {
      this.#entries.set(config.name, context.createEntry(config, this));
    }
  }

  /** The clusters that come into force, as they are configured. */
  get changed(): readonly ClusterConfig[] {
    return this.#changes?.changed ?? [];
  }

  get areDiscovered(): boolean {
    return this.#changes === undefined
      ? this.#context.current.areDiscovered
      : this.#changes.config.cds !== undefined;
  }

  get(name: string): Cluster | undefined {
    const entry = this.#entries.get(name);
    if (entry !== undefined) {
      return entry.cluster;
    }
    return this.#changes?.removed.has(name) ? undefined : this.#context.current.get(name);
  }

  *names(): Generator<string> {
    for (const name of this.#context.current.names()) {
      if (!this.#changes?.removed.has(name) && !this.#entries.has(name)) {
        yield name;
      }
    }
    yield* this.#entries.keys();
  }

  restPollContext(name: string, refreshDelayMs: number): RestPollContext | undefined {
    return this.#context.createPoll(this, name, refreshDelayMs);
  }

  /** Resolves when every cluster has had its first answer or failure, and its first health checks. */
  warm(): Promise<void> {
    return new Promise((resolve) => {
      startInPhases([...this.#entries.values()], () => {}, resolve);
    });
  }

  /** Hands everything over to the cluster manager. Throws if that has been done. */
  take(): ClusterChanges & { readonly entries: readonly ClusterEntry[] } {
    const changes = this.#changes;
    if (changes === undefined) {
      throw new Error('an update of clusters is over');
    }
    this.#changes = undefined;
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    return { ...changes, entries };
  }

  /** Ends the clusters, unless they have been handed over. Idempotent. */
  abandon(): void {
    if (this.#changes === undefined) {
      return;
    }
    for (const entry of this.take().entries) {
      entry.close();
    }
    this.#context.onAbandoned();
  }
}
