import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { Runtime } from '../base/runtime.js';
import type { TimerWheel } from '../base/timer-wheel.js';
import type { ClusterConfig } from '../config/cluster-config.js';
import type { ClusterManagerConfig, SdsConfig } from '../config/cluster-manager-config.js';
import type { StatsStore } from '../telemetry/stats/stats-store.js';
import { Cluster } from './cluster.js';
import { ClusterAsyncClient } from './cluster-async-client.js';
import type { SocketConnector } from './connection/connector.js';
import type { Discovery } from './discovery/discovery.js';
import type { DnsResolver } from './discovery/dns-resolver.js';
import { LogicalDnsDiscovery } from './discovery/logical-dns.js';
import type { RestPollContext } from './discovery/rest-poll.js';
import { SdsDiscovery } from './discovery/sds.js';
import { StaticDiscovery } from './discovery/static.js';
import { MountDiscovery, type MountedApplication } from './mounted-host.js';

/** What the clusters need from the sidecar. */
export interface ClusterManagerContext {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  /** Default: one without values. */
  readonly runtime?: Runtime;
  readonly log: Logger;
  readonly stats: StatsStore;
  readonly connector: SocketConnector;
  readonly resolver: DnsResolver;
  /** Cluster name to the application that stands in for its hosts. */
  readonly mounts: ReadonlyMap<string, MountedApplication>;
}

/** All clusters by name. */
export class ClusterManager {
  readonly #context: ClusterManagerContext;
  readonly #clusters = new Map<string, Cluster>();
  readonly #discoveries: Discovery[] = [];
  /** Started when the first ones have their hosts: reference 1.11. */
  readonly #sdsDiscoveries: Discovery[] = [];

  constructor(config: ClusterManagerConfig, context: ClusterManagerContext) {
    this.#context = context;
    if (config.sds !== undefined) {
      // An ordinary cluster too: routes may name it.
      this.#add(config.sds.cluster, config.sds);
    }
    for (const cluster of config.clusters) {
      this.#add(cluster, config.sds);
    }
  }

  /** Returns the cluster of that name, or `undefined`. */
  get(name: string): Cluster | undefined {
    return this.#clusters.get(name);
  }

  /** Returns what asks the discovery service that is the cluster `name`, or `undefined`. */
  restPollContext(name: string, refreshDelayMs: number): RestPollContext | undefined {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) {
      return undefined;
    }
    const { clock, random, log, wheel } = this.#context;
    const client = new ClusterAsyncClient(cluster, wheel);
    return { clock, random, log, client, clusterName: name, refreshDelayMs };
  }

  clusters(): Iterable<Cluster> {
    return this.#clusters.values();
  }

  /**
   * Begins discovery. `onInitialized` is called once, when every cluster has had its first answer
   * or failure: first static and DNS clusters, then those that ask a discovery service, which is
   * itself a cluster of the first kind.
   */
  start(onInitialized: () => void): void {
    startAll(this.#discoveries, () => startAll(this.#sdsDiscoveries, onInitialized));
  }

  /** Ends everything: discovery, and every connection. Idempotent. */
  close(): void {
    for (const discovery of [...this.#discoveries, ...this.#sdsDiscoveries]) {
      discovery.close();
    }
    for (const cluster of this.#clusters.values()) {
      cluster.close();
    }
  }

  #add(config: ClusterConfig, sds: SdsConfig | undefined): void {
    const cluster = new Cluster(config, this.#context);
    this.#clusters.set(config.name, cluster);
    this.#context.stats.register(`cluster.${config.name}.`, cluster.stats);
    const mounted = this.#context.mounts.get(config.name);
    const discovery =
      mounted === undefined
        ? this.#createDiscovery(cluster, sds)
        : new MountDiscovery(cluster, mounted, this.#context.log);
    const discoveries =
      discovery instanceof SdsDiscovery ? this.#sdsDiscoveries : this.#discoveries;
    discoveries.push(discovery);
  }

  #createDiscovery(cluster: Cluster, sds: SdsConfig | undefined): Discovery {
    const { clock, log, connector, resolver } = this.#context;
    const { discovery } = cluster.config;
    switch (discovery.type) {
      case 'static':
        return new StaticDiscovery(cluster, discovery.hosts);
      case 'logical_dns': {
        const resolveConnectTo = connector.resolve.bind(connector);
        return new LogicalDnsDiscovery(cluster, discovery, {
          clock,
          log,
          resolver,
          resolveConnectTo,
        });
      }
      case 'sds': {
        const poll = sds && this.restPollContext(sds.cluster.name, sds.refreshDelayMs);
        return poll === undefined
          ? // The configuration was checked for this; nothing to discover then.
            new StaticDiscovery(cluster, [])
          : new SdsDiscovery(cluster, discovery.serviceName, poll);
      }
      case 'strict_dns':
      case 'original_dst':
        // The parser leaves such clusters out.
        return new StaticDiscovery(cluster, []);
    }
  }
}

/** Starts them all; calls `onInitialized` once, when the last has called back. */
function startAll(discoveries: readonly Discovery[], onInitialized: () => void): void {
  let waiting = discoveries.length + 1;
  const onOne = (): void => {
    waiting--;
    if (waiting === 0) {
      onInitialized();
    }
  };
  for (const discovery of discoveries) {
    discovery.start(onOne);
  }
  onOne();
}
