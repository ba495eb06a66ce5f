import { ConfigError, SidecarError } from '../base/errors.js';
import type { RuntimeLoader } from '../base/runtime/runtime-loader.js';
import { SerialQueue } from '../base/serial-queue.js';
import type { Config } from '../config/config.js';
import type { ListenerConfig } from '../config/listener-config.js';
import { isSameConfig } from '../config/same-config.js';
import type { ListenerEntry } from '../downstream/listener-entry.js';
import type { ListenerManager } from '../downstream/listener-manager.js';
import type { ClusterDirectory } from '../upstream/cluster-directory.js';
import type { ClusterUpdate } from '../upstream/cluster-update.js';
import { checkClusterTls } from '../upstream/tls/cluster-tls-material.js';
import { createListenerEntry } from './create-listener-entry.js';
import { createRuntimeLoader } from './create-runtime-loader.js';
import { ListenerDiscovery } from './listener-discovery.js';
import { loadListenerFiles } from './listener-files.js';
import { loadRateLimitService } from './load-rate-limit-service.js';
import type { SharedParts } from './shared-parts.js';
import { findUnchangeable } from './unchangeable-keys.js';

/**
 * Puts one configuration in the place of another while requests go on: docs/decisions/0010.
 *
 * Everything new is made, warmed and bound beside what is there; then, within one turn of the event
 * loop, it takes its place. What goes wrong before leaves everything as it was.
 */
export class ConfigurationUpdater {
  readonly #shared: SharedParts;
  readonly #listenerManager: ListenerManager;
  /** Changes of listeners, by whomever, come one after the other. */
  readonly #queue = new SerialQueue();
  /** What ends the waiting of those who wait, if everything stops meanwhile. */
  readonly #stops = new Set<() => void>();
  #isStopped = false;
  #config: Config;
  #lds: ListenerDiscovery | undefined;
  #runtimeLoader: RuntimeLoader | undefined;

  constructor(config: Config, shared: SharedParts, listenerManager: ListenerManager) {
    this.#config = config;
    this.#shared = shared;
    this.#listenerManager = listenerManager;
    this.#lds = this.#createLds(config);
    this.#runtimeLoader = this.#createRuntimeLoader(config);
  }

  /** The configuration in force, with the listeners and clusters that were discovered. */
  get config(): Config {
    const { clusterManager } = this.#config;
    const { sds, cds } = clusterManager;
    const own = new Set([sds?.cluster.name, cds?.cluster.name]);
    const clusters = [...this.#shared.clusterManager.clusters()]
      .filter(({ name }) => !own.has(name))
      .map(({ config }) => config);
    const listeners = this.#listenerManager.entries().map(({ listener }) => listener.config);
    return { ...this.#config, listeners, clusterManager: { ...clusterManager, clusters } };
  }

  /** Loads the runtime values. Before all that goes by them. */
  async startRuntime(): Promise<void> {
    await this.#runtimeLoader?.start();
  }

  /** Asks for the routes of the listeners, and for more listeners; resolves with the first answers. */
  async startDiscovery(): Promise<void> {
    const routes = this.#listenerManager.entries().map(warm);
    const listeners =
      this.#lds === undefined ? [] : [new Promise<void>((done) => this.#lds?.start(done))];
    await Promise.all([...routes, ...listeners]);
  }

  /** Binds the listeners of the start; what is discovered meanwhile comes after. Rejects if it fails. */
  listen(): Promise<void> {
    return this.#queue.run(() => this.#listenerManager.listen());
  }

  /**
   * Puts the configuration that `load` resolves with into force. Rejects, with nothing changed, if it
   * cannot be, or with `SIDECAR_CLOSED` if the sidecar is closed meanwhile. `load` is called when the
   * updates before it are over.
   */
  update(load: () => Promise<Config>): Promise<void> {
    return this.#queue.run(async () => {
      this.#throwIfStopped();
      await this.#update(await load());
    });
  }

  /** Nothing changes any more; an update under way is given up. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#lds?.close();
    for (const stop of this.#stops) {
      stop();
    }
  }

  /** Ends what is left when requests have ended. Idempotent. */
  close(): void {
    this.stop();
    this.#runtimeLoader?.close();
  }

  async #update(config: Config): Promise<void> {
    this.#throwIfStopped();
    const problems = findUnchangeable(this.#config, config);
    if (problems.length > 0) {
      throw new ConfigError(problems, 'the new configuration');
    }
    const clusters = this.#shared.clusterManager.prepare(config.clusterManager);
    const added: ListenerEntry[] = [];
    try {
      await this.#apply(config, clusters, added);
    } catch (error) {
      clusters.abandon();
      for (const entry of added) {
        entry.close();
      }
      throw error;
    }
  }

