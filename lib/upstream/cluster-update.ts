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
  readonly changes: ClusterChanges;
  readonly #context: ClusterUpdateContext;
  readonly #entries = new Map<string, ClusterEntry>();
  /** Whether the clusters are those of the cluster manager now. */
  #isCommitted = false;

  constructor(changes: ClusterChanges, context: ClusterUpdateContext) {
    this.changes = changes;
    this.#context = context;
    for (const config of changes.changed) {
      this.#entries.set(config.name, context.createEntry(config, this));
    }
  }

  get areDiscovered(): boolean {
    return this.changes.config.cds !== undefined;
  }

  get(name: string): Cluster | undefined {
    if (this.#isCommitted) {
      return this.#context.current.get(name);
    }
    const entry = this.#entries.get(name);
    if (entry !== undefined) {
      return entry.cluster;
    }
    return this.changes.removed.has(name) ? undefined : this.#context.current.get(name);
  }

  *names(): Generator<string> {
    for (const name of this.#context.current.names()) {
      if (this.#isCommitted || (!this.changes.removed.has(name) && !this.#entries.has(name))) {
        yield name;
      }
    }
    if (!this.#isCommitted) {
      yield* this.#entries.keys();
    }
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

  /** Hands the clusters over to the cluster manager. Called once. */
  takeEntries(): readonly ClusterEntry[] {
    this.#isCommitted = true;
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    return entries;
  }

  /** Ends the clusters, unless they have been handed over. Idempotent. */
  abandon(): void {
    if (this.#isCommitted) {
      return;
    }
    for (const entry of this.takeEntries()) {
      entry.close();
    }
    this.#context.onAbandoned();
  }
}
