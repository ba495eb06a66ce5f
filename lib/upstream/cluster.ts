import { type Logger, silentLogger } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { Runtime } from '../base/runtime.js';
import type { TimerWheel } from '../base/timer-wheel.js';
import type { Address } from '../config/address.js';
import type { ClusterConfig } from '../config/cluster-config.js';
import type { RoutingPriority } from '../config/route-config.js';
import { ClusterStats } from '../telemetry/stats/cluster-stats.js';
import { TlsStats } from '../telemetry/stats/tls-stats.js';
import type { FailureRateBreaker } from './breaker/failure-rate-breaker.js';
import type { PoolContext } from './connection/connection-pool.js';
import type { Connector } from './connection/connector.js';
import type { Host, HostContext } from './host.js';
import { HostSet } from './host-set.js';
import { createHostChooser, type LocalCluster } from './load-balancing/create-host-chooser.js';
import type { HostChooser } from './load-balancing/host-chooser.js';
import type { LoadBalancerContext } from './load-balancing/load-balancer.js';
import { SlowStart } from './load-balancing/slow-start.js';
import { canStartSlowly, type SlowStartPolicy } from './load-balancing/slow-start-options.js';
import { ResourceManager } from './resource-manager.js';
import { type ClusterConnectors, createConnectors } from './tls/cluster-connectors.js';
import { ClusterTls } from './tls/cluster-tls.js';

/** What every cluster needs from the sidecar. */
export interface ClusterContext {
  readonly wheel: TimerWheel;
  readonly random: Random;
  /** `resolve` says where an address is really reached. */
  readonly connector: Connector & { resolve?(target: Address): Address };
  /** Default: silence. */
  readonly log?: Logger;
  /** Default: one without values. */
  readonly runtime?: Runtime;
  /** Those of the cluster whose place it takes, as counters belong to names. Default: new ones. */
  readonly clusterStats?: ClusterStats | undefined;
  /** The zone that this process is in. Default: unknown. */
  readonly serviceZone?: string | undefined;
  /** `undefined` if requests are not kept in their zone. */
  readonly localCluster?: LocalCluster | undefined;
  /** By the name of the cluster, or `*` for all others: how hosts that come get to their share. */
  readonly slowStart?: ReadonlyMap<string, SlowStartPolicy> | undefined;
  /** Names of clusters with an application in the place of their hosts. */
  readonly mounts?: { has(name: string): boolean } | undefined;
}

/** Hears which hosts come and go. */
export interface MemberObserver {
  /** Called after the members have been replaced, if any has come or gone. */
  onMembersChanged(added: readonly Host[], removed: readonly Host[]): void;
}

/** What outlier detection has found when it last compared the hosts of a cluster. */
export interface OutlierSummary {
  /** Of their success rates, in percent; -1 if they could not be compared. */
  readonly successRateAverage: number;
  /** Hosts below it were outliers; -1 likewise. */
  readonly successRateEjectionThreshold: number;
}

/** One cluster at run time: its members, its balancer, its limits, its counters. */
export class Cluster {
  readonly config: ClusterConfig;
  readonly stats: ClusterStats;
  readonly defaultResources: ResourceManager;
  readonly highResources: ResourceManager;
  /** The runtime key with the share of requests, in percent, that the cluster does not take. */
  readonly maintenanceKey: string;
  /** Whether it came from a discovery service instead of the configuration. */
  addedViaApi = false;
  /** The zone that requests to this cluster come from; empty if unknown. */
  readonly serviceZone: string;
  /** `undefined` for plain text. */
  readonly tls: ClusterTls | undefined;
  /** What hosts of this cluster are made with. */
  readonly hostContext: HostContext;
  /** Set if the cluster ejects hosts that answer badly. */
  outlierSummary: OutlierSummary | undefined = undefined;
  /** Whether its members are the ones to show: several clusters of one name may be there at a time. */
  isInForce = true;
  /** Whether discovery has told of its hosts by now, or that there are none. */
  areHostsKnown = false;
  /** Set if there is a failure-rate breaker, which is asked before a host is chosen. */
  breaker: FailureRateBreaker | undefined = undefined;
  readonly #hostChooser: HostChooser;
  readonly #slowStart: SlowStart | undefined;
  readonly #memberObservers: MemberObserver[] = [];
  #hostSet: HostSet = HostSet.empty;
  /** Whether a host has changed its health or weight since. Rebuilt when asked for: many do at once. */
  #isHostSetStale = false;
  /** Members no more, but with connections on which requests may still be under way. */
  #drainingHosts: readonly Host[] = [];

