import type { Duplex } from 'node:stream';
import { type Address, formatHostPort } from '../config/address.js';
import type { RoutingPriority } from '../config/route-config.js';
import type { ResponseDecoder } from '../http/stream.js';
import { HostStats } from '../telemetry/stats/host-stats.js';
import type { ConnectionPool, PoolContext } from './connection/connection-pool.js';
import type { ReadCallback } from './connection/connector.js';
import { Http1Pool } from './connection/http1-pool.js';
import { MixedPool } from './connection/mixed-pool.js';
import { TunnelConnection, type TunnelObserver } from './connection/tunnel-connection.js';

/** What can make a host unhealthy; each flag belongs to one watcher: reference 4.6.5. */
export const healthFlag = { failedActiveHc: 1, failedOutlierCheck: 2 } as const;

/** One of `healthFlag`. */
export type HealthFlag = (typeof healthFlag)[keyof typeof healthFlag];

/** Judges a host by what becomes of its requests. */
export interface OutlierMonitor {
  /** Share of requests that succeeded in the last interval, in percent; -1 if not computed. */
  readonly successRate: number;
  /** Takes the result of one attempt, as a status: reference 4.6.1. */
  putResult(status: number): void;
}

/** Asks a host again and again how it is. */
export interface HealthMonitor {
  /** The host has said in a response that it is to fail its health check at once: reference 4.5.1. */
  failNow(): void;
}

/** Keeps a host that has just come from getting its full share of the requests at once. */
export interface HostSlowStart {
  /** The share it may have by now of what it would get otherwise, above 0 and at most 1. */
  readonly share: number;
  /** Whether it takes the turn that it has been given, or gives it away. */
  takesTurn(): boolean;
}

/** What pools of a host need, for each routing priority; and who hears of its health. */
export interface HostContext {
  readonly default: PoolContext;
  readonly high: PoolContext;
  /** Called when a host has become healthy or unhealthy. */
  readonly onHealthChanged?: (host: Host) => void;
  /** Called when discovery has given a host another weight. */
  readonly onWeightChanged?: (host: Host) => void;
}

/** What discovery tells of a host beside its address. */
export interface HostMetadata {
  /** Empty if unknown. */
  readonly zone: string;
  readonly isCanary: boolean;
  /** 1 to 128. */
  readonly weight: number;
  /** The name in DNS that it was found by; empty if it was not. */
  readonly hostName: string;
}

const noMetadata: HostMetadata = { zone: '', isCanary: false, weight: 1, hostName: '' };

/** How many hosts have been made. */
let hostCount = 0;

/** One member of a cluster. Lives as long as it is a member, and until its last request is done. */
export class Host {
  /** Of two hosts the older one has the lower number. So they have an order, however they are listed. */
  readonly number: number = ++hostCount;
  readonly stats: HostStats = new HostStats();
  readonly zone: string;
  readonly isCanary: boolean;
  /** The name in DNS that it was found by; empty if it was not. */
  readonly hostName: string;
  /** Set by the cluster while the host is in its slow start. */
  slowStart: HostSlowStart | undefined = undefined;
  /** Set by the cluster while it is one of its members. */
  isMember = false;
  /** Set while outlier detection watches the host. */
  outlierMonitor: OutlierMonitor | undefined = undefined;
  /** Set while the host is health-checked. */
  healthMonitor: HealthMonitor | undefined = undefined;
  readonly #context: HostContext;
  #weight: number;
  /** The bits of `healthFlag` that are set. */
  #healthFlags = 0;
  #target: Address;
  #address: string;
  #defaultPool: ConnectionPool | undefined = undefined;
  #highPool: ConnectionPool | undefined = undefined;
  #isDraining = false;
  #isClosed = false;
  /** Connections that are in no pool. */
  #tunnels: Set<TunnelConnection> | undefined = undefined;

  constructor(context: HostContext, target: Address, metadata: Partial<HostMetadata> = noMetadata) {
    this.#context = context;
    this.#target = target;
    this.#address = formatTarget(target);
    this.zone = metadata.zone ?? noMetadata.zone;
    this.isCanary = metadata.isCanary ?? noMetadata.isCanary;
    this.#weight = metadata.weight ?? noMetadata.weight;
    this.hostName = metadata.hostName ?? noMetadata.hostName;
  }

  /** `ip:port`, or the path of a Unix socket. */
  get address(): string {
    return this.#address;
  }

  /** 1 to 128. */
  get weight(): number {
    return this.#weight;
  }

  /** Discovery may change it in place: reference 4.10. */
  set weight(weight: number) {
    if (weight !== this.#weight) {
      this.#weight = weight;
      this.#context.onWeightChanged?.(this);
    }
  }

