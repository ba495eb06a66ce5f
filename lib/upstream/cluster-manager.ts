import type { ClusterConfig } from '../config/cluster-config.js';
import type {
  CdsConfig,
  ClusterManagerConfig,
  SdsConfig,
} from '../config/cluster-manager-config.js';
import { isSameConfig } from '../config/same-config.js';
import { ClusterManagerStats } from '../telemetry/stats/cluster-manager-stats.js';
import { DiscoveryStats } from '../telemetry/stats/discovery-stats.js';
import { StatsLease } from '../telemetry/stats/stats-lease.js';
import type { Cluster } from './cluster.js';
import { ClusterAsyncClient } from './cluster-async-client.js';
import type { ClusterDirectory } from './cluster-directory.js';
import { ClusterEntry } from './cluster-entry.js';
import type { ClusterEntryContext, ClusterManagerContext } from './cluster-manager-context.js';
import { ClusterUpdate } from './cluster-update.js';
import { CdsDiscovery } from './discovery/cds.js';
import type { RestPollContext } from './discovery/rest-poll.js';
import { inheritHosts } from './inherit-hosts.js';
import type { LocalCluster } from './load-balancing/create-host-chooser.js';
import { configuredClusters, planClusterChanges } from './plan-cluster-changes.js';
import { RetiredClusters } from './retired-clusters.js';
import { startInPhases } from './start-clusters.js';

/** A discovered cluster that is not in force yet. */
interface WarmingCluster {
  readonly entry: ClusterEntry;
  /** Called once: it is in force, or will never be. */
  onDone(): void;
}

/** All clusters by name: those of the configuration, and those that are discovered. */
export class ClusterManager implements ClusterDirectory {
  readonly #context: ClusterManagerContext;
  readonly #localCluster: LocalCluster | undefined;
  readonly #stats = new ClusterManagerStats();
  #cdsLease: StatsLease;
  /** Those in force. */
  readonly #entries = new Map<string, ClusterEntry>();
  readonly #warming = new Map<string, WarmingCluster>();
  readonly #retired: RetiredClusters;
  #lastEntryContext:
    | { readonly directory: ClusterDirectory; readonly context: ClusterEntryContext }
    | undefined = undefined;
  #config: ClusterManagerConfig;
  #cds: CdsDiscovery | undefined = undefined;
  #version = 0;
  #isClosed = false;

