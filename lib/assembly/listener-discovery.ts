import type { SerialQueue } from '../base/serial-queue.js';
import type { ListenerConfig } from '../config/listener-config.js';
import { isSameConfig } from '../config/same-config.js';
import { LdsDiscovery } from '../downstream/lds.js';
import type { ListenerEntry } from '../downstream/listener-entry.js';
import type { ListenerManager } from '../downstream/listener-manager.js';
import { DiscoveryStats } from '../telemetry/stats/discovery-stats.js';
import type { ListenerManagerStats } from '../telemetry/stats/listener-manager-stats.js';
import { StatsLease } from '../telemetry/stats/stats-lease.js';
import type { RestPollContext } from '../upstream/discovery/rest-poll.js';
import { createListenerEntry } from './create-listener-entry.js';
import { loadListenerFiles } from './listener-files.js';
import type { SharedParts } from './shared-parts.js';

/** What listeners are discovered with. */
export interface ListenerDiscoveryContext {
  readonly shared: SharedParts;
  readonly listenerManager: ListenerManager;
  readonly listenerManagerStats: ListenerManagerStats;
  /** Changes of listeners, by whomever, come one after the other. */
  readonly queue: SerialQueue;
  /** Resolves as `work` does; rejects when the sidecar stops. */
  unlessStopped<T>(work: Promise<T>): Promise<T | undefined>;
}

/**
 * The listeners that a discovery service tells of. Each stands for itself: one that cannot be made or
 * bound is logged and counted, leaves the one before it in force, and is tried again with the next
 * answer. Those of the configuration are not touched.
 */
export class ListenerDiscovery {
  readonly #context: ListenerDiscoveryContext;
  readonly #statsLease: StatsLease;
  readonly #lds: LdsDiscovery;
  /** By the name of a listener, what was last said about it; it is said once. */
  #complaints: ReadonlyMap<string, string> = new Map();
  #isClosed = false;

  constructor(poll: RestPollContext, context: ListenerDiscoveryContext) {
    this.#context = context;
    const { options, clusterManager, stats } = context.shared;
    this.#statsLease = new StatsLease(stats);
    this.#lds = new LdsDiscovery({
      ...options,
      poll,
      stats: this.#statsLease.share('listener_manager.lds', DiscoveryStats),
      answerContext: () => ({
        unsupported: options.unsupported,
        clusterNames: clusterManager.names(),
        hasCds: clusterManager.areDiscovered,
        httpFilters: options.httpFilters.keys(),
      }),
      apply: (listeners) => this.#apply(listeners),
    });
  }

  /** `onInitialized` is called once: after the first failure, or when the first listeners are ready. */
  start(onInitialized: () => void): void {
    this.#lds.start(onInitialized);
  }

  /** Asks no more; the listeners stay. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#lds.close();
    this.#statsLease.release();
  }

  async #apply(listeners: readonly ListenerConfig[]): Promise<void> {
    await this.#context.queue.run(async () => {
      if (!this.#isClosed) {
        const complaints = new Map<string, string>();
        await this.#reconcile(this.#withoutConfigured(listeners, complaints), complaints);
        this.#complaints = complaints;
      }
    });
  }

  /** A listener of the configuration keeps its name to itself, as a cluster does. */
  #withoutConfigured(
    listeners: readonly ListenerConfig[],
    complaints: Map<string, string>,
  ): readonly ListenerConfig[] {
    const entries = this.#context.listenerManager.entriesOf('configured');
    const names = new Set(entries.map(({ name }) => name));
    return listeners.filter(({ name }) => {
      if (names.has(name)) {
        this.#complain(name, "it is one of the configuration's, and stays", complaints);
      }
      return !names.has(name);
    });
  }

  async #reconcile(
    listeners: readonly ListenerConfig[],
    complaints: Map<string, string>,
  ): Promise<void> {
    const { listenerManager, listenerManagerStats } = this.#context;
    const current = listenerManager.entriesOf('discovered');
    const changed = listeners.filter(
      (config) => !current.some(({ listener }) => isSameConfig(listener.config, config)),
    );
    listenerManagerStats.totalListenersWarming = changed.length;
    const made = await Promise.all(changed.map((config) => this.#make(config, complaints)));
    listenerManagerStats.totalListenersWarming = 0;
    const added = new Map(made.flatMap((entry) => (entry ? [[entry.name, entry] as const] : [])));
    const next = (): readonly ListenerEntry[] =>
      listeners.flatMap(
        ({ name }) => added.get(name) ?? current.find((entry) => entry.name === name) ?? [],
      );
    // One that cannot be bound leaves the one before it its socket, which another may have counted on.
    for (let count = -1; count !== added.size; ) {
      count = added.size;
      await this.#bindAll(added, current, next, complaints);
    }
    if (this.#isClosed) {
      for (const entry of added.values()) {
        entry.close();
      }
    } else {
      listenerManager.replace('discovered', next());
    }
  }

  /** Binds what is `added`; what cannot be bound is taken out of it. `next`: all that are to be there. */
  async #bindAll(
    added: Map<string, ListenerEntry>,
    current: readonly ListenerEntry[],
    next: () => readonly ListenerEntry[],
    complaints: Map<string, string>,
  ): Promise<void> {
    for (const entry of [...added.values()]) {
      const staying = next();
      try {
        await this.#context.listenerManager.bind(
          [entry],
          current.filter((old) => !staying.includes(old)),
        );
      } catch (error) {
        entry.close();
        added.delete(entry.name);
        this.#complain(entry.name, messageOf(error), complaints);
      }
    }
  }

  /** Makes a listener and waits for its routes; `undefined` if that fails. */
  async #make(
    config: ListenerConfig,
    complaints: Map<string, string>,
  ): Promise<ListenerEntry | undefined> {
    const { shared, listenerManagerStats, unlessStopped } = this.#context;
    let entry: ListenerEntry | undefined;
    try {
      const { options, callTracing } = shared;
      const files = await loadListenerFiles([config], options, callTracing.tracing);
      const made = await createListenerEntry(config, files, shared.clusterManager, shared);
      entry = made;
      await unlessStopped(new Promise<void>((resolve) => made.start(resolve)));
      return made;
    } catch (error) {
      entry?.close();
      listenerManagerStats.listenerCreateFailure++;
      this.#complain(config.name, messageOf(error), complaints);
      return undefined;
    }
  }

  #complain(name: string, message: string, complaints: Map<string, string>): void {
    complaints.set(name, message);
    if (this.#complaints.get(name) !== message && !this.#isClosed) {
      this.#context.shared.options.log.error(`lds: listener ${name}: ${message}`);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
