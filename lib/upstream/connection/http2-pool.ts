import type { TimerWheel } from '../../base/timer-wheel.js';
import type { Address } from '../../config/address.js';
import type { ResetReason } from '../../http/reset-reason.js';
import type { ResponseDecoder } from '../../http/stream.js';
import type { HostStats } from '../../telemetry/stats/host-stats.js';
import type { ConnectionPool, Http2PoolContext, PoolContext } from './connection-pool.js';
import { ConnectionStats } from './connection-stats.js';
import { Http2Connection, type Http2ConnectionOwner } from './http2-connection.js';

/**
 * The HTTP/2 connection to one host, for one routing priority: reference 4.8.
 *
 * All requests share one connection. A request waits, first come first served, while that is being
 * opened or serves as many as the host takes. When the host wants no more on it, or it has served
 * `max_requests_per_connection`, it ends with its last request, and another takes its place.
 *
 * `isFresh` makes no difference: the death of a connection is noticed when it happens, and what
 * is sent again finds another.
 */
export class Http2Pool implements ConnectionPool, Http2ConnectionOwner {
  readonly stats: ConnectionStats;
  readonly #context: PoolContext;
  readonly #http2: Http2PoolContext;
  readonly #target: () => Address;
  /** The one that new requests go to. */
  #current: Http2Connection | undefined = undefined;
  /** Those that end with their last request. */
  readonly #ending = new Set<Http2Connection>();
  readonly #pending: ResponseDecoder[] = [];
  #isDraining = false;
  #isClosed = false;

  /** `target` is asked for each new connection: a logical host moves. */
  constructor(
    context: PoolContext,
    http2: Http2PoolContext,
    hostStats: HostStats,
    target: () => Address,
  ) {
    this.#context = context;
    this.#http2 = http2;
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

  newStream(decoder: ResponseDecoder): void {
    if (this.#isClosed) {
      decoder.onReset('local-reset', false);
      return;
    }
    const { resources, clusterStats } = this.#context;
    const current = this.#current;
    if (current?.hasRoom === true && this.#pending.length === 0) {
      this.#attach(current, decoder);
      return;
    }
    if (!resources.pendingRequests.canCreate() || !resources.requests.canCreate()) {
      this.#overflow(decoder);
      return;
    }
    resources.pendingRequests.active++;
    clusterStats.upstreamRqPendingTotal++;
    clusterStats.upstreamRqPendingActive++;
    this.#pending.push(decoder);
    if (current === undefined) {
      this.#openConnection();
    }
  }

  cancel(decoder: ResponseDecoder): boolean {
    const index = this.#pending.indexOf(decoder);
    if (index === -1) {
      return false;
    }
    this.#pending.splice(index, 1);
    this.#leavePending();
    this.#context.clusterStats.upstreamRqCancelled++;
    if (this.#isDraining && this.#pending.length === 0) {
      this.#endCurrent(true);
    }
    return true;
  }

  drain(): void {
    this.#isDraining = true;
    if (this.#pending.length === 0) {
      this.#endCurrent(true);
    }
  }

  retireConnections(): void {
    this.#endCurrent(false);
    if (this.#pending.length > 0 && this.#current === undefined) {
      this.#openConnection();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#isDraining = true;
    // First, so that no connection is opened for them when another closes.
    this.#failPending('local-reset');
    this.#current?.close();
    for (const connection of [...this.#ending]) {
      connection.close();
    }
  }

  onConnected(connection: Http2Connection): void {
    this.onAvailable(connection);
  }

  onConnectFailed(_connection: Http2Connection, reason: ResetReason): void {
    // One failed connection fails all who wait: reference 4.8.
    this.#failPending(reason);
  }

  onAvailable(connection: Http2Connection): void {
    while (connection === this.#current && this.#pending.length > 0 && connection.hasRoom) {
      const next = this.#pending.shift() as ResponseDecoder;
      this.#leavePending();
      this.#attach(connection, next);
    }
    if (this.#isDraining && this.#pending.length === 0 && connection === this.#current) {
      this.#endCurrent(false);
    }
  }

  onGoaway(connection: Http2Connection): void {
    if (connection === this.#current) {
      this.#endCurrent(false);
      this.#replace(connection);
    }
  }

  onRequestEnd(): void {
    this.#context.resources.requests.active--;
  }

  onClosed(connection: Http2Connection): void {
    this.#context.resources.connections.active--;
    this.#ending.delete(connection);
    if (connection === this.#current) {
      this.#current = undefined;
      this.#replace(connection);
    }
  }

  /** Opens another connection for those who wait for room on one that is no more. */
  #replace(connection: Http2Connection): void {
    if (this.#pending.length === 0 || this.#current !== undefined) {
      return;
    }
    if (connection.requestCount === 0) {
      // The host lets nobody do anything: as bad as one that cannot be reached, and the next
      // connection would end in the same way.
      this.#failPending('connection-termination');
    } else {
      this.#openConnection();
    }
  }

  #attach(connection: Http2Connection, decoder: ResponseDecoder): void {
    const { resources, clusterStats, maxRequestsPerConnection } = this.#context;
    if (!resources.requests.canCreate()) {
      this.#overflow(decoder);
      return;
    }
    resources.requests.active++;
    const isLast =
      connection.isSpent ||
      (maxRequestsPerConnection > 0 && connection.requestCount + 1 >= maxRequestsPerConnection);
    connection.attach(decoder);
    if (isLast && connection === this.#current) {
      clusterStats.upstreamCxMaxRequests++;
      this.#endCurrent(false);
      this.#replace(connection);
    }
  }

  /** New requests go to another connection. `closesNew`: even if it serves nobody yet. */
  #endCurrent(closesNew: boolean): void {
    const connection = this.#current;
    if (connection === undefined) {
      return;
    }
    if (!connection.isConnecting) {
      this.#current = undefined;
      this.#ending.add(connection);
      connection.drain();
    } else if (closesNew) {
      connection.close();
    }
  }

  #openConnection(): void {
    this.#context.resources.connections.active++;
    this.#current = new Http2Connection(this, this.#http2, this.#target());
  }

  #overflow(decoder: ResponseDecoder): void {
    this.#context.clusterStats.upstreamRqPendingOverflow++;
    decoder.onReset('overflow', false);
  }

  #failPending(reason: ResetReason): void {
    // Whoever is failed may at once ask for another connection, and must not be failed with it.
    for (const decoder of this.#pending.splice(0)) {
      this.#leavePending();
      this.#context.clusterStats.upstreamRqPendingFailureEject++;
      decoder.onReset(reason, false);
    }
  }

  #leavePending(): void {
    this.#context.resources.pendingRequests.active--;
    this.#context.clusterStats.upstreamRqPendingActive--;
  }
}
