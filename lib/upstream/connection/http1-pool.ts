import type { TimerWheel } from '../../base/timer-wheel.js';
import type { Address } from '../../config/address.js';
import type { ResetReason } from '../../http/reset-reason.js';
import type { ResponseDecoder } from '../../http/stream.js';
import type { HostStats } from '../../telemetry/stats/host-stats.js';
import type { ConnectionPool, PoolContext } from './connection-pool.js';
import { ConnectionStats } from './connection-stats.js';
import { type ConnectionOwner, Http1Connection } from './http1-connection.js';

/**
 * The HTTP/1.1 connections to one host, for one routing priority: reference 4.8.
 *
 * A request takes the idle connection that was used last. If there is none it waits, first come
 * first served, and a connection is opened for it as far as `max_connections` allows; a host
 * without any connection may always open one.
 */
export class Http1Pool implements ConnectionPool, ConnectionOwner {
  readonly stats: ConnectionStats;
  readonly #context: PoolContext;
  readonly #target: () => Address;
  readonly #connections = new Set<Http1Connection>();
  /** Used as a stack: the connection used last is the least likely to have been closed. */
  readonly #idle: Http1Connection[] = [];
  readonly #pending: ResponseDecoder[] = [];
  /** Who waits for a connection of its own that has served nobody before. */
  readonly #reserved = new Map<Http1Connection, ResponseDecoder>();
  /** Connections that close behind their response; `undefined` if there are none. */
  #retired: Set<Http1Connection> | undefined = undefined;
  #isDraining = false;
  #isClosed = false;

  /** `target` is asked for each new connection: a logical host moves. */
  constructor(context: PoolContext, hostStats: HostStats, target: () => Address) {
    this.#context = context;
    this.stats = new ConnectionStats(context.clusterStats, hostStats);
    this.#target = target;
  }

  get wheel(): TimerWheel {
    return this.#context.wheel;
  }

  get connectTimeoutMs(): number {
    return this.#context.connectTimeoutMs;
  }

  get bufferLimitBytes(): number {
    return this.#context.bufferLimitBytes;
  }

  /**
   * Sends a request: `decoder` gets a connection at once or later, or is reset. With `isFresh` the
   * connection is one that has served nobody before, if `max_connections` admits one more.
   */
  newStream(decoder: ResponseDecoder, isFresh: boolean): void {
    const idle = isFresh ? undefined : this.#idle.pop();
    if (idle !== undefined) {
      idle.attach(decoder);
      return;
    }
    const { resources, clusterStats } = this.#context;
    if (this.#isClosed) {
      decoder.onReset('local-reset', false);
      return;
    }
    if (!resources.pendingRequests.canCreate()) {
      clusterStats.upstreamRqPendingOverflow++;
      decoder.onReset('overflow', false);
      return;
    }
    resources.pendingRequests.active++;
    clusterStats.upstreamRqPendingTotal++;
    clusterStats.upstreamRqPendingActive++;
    const connection = this.#openConnection();
    if (isFresh && connection !== undefined) {
      this.#reserved.set(connection, decoder);
    } else {
      this.#pending.push(decoder);
    }
  }

  /** Forgets a request that waits for a connection. Returns false if it does not wait. */
  cancel(decoder: ResponseDecoder): boolean {
    const index = this.#pending.indexOf(decoder);
    if (index !== -1) {
      this.#pending.splice(index, 1);
    } else if (!this.#cancelReserved(decoder)) {
      return false;
    }
    this.#leavePending();
    this.#context.clusterStats.upstreamRqCancelled++;
    return true;
  }