  constructor(config: ClusterConfig, context: ClusterContext) {
    this.config = config;
    this.stats = context.clusterStats ?? new ClusterStats();
    this.serviceZone = context.serviceZone ?? '';
    this.maintenanceKey = `upstream.maintenance_mode.${config.name}`;
    const { default: defaults, high } = config.circuitBreakers;
    const scope = `circuit_breakers.${config.name}`;
    this.defaultResources = new ResourceManager(defaults, context.runtime, `${scope}.default`);
    this.highResources = new ResourceManager(high, context.runtime, `${scope}.high`);
    this.tls = this.#createTls(context);
    const connectors = createConnectors(config, this.tls, context);
    this.hostContext = {
      default: this.#createPoolContext(this.defaultResources, context, connectors),
      high: this.#createPoolContext(this.highResources, context, connectors),
      onHealthChanged: (host) => this.#onHealthChanged(host),
      onWeightChanged: () => {
        this.#isHostSetStale = true;
      },
    };
    this.#slowStart = createSlowStart(config, context);
    this.#hostChooser = createHostChooser(config, {
      ...context,
      clock: context.wheel.clock,
      hostContext: this.hostContext,
      stats: this.stats,
      updateHosts: (hosts) => this.updateHosts(hosts),
      startsSlowly: this.#slowStart !== undefined,
    });
  }

  get name(): string {
    return this.config.name;
  }

  get hostSet(): HostSet {
    if (this.#isHostSetStale) {
      this.#isHostSetStale = false;
      this.#hostSet = new HostSet(this.#hostSet.hosts);
    }
    return this.#hostSet;
  }

  /** `observer` hears of all hosts that come and go from now on. */
  addMemberObserver(observer: MemberObserver): void {
    this.#memberObservers.push(observer);
  }

  /** The circuit breakers of a routing priority. */
  resourcesOf(priority: RoutingPriority | undefined): ResourceManager {
    return priority === 'high' ? this.highResources : this.defaultResources;
  }

  /** Returns the host for the next attempt, or `undefined` if there is none to use. */
  chooseHost(context?: LoadBalancerContext): Host | undefined {
    const host = this.#hostChooser.chooseHost(this.hostSet, context);
    if (host === undefined) {
      this.stats.upstreamCxNoneHealthy++;
    }
    return host;
  }

  /** The cluster serves: from now on, hosts that come or get well may have to start slowly. */
  onInitialized(): void {
    this.#slowStart?.enable();
  }

  /** Replaces the members. Those that are gone drain; requests under way keep their host. */
  updateHosts(hosts: readonly Host[]): void {
    this.areHostsKnown = true;
    this.#drainingHosts = this.#drainingHosts.filter((host) => host.isInUse);
    if (!this.#isHostSetStale && areSame(this.#hostSet.hosts, hosts)) {
      // Discovery mostly has nothing new to say; who reads the set need not look at it again.
      return;
    }
    const previous = new Set(this.#hostSet.hosts);
    const hostSet = new HostSet(hosts);
    const kept = new Set(hosts);
    const gone = this.#hostSet.hosts.filter((host) => !kept.has(host));
    const added = hosts.filter((host) => !previous.has(host));
    this.#hostSet = hostSet;
    this.#isHostSetStale = false;
    if (this.isInForce) {
      this.showMembership();
    }
    for (const host of added) {
      host.isMember = true;
    }
    for (const host of gone) {
      host.isMember = false;
      host.drain();
    }
    this.#drainingHosts = [...this.#drainingHosts, ...gone].filter((host) => host.isInUse);
    if (gone.length > 0 || added.length > 0) {
      this.stats.membershipChange++;
      for (const observer of this.#memberObservers) {
        observer.onMembersChanged(added, gone);
      }
    }
    // A host that comes alone has to take all requests anyway.
    if (previous.size > 0) {
      this.#slowStart?.beginAll(added);
    }
  }

  /** Writes the gauges of its members, which were those of another cluster's until it took its place. */
  showMembership(): void {
    const { hosts, healthyHosts } = this.hostSet;
    this.stats.membershipTotal = hosts.length;
    this.stats.membershipHealthy = healthyHosts.length;
    this.stats.maxHostWeight = hosts.reduce((max, host) => Math.max(max, host.weight), 0);
  }

  /**
   * Another cluster has taken its place, or none: connections end with their requests. Requests that
   * have begun here end here, with all their retries, so the hosts stay to be chosen.
   */
  retire(): void {
    this.isInForce = false;
    for (const host of this.#hostSet.hosts) {
      host.isMember = false;
      host.drain();
    }
  }

  /** Whether there are connections, or requests that wait for one or for their next attempt. */
  get isInUse(): boolean {
    return this.defaultResources.isInUse || this.highResources.isInUse;
  }

  /** Closes every connection for good. */
  close(): void {
    this.#hostChooser.close();
    for (const host of [...this.#hostSet.hosts, ...this.#drainingHosts]) {
      host.close();
    }
    this.tls?.close();
    this.#drainingHosts = [];
  }

  #onHealthChanged(host: Host): void {
    if (host.isMember) {
      this.#isHostSetStale = true;
      if (this.isInForce) {
        // At once, as the set is rebuilt only when somebody asks for it.
        this.stats.membershipHealthy += host.isHealthy ? 1 : -1;
      }
      if (host.isHealthy) {
        this.#slowStart?.begin(host);
      }
    }
  }

  #createTls({ wheel, log = silentLogger }: ClusterContext): ClusterTls | undefined {
    const { tls: config } = this.config;
    if (config === undefined) {
      return undefined;
    }
    this.stats.tls ??= new TlsStats();
    return new ClusterTls({ config, stats: this.stats.tls, clock: wheel.clock, log });
  }

  #createPoolContext(
    resources: ResourceManager,
    context: ClusterContext,
    { connector, http2 }: ClusterConnectors,
  ): PoolContext {
    return {
      clusterStats: this.stats,
      resources,
      connector,
      http2,
      wheel: context.wheel,
      connectTimeoutMs: this.config.connectTimeoutMs,
      maxRequestsPerConnection: this.config.maxRequestsPerConnection,
      bufferLimitBytes: this.config.perConnectionBufferLimitBytes,
    };
  }
}

function areSame(known: readonly Host[], hosts: readonly Host[]): boolean {
  return known.length === hosts.length && known.every((host, i) => host === hosts[i]);
}

function createSlowStart(
  { name, lbType }: ClusterConfig,
  { slowStart, wheel, random }: ClusterContext,
): SlowStart | undefined {
  const policy = slowStart?.get(name) ?? slowStart?.get('*');
  return policy === undefined || !canStartSlowly(lbType)
    ? undefined
    : new SlowStart(policy, wheel.clock, random);
}
