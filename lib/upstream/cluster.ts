import type { Random } from '../base/random.js';
import type { Runtime } from '../base/runtime.js';
import type { TimerWheel } from '../base/timer-wheel.js';
import type { ClusterConfig } from '../config/cluster-config.js';
import type { RoutingPriority } from '../config/route-config.js';
import { ClusterStats } from '../telemetry/stats/cluster-stats.js';
import type { PoolContext } from './connection/connection-pool.js';
import type { Connector } from './connection/connector.js';
import type { Host, HostContext } from './host.js';
import { HostSet } from './host-set.js';
import type { LoadBalancer, LoadBalancerContext } from './load-balancing/load-balancer.js';
import { RingHash } from './load-balancing/ring-hash.js';
import { RoundRobin } from './load-balancing/round-robin.js';
import { ResourceManager } from './resource-manager.js';

/** What every cluster needs from the sidecar. */
export interface ClusterContext {
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly connector: Connector;
  /** Default: one without values. */
  readonly runtime?: Runtime;
}

/** Hears which hosts come and go. */
export interface MemberObserver {
  /** Called after the members have been replaced, if any has come or gone. */
  onMembersChanged(added: readonly Host[], removed: readonly Host[]): void;
}

function createLoadBalancer({ lbType, ringHash }: ClusterConfig, random: Random): LoadBalancer {
  return lbType === 'ring_hash'
    ? new RingHash(ringHash.minimumRingSize, random)
    : new RoundRobin(random);
}

/** One cluster at run time: its members, its balancer, its limits, its counters. */
export class Cluster {
  readonly config: ClusterConfig;
  readonly stats: ClusterStats = new ClusterStats();
  readonly defaultResources: ResourceManager;
  readonly highResources: ResourceManager;
  /** The runtime key with the share of requests, in percent, that the cluster does not take. */
  readonly maintenanceKey: string;
  /** Whether it came from a discovery service instead of the configuration. */
  readonly addedViaApi: boolean = false;
  /** What hosts of this cluster are made with. */
  readonly hostContext: HostContext;
  readonly #loadBalancer: LoadBalancer;
  readonly #memberObservers: MemberObserver[] = [];
  #hostSet: HostSet = HostSet.empty;
  /** Whether a host has changed its health since. Rebuilt when asked for: many change at once. */
  #isHostSetStale = false;
  /** Members no more, but with connections on which requests may still be under way. */
  #drainingHosts: readonly Host[] = [];

  constructor(config: ClusterConfig, context: ClusterContext) {
    this.config = config;
    this.maintenanceKey = `upstream.maintenance_mode.${config.name}`;
    const { default: defaults, high } = config.circuitBreakers;
    const scope = `circuit_breakers.${config.name}`;
    this.defaultResources = new ResourceManager(defaults, context.runtime, `${scope}.default`);
    this.highResources = new ResourceManager(high, context.runtime, `${scope}.high`);
    this.hostContext = {
      default: this.#createPoolContext(this.defaultResources, context),
      high: this.#createPoolContext(this.highResources, context),
      onHealthChanged: (host) => this.#onHealthChanged(host),
    };
    this.#loadBalancer = createLoadBalancer(config, context.random);
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
    const hostSet = this.hostSet;
    const host = this.#loadBalancer.chooseHost(hostSet, context);
    if (host === undefined) {
      this.stats.upstreamCxNoneHealthy++;
    } else if (hostSet.isInPanic) {
      this.stats.lbHealthyPanic++;
    }
    return host;
  }

  /** Replaces the members. Those that are gone drain; requests under way keep their host. */
  updateHosts(hosts: readonly Host[]): void {
    const previous = new Set(this.#hostSet.hosts);
    const hostSet = new HostSet(hosts);
    const kept = new Set(hosts);
    const gone = this.#hostSet.hosts.filter((host) => !kept.has(host));
    const added = hosts.filter((host) => !previous.has(host));
    this.stats.membershipTotal = hosts.length;
    this.stats.membershipHealthy = hostSet.healthyHosts.length;
    this.stats.maxHostWeight = hosts.reduce((max, host) => Math.max(max, host.weight), 0);
    this.#hostSet = hostSet;
    this.#isHostSetStale = false;
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
  }

  /** Closes every connection for good. */
  close(): void {
    for (const host of [...this.#hostSet.hosts, ...this.#drainingHosts]) {
      host.close();
    }
    this.#drainingHosts = [];
  }

  #onHealthChanged(host: Host): void {
    if (host.isMember) {
      this.#isHostSetStale = true;
      // At once, as the set is rebuilt only when somebody asks for it.
      this.stats.membershipHealthy += host.isHealthy ? 1 : -1;
    }
  }

  #createPoolContext(resources: ResourceManager, context: ClusterContext): PoolContext {
    return {
      clusterStats: this.stats,
      resources,
      connector: context.connector,
      wheel: context.wheel,
      connectTimeoutMs: this.config.connectTimeoutMs,
      maxRequestsPerConnection: this.config.maxRequestsPerConnection,
      bufferLimitBytes: this.config.perConnectionBufferLimitBytes,
    };
  }
}