  /**
   * Closes idle connections, and busy ones after their response. Requests that wait are still
   * served: whoever chose this host did so while it was a member.
   */
  drain(): void {
    this.#isDraining = true;
    for (const connection of this.#idle.splice(0)) {
      connection.close();
    }
    if (this.#pending.length === 0) {
      for (const connection of [...this.#connections]) {
        if (connection.isConnecting && !this.#reserved.has(connection)) {
          connection.close();
        }
      }
    }
  }

  /**
   * Closes idle connections, and busy ones after their response; new ones may be opened. For a host
   * that has turned unhealthy: what is still open to it is not to be trusted when it comes back.
   */
  retireConnections(): void {
    for (const connection of this.#idle.splice(0)) {
      connection.close();
    }
    for (const connection of this.#connections) {
      if (!connection.isConnecting) {
        this.#retired ??= new Set();
        this.#retired.add(connection);
      }
    }
  }

  /** Closes every connection for good; requests under way, and those that wait, are reset. */
  close(): void {
    this.#isClosed = true;
    this.#isDraining = true;
    // First, so that no connection is opened for them when another closes.
    this.#failPending('local-reset');
    for (const connection of [...this.#connections]) {
      connection.close();
    }
  }

  onConnected(connection: Http1Connection): void {
    const reserved = this.#reserved.get(connection);
    if (reserved === undefined) {
      this.#serveNext(connection);
    } else {
      this.#reserved.delete(connection);
      this.#leavePending();
      connection.attach(reserved);
    }
  }

  onConnectFailed(connection: Http1Connection, reason: ResetReason): void {
    const reserved = this.#reserved.get(connection);
    if (reserved !== undefined) {
      this.#reserved.delete(connection);
      this.#fail(reserved, reason);
    }
    // One failed connection fails all who wait: reference 4.8.
    this.#failPending(reason);
  }

  onReusable(connection: Http1Connection): void {
    const { maxRequestsPerConnection, clusterStats } = this.#context;
    if (maxRequestsPerConnection > 0 && connection.requestCount >= maxRequestsPerConnection) {
      clusterStats.upstreamCxMaxRequests++;
      connection.close();
    } else if (this.#retired?.has(connection) === true) {
      connection.close();
    } else {
      this.#serveNext(connection);
    }
  }

  onClosed(connection: Http1Connection): void {
    this.#connections.delete(connection);
    this.#retired?.delete(connection);
    this.#context.resources.connections.active--;
    const index = this.#idle.indexOf(connection);
    if (index !== -1) {
      this.#idle.splice(index, 1);
    }
    if (this.#pending.length > this.#connections.size - this.#reserved.size) {
      this.#openConnection();
    }
  }

  #serveNext(connection: Http1Connection): void {
    const next = this.#pending.shift();
    if (next !== undefined) {
      this.#leavePending();
      connection.attach(next);
    } else if (this.#isDraining) {
      connection.close();
    } else {
      this.#idle.push(connection);
    }
  }

  #openConnection(): Http1Connection | undefined {
    const { connections } = this.#context.resources;
    if (this.#connections.size > 0 && !connections.canCreate()) {
      this.#context.clusterStats.upstreamCxOverflow++;
      return undefined;
    }
    connections.active++;
    const connection = new Http1Connection(this, this.#context.connector, this.#target());
    this.#connections.add(connection);
    return connection;
  }

  #failPending(reason: ResetReason): void {
    // Whoever is failed may at once ask for another connection, and must not be failed with it.
    for (const decoder of this.#pending.splice(0)) {
      this.#fail(decoder, reason);
    }
  }

  #fail(decoder: ResponseDecoder, reason: ResetReason): void {
    this.#leavePending();
    this.#context.clusterStats.upstreamRqPendingFailureEject++;
    decoder.onReset(reason, false);
  }

  #leavePending(): void {
    this.#context.resources.pendingRequests.active--;
    this.#context.clusterStats.upstreamRqPendingActive--;
  }

  #cancelReserved(decoder: ResponseDecoder): boolean {
    for (const [connection, waiting] of this.#reserved) {
      if (waiting === decoder) {
        this.#reserved.delete(connection);
        return true;
      }
    }
    return false;
  }
}