  /** Everything up to the commit may fail, and then leaves only `clusters` and `added` to be ended. */
  async #apply(config: Config, clusters: ClusterUpdate, added: ListenerEntry[]): Promise<void> {
    const { clusterManager, rateLimitService, options } = this.#shared;
    const manager = this.#listenerManager;
    // Not those that stay: whatever has become of their files, they have what they need.
    const changed = { clusters: clusters.changed, sds: undefined, cds: undefined };
    await checkClusterTls(changed, options.clock.wallNow(), options.mounts);
    const current = manager.entriesOf('configured');
    const listeners = await this.#createListeners(config.listeners, current, clusters, added);
    const nextRateLimit =
      config.rateLimitCluster === this.#config.rateLimitCluster
        ? undefined
        : { service: await loadRateLimitService(config, this.#shared) };
    await this.#unlessStopped(clusters.warm());
    await this.#unlessStopped(Promise.all(added.map(warm)));
    const names = new Set(listeners.map(({ name }) => name));
    const alsoGone = manager
      .entriesOf('discovered')
      .filter(({ name }) => config.lds === undefined || names.has(name));
    await manager.bind(added, [...current.filter((old) => !listeners.includes(old)), ...alsoGone]);
    this.#throwIfStopped();
    // From here on nothing waits and nothing fails.
    clusterManager.commit(clusters);
    manager.replace('configured', listeners, alsoGone);
    if (nextRateLimit !== undefined) {
      rateLimitService.replace(nextRateLimit.service);
    }
    const previous = this.#config;
    this.#config = config;
    await this.#replaceServices(previous);
  }

  /** Goes over to the discovery of listeners and the runtime values of the configuration in force. */
  async #replaceServices(previous: Config): Promise<void> {
    const config = this.#config;
    if (!isSameConfig(previous.lds, config.lds)) {
      const previousLds = this.#lds;
      this.#lds = this.#createLds(config);
      // After the next one was made: counters belong to their names.
      previousLds?.close();
      this.#lds?.start(() => {});
    }
    if (!isSameConfig(previous.runtime, config.runtime)) {
      await this.#replaceRuntime(config);
    }
  }

  /** Returns all listeners that are to be there; those that are new are in `added`, too. */
  async #createListeners(
    configs: readonly ListenerConfig[],
    current: readonly ListenerEntry[],
    clusters: ClusterDirectory,
    added: ListenerEntry[],
  ): Promise<readonly ListenerEntry[]> {
    const known = configs.map((config) =>
      current.find(({ listener }) => isSameConfig(listener.config, config)),
    );
    const changed = configs.filter((_, index) => known[index] === undefined);
    const { options, callTracing } = this.#shared;
    const files = await loadListenerFiles(changed, options, callTracing.tracing);
    const listeners: ListenerEntry[] = [];
    for (const [index, config] of configs.entries()) {
      let entry = known[index];
      if (entry === undefined) {
        entry = await createListenerEntry(config, files, clusters, this.#shared);
        added.push(entry);
      }
      listeners.push(entry);
    }
    return listeners;
  }

  #createLds({ lds }: Config): ListenerDiscovery | undefined {
    const { clusterManager } = this.#shared;
    const poll = lds && clusterManager.restPollContext(lds.cluster, lds.refreshDelayMs);
    return (
      poll &&
      new ListenerDiscovery(poll, {
        shared: this.#shared,
        listenerManager: this.#listenerManager,
        listenerManagerStats: this.#shared.listenerManagerStats,
        queue: this.#queue,
        unlessStopped: this.#unlessStopped.bind(this),
      })
    );
  }

  #createRuntimeLoader(config: Config): RuntimeLoader | undefined {
    const { options, runtime, runtimeStats } = this.#shared;
    return createRuntimeLoader(config.runtime, options, runtime, runtimeStats);
  }

  /** A tree that cannot be read is logged and counted, and the values stay: no reason to refuse. */
  async #replaceRuntime(config: Config): Promise<void> {
    this.#runtimeLoader?.close();
    this.#runtimeLoader = this.#createRuntimeLoader(config);
    if (this.#runtimeLoader === undefined) {
      this.#shared.runtime.replaceTree(new Map());
    }
    await this.#runtimeLoader?.start();
  }

  async #unlessStopped<T>(work: Promise<T>): Promise<T | undefined> {
    this.#throwIfStopped();
    // One of its own for each: what waits for a promise that is there for ever is, too.
    let stop: () => void = () => {};
    const stopping = new Promise<undefined>((resolve) => {
      stop = () => resolve(undefined);
    });
    this.#stops.add(stop);
    const result = await Promise.race([work, stopping]);
    this.#stops.delete(stop);
    this.#throwIfStopped();
    return result;
  }

  #throwIfStopped(): void {
    if (this.#isStopped) {
      throw new SidecarError('SIDECAR_CLOSED', 'the sidecar is draining or has been closed');
    }
  }
}

function warm(entry: ListenerEntry): Promise<void> {
  return new Promise((resolve) => entry.start(resolve));
}