  /** Where connections go to; `undefined` if the host is in this process. */
  get target(): Address | undefined {
    return this.#target;
  }

  /** `healthy`, or what makes the host unhealthy, as `/clusters` of the admin server shows it. */
  get healthFlags(): string {
    if (this.#healthFlags === 0) {
      return 'healthy';
    }
    const active = this.hasHealthFlag(healthFlag.failedActiveHc) ? '/failed_active_hc' : '';
    const outlier = this.hasHealthFlag(healthFlag.failedOutlierCheck)
      ? '/failed_outlier_check'
      : '';
    return active + outlier;
  }

  /** Whether no watcher has flagged it. */
  get isHealthy(): boolean {
    return this.#healthFlags === 0;
  }

  hasHealthFlag(flag: HealthFlag): boolean {
    return (this.#healthFlags & flag) !== 0;
  }

  /**
   * Sets a flag or takes it back. A host that turns unhealthy loses its connections: idle ones at
   * once, the others behind their response (reference 4.5.4).
   */
  setHealthFlag(flag: HealthFlag, isSet: boolean): void {
    const wasHealthy = this.isHealthy;
    this.#healthFlags = isSet ? this.#healthFlags | flag : this.#healthFlags & ~flag;
    if (this.isHealthy === wasHealthy) {
      return;
    }
    if (wasHealthy) {
      this.#defaultPool?.retireConnections();
      this.#highPool?.retireConnections();
    }
    this.#context.onHealthChanged?.(this);
  }

  /** Whether there are connections to it. */
  get isInUse(): boolean {
    return this.stats.cxActive > 0;
  }

  /** New connections go to `target` from now on; those that exist stay. */
  moveTo(target: Address): void {
    this.#target = target;
    this.#address = formatTarget(target);
  }

  /** Sends a request to this host; see `ConnectionPool.newStream`. */
  newStream(decoder: ResponseDecoder, priority: RoutingPriority, isFresh: boolean): void {
    this.#pool(priority).newStream(decoder, isFresh);
  }

  /** Forgets a request that still waits for a connection. */
  cancel(decoder: ResponseDecoder, priority: RoutingPriority): void {
    this.#pool(priority).cancel(decoder);
  }

  /**
   * Opens a connection that no pool holds; `undefined` if a circuit breaker is open. It is not closed
   * when the host stops being a member: it ends with its tunnel.
   */
  openTunnel(observer: TunnelObserver, priority: RoutingPriority): TunnelConnection | undefined {
    const context = priority === 'high' ? this.#context.high : this.#context.default;
    const onGone = (connection: TunnelConnection): unknown => this.#tunnels?.delete(connection);
    const tunnel = TunnelConnection.open(context, this.stats, this.#target, observer, onGone);
    if (tunnel !== undefined) {
      this.#tunnels ??= new Set();
      this.#tunnels.add(tunnel);
    }
    return tunnel;
  }

  /**
   * Opens a connection for whoever checks the host: no pool holds it, and nothing counts it. `onOpen`
   * is called when it can be written to.
   */
  openCheckConnection(onRead: ReadCallback, onOpen: () => void): Duplex {
    const { connector, bufferLimitBytes } = this.#context.default;
    const connection = connector.connect(this.#target, onRead, bufferLimitBytes);
    connection.on(connector.openEvent, onOpen);
    return connection;
  }

  /** The host is no member any more: connections end when their request does. */
  drain(): void {
    this.#isDraining = true;
    this.#defaultPool?.drain();
    this.#highPool?.drain();
  }

  /** Closes all connections at once, for good. */
  close(): void {
    this.#isClosed = true;
    this.#defaultPool?.close();
    this.#highPool?.close();
    for (const tunnel of [...(this.#tunnels ?? [])]) {
      tunnel.close();
    }
  }

  #pool(priority: RoutingPriority): ConnectionPool {
    // Made on first use: most clusters of a big configuration are idle.
    if (priority === 'high') {
      this.#highPool ??= this.#createPool(this.#context.high);
      return this.#highPool;
    }
    this.#defaultPool ??= this.#createPool(this.#context.default);
    return this.#defaultPool;
  }

  #createPool(context: PoolContext): ConnectionPool {
    const target = (): Address => this.#target;
    const pool =
      context.http2 === undefined
        ? new Http1Pool(context, this.stats, target)
        : new MixedPool(context, context.http2, this.stats, target);
    // A retry may be the first to choose a host whose cluster has been replaced.
    if (this.#isClosed) {
      pool.close();
    } else if (this.#isDraining) {
      pool.drain();
    }
    return pool;
  }
}

function formatTarget(target: Address): string {
  return target.kind === 'tcp' ? formatHostPort(target) : target.path;
}