  constructor(config: ClusterManagerConfig, context: ClusterManagerContext) {
    this.#config = config;
    this.#context = context;
    const name = config.localClusterName;
    this.#localCluster = name === undefined ? undefined : this.#createLocalCluster(name);
    this.#cdsLease = new StatsLease(context.stats);
    this.#retired = new RetiredClusters(context.wheel);
    context.stats.register('cluster_manager', this.#stats);
    for (const cluster of configuredClusters(config)) {
      this.#enter(this.#createEntry(cluster, this));
    }
    this.#cds = this.#createCds(config.cds);
  }

  /** Changes whenever a cluster comes, goes or is replaced. */
  get version(): number {
    return this.#version;
  }

  get areDiscovered(): boolean {
    return this.#config.cds !== undefined;
  }

  get(name: string): Cluster | undefined {
    return this.#entries.get(name)?.cluster;
  }

  names(): Iterable<string> {
    return this.#entries.keys();
  }

  *clusters(): Generator<Cluster> {
    for (const entry of this.#entries.values()) {
      yield entry.cluster;
    }
  }

  restPollContext(name: string, refreshDelayMs: number): RestPollContext | undefined {
    return this.#createPoll(this, name, refreshDelayMs);
  }

  /**
   * Begins discovery. `onInitialized` is called once, when every cluster has had its first answer or
   * failure: first those of the configuration, then those that a discovery service tells of.
   */
  start(onInitialized: () => void): void {
    startInPhases(
      [...this.#entries.values()],
      () => {},
      () => {
        if (this.#cds === undefined) {
          onInitialized();
        } else {
          this.#cds.start(onInitialized);
        }
      },
    );
  }

  /**
   * Makes the clusters that `config` has and the one in force has not. Nothing changes yet; what
   * discovery brings meanwhile waits, or the update would fit what there was and not what there is.
   */
  prepare(config: ClusterManagerConfig): ClusterUpdate {
    const changes = planClusterChanges(this.#config, config, this.clusters());
    const update = new ClusterUpdate(changes, {
      current: this,
      createEntry: (cluster, directory) => this.#createEntry(cluster, directory, config),
      createPoll: this.#createPoll.bind(this),
      onAbandoned: () => this.#cds?.resume(),
    });
    this.#cds?.pause();
    for (const name of [...this.#warming.keys()]) {
      this.#cancelWarming(name);
    }
    return update;
  }

  /** Puts what `prepare` has made into force, all of it at once. */
  commit(update: ClusterUpdate): void {
    const { config, removed, entries } = update.take();
    const isSameCds = isSameConfig(this.#config.cds, config.cds);
    const configured = new Set(configuredClusters(config).map(({ name }) => name));
    this.#config = config;
    for (const entry of entries) {
      entry.cluster.addedViaApi = !configured.has(entry.cluster.name);
      this.#enter(entry);
    }
    for (const name of removed) {
      this.#remove(name);
    }
    for (const name of configured) {
      const cluster = this.get(name);
      if (cluster !== undefined) {
        // It may have been discovered before it was configured.
        cluster.addedViaApi = false;
      }
    }
    if (!isSameCds) {
      this.#replaceCds(config.cds);
    } else {
      this.#cds?.resume();
    }
  }

  /** Ends everything: discovery, and every connection. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cds?.close();
    for (const name of [...this.#warming.keys()]) {
      this.#cancelWarming(name);
    }
    for (const entry of this.#entries.values()) {
      entry.close();
    }
    this.#retired.close();
  }

  /** Takes the clusters that a discovery service knows, all of them: reference 4.9. */
  #applyDiscovered(clusters: readonly ClusterConfig[], onWarm: () => void): void {
    const wanted = new Set(clusters.map(({ name }) => name));
    const gone = [...this.#entries.values()].filter(
      ({ cluster }) => cluster.addedViaApi && !wanted.has(cluster.name),
    );
    for (const { cluster } of gone) {
      this.#remove(cluster.name);
    }
    for (const name of [...this.#warming.keys()].filter((name) => !wanted.has(name))) {
      this.#cancelWarming(name);
    }
    const entries = clusters.flatMap((config) => this.#createWarming(config) ?? []);
    this.#warm(entries, onWarm);
  }

  /** Returns `undefined` if the cluster is there as it should be, or is none of discovery's. */
  #createWarming(config: ClusterConfig): ClusterEntry | undefined {
    const { name } = config;
    const known = this.get(name);
    if (known?.addedViaApi === false) {
      this.#context.log.warn(`cds: the cluster ${name} is one of the configuration's, and stays`);
      return undefined;
    }
    const warming = this.#warming.get(name);
    if (isSameConfig(warming?.entry.cluster.config, config)) {
      return undefined;
    }
    this.#cancelWarming(name);
    if (isSameConfig(known?.config, config)) {
      return undefined;
    }
    const entry = this.#createEntry(config, this);
    entry.cluster.addedViaApi = true;
    return entry;
  }

  /** Starts clusters; each comes into force when it is ready. */
  #warm(entries: readonly ClusterEntry[], onWarm: () => void): void {
    let waiting = entries.length + 1;
    const onDone = (): void => {
      waiting--;
      if (waiting === 0) {
        onWarm();
      }
    };
    for (const entry of entries) {
      this.#warming.set(entry.cluster.name, { entry, onDone });
    }
    this.#stats.warmingClusters = this.#warming.size;
    startInPhases(
      entries,
      (entry) => {
        const warming = this.#warming.get(entry.cluster.name);
        if (warming?.entry === entry) {
          this.#warming.delete(entry.cluster.name);
          this.#enter(entry);
          onDone();
        }
      },
      onDone,
    );
  }

  #cancelWarming(name: string): void {
    const warming = this.#warming.get(name);
    if (warming !== undefined) {
      this.#warming.delete(name);
      this.#stats.warmingClusters = this.#warming.size;
      warming.entry.close();
      warming.onDone();
    }
  }

  /** Puts a cluster into force; the one that had its name drains. */
  #enter(entry: ClusterEntry): void {
    const { name } = entry.cluster;
    const previous = this.#entries.get(name);
    if (previous !== undefined) {
      inheritHosts(entry.cluster, previous.cluster);
    }
    this.#entries.set(name, entry);
    entry.enter();
    if (previous === undefined) {
      this.#stats.clusterAdded++;
    } else {
      this.#stats.clusterModified++;
      this.#retired.add(previous);
    }
    this.#onChanged();
  }

  #remove(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) {
      this.#entries.delete(name);
      this.#stats.clusterRemoved++;
      this.#retired.add(entry);
      this.#onChanged();
    }
  }

  #onChanged(): void {
    this.#version++;
    this.#stats.totalClusters = this.#entries.size;
    this.#stats.warmingClusters = this.#warming.size;
  }

  #createEntry(
    config: ClusterConfig,
    directory: ClusterDirectory,
    { sds }: ClusterManagerConfig = this.#config,
  ): ClusterEntry {
    return new ClusterEntry(config, this.#entryContext(directory, sds));
  }

  /** There may be thousands of clusters, so those that come together share it. */
  #entryContext(directory: ClusterDirectory, sds: SdsConfig | undefined): ClusterEntryContext {
    const last = this.#lastEntryContext;
    if (last?.directory === directory && last.context.sds === sds) {
      return last.context;
    }
    const restPollContext = directory.restPollContext.bind(directory);
    const localCluster = this.#localCluster;
    const names = this.names.bind(this);
    const context = { ...this.#context, names, sds, restPollContext, localCluster };
    this.#lastEntryContext = { directory, context };
    return context;
  }

  #createPoll(
    directory: ClusterDirectory,
    name: string,
    refreshDelayMs: number,
  ): RestPollContext | undefined {
    if (directory.get(name) === undefined) {
      return undefined;
    }
    const { clock, random, log, wheel } = this.#context;
    const client = new ClusterAsyncClient(() => directory.get(name), wheel);
    return { clock, wheel, random, log, client, clusterName: name, refreshDelayMs };
  }

  #createLocalCluster(name: string): LocalCluster {
    return { name, hostSet: () => this.get(name)?.hostSet };
  }

  #createCds(cds: CdsConfig | undefined): CdsDiscovery | undefined {
    const poll = cds && this.restPollContext(cds.cluster.name, cds.refreshDelayMs);
    if (poll === undefined) {
      return undefined;
    }
    return new CdsDiscovery({
      poll,
      stats: this.#cdsLease.share('cluster_manager.cds', DiscoveryStats),
      shared: this.#context,
      hasSds: () => this.#config.sds !== undefined || this.#context.registrations !== undefined,
      isKnown: (cluster) => isSameConfig(this.get(cluster.name)?.config, cluster),
      apply: this.#applyDiscovered.bind(this),
    });
  }

  #replaceCds(cds: CdsConfig | undefined): void {
    this.#cds?.close();
    const previousLease = this.#cdsLease;
    this.#cdsLease = new StatsLease(this.#context.stats);
    this.#cds = this.#createCds(cds);
    // After the next one was taken: counters belong to their names.
    previousLease.release();
    if (!this.#isClosed) {
      this.#cds?.start(() => {});
    }
  }
}
