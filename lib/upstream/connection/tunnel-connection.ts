import type { Duplex } from 'node:stream';
import { WheelTimer } from '../../base/timer-wheel.js';
import type { Address } from '../../config/address.js';
import type { ResetReason } from '../../http/reset-reason.js';
import type { HostStats } from '../../telemetry/stats/host-stats.js';
import type { PoolContext } from './connection-pool.js';
import { type Closer, ConnectionStats } from './connection-stats.js';

/** What a connection for a tunnel tells who asked for it. */
export interface TunnelObserver {
  /** It is established and reads nothing yet. Errors on it are heard here already. */
  onTunnelConnected(connection: Duplex): void;
  /** It could not be established. */
  onTunnelFailed(reason: ResetReason): void;
}

/** A socket tells how much went over it; a stream in memory does not. */
interface CountedDuplex extends Duplex {
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
}

/**
 * A connection to a host that one client has for itself, from a WebSocket handshake to the end of
 * the tunnel. No pool holds it, but it counts among the connections of the cluster for all its life.
 */
export class TunnelConnection {
  readonly #context: PoolContext;
  readonly #stats: ConnectionStats;
  readonly #observer: TunnelObserver;
  readonly #onGone: (connection: TunnelConnection) => unknown;
  readonly #connection: CountedDuplex;
  readonly #connectTimer: WheelTimer;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #isTunnel = false;

  private constructor(
    context: PoolContext,
    hostStats: HostStats,
    target: Address,
    observer: TunnelObserver,
    onGone: (connection: TunnelConnection) => unknown,
  ) {
    this.#context = context;
    this.#stats = new ConnectionStats(context.clusterStats, hostStats);
    this.#observer = observer;
    this.#onGone = onGone;
    this.#enter();
    this.#connectTimer = new WheelTimer({ onDeadline: () => this.#onConnectTimeout() });
    context.wheel.start(this.#connectTimer, context.connectTimeoutMs);
    const { connector } = context;
    const connection = connector.connect(target, undefined, context.bufferLimitBytes);
    this.#connection = connection;
    connection.on(connector.openEvent, () => this.#onConnect());
    connection.on('error', () => this.#close('remote', 'connect-failure'));
    connection.on('close', () => this.#close('remote', 'connect-failure'));
  }

  /**
   * Opens a connection, or returns `undefined` if a circuit breaker of the cluster is open. A host
   * without connections is no exception, as it is for requests: a tunnel may stay for days.
   */
  static open(
    context: PoolContext,
    hostStats: HostStats,
    target: Address,
    observer: TunnelObserver,
    onGone: (connection: TunnelConnection) => unknown,
  ): TunnelConnection | undefined {
    const { resources, clusterStats } = context;
    if (!resources.connections.canCreate()) {
      clusterStats.upstreamCxOverflow++;
      return undefined;
    }
    if (!resources.pendingRequests.canCreate()) {
      clusterStats.upstreamRqPendingOverflow++;
      return undefined;
    }
    return new TunnelConnection(context, hostStats, target, observer, onGone);
  }

  /** The host has agreed: the connection carries a tunnel from now on. */
  onUpgraded(): void {
    if (this.#state === 'open' && !this.#isTunnel) {
      const { clusterStats } = this.#context;
      this.#isTunnel = true;
      clusterStats.upstreamCxWebsocketTotal++;
      clusterStats.upstreamCxWebsocketActive++;
    }
  }

  /** What the host answered is not HTTP. */
  onProtocolError(): void {
    this.#context.clusterStats.upstreamCxProtocolError++;
  }

  /** Closes the connection at once. The observer hears nothing more. Idempotent. */
  close(): void {
    this.#close('local', undefined);
  }

  #enter(): void {
    const { resources, clusterStats } = this.#context;
    resources.connections.active++;
    resources.pendingRequests.active++;
    clusterStats.upstreamRqPendingTotal++;
    clusterStats.upstreamRqPendingActive++;
    this.#stats.onOpening();
  }

  #leavePending(): void {
    this.#connectTimer.stop();
    this.#context.resources.pendingRequests.active--;
    this.#context.clusterStats.upstreamRqPendingActive--;
  }

  #onConnect(): void {
    if (this.#state === 'connecting') {
      this.#state = 'open';
      this.#leavePending();
      this.#observer.onTunnelConnected(this.#connection);
    }
  }

  #onConnectTimeout(): void {
    this.#context.clusterStats.upstreamCxConnectTimeout++;
    this.#close('local', 'connect-timeout');
  }

  /** `reason`: what the observer is told if there was no connection yet. */
  #close(by: Closer, reason: ResetReason | undefined): void {
    if (this.#state === 'closed') {
      return;
    }
    const { resources, clusterStats } = this.#context;
    const wasConnecting = this.#state === 'connecting';
    this.#state = 'closed';
    this.#connection.destroy();
    if (wasConnecting) {
      this.#leavePending();
      if (reason === undefined) {
        clusterStats.upstreamRqCancelled++;
      } else {
        clusterStats.upstreamRqPendingFailureEject++;
      }
    }
    if (this.#isTunnel) {
      clusterStats.upstreamCxWebsocketActive--;
    }
    clusterStats.upstreamCxRxBytesTotal += this.#connection.bytesRead ?? 0;
    clusterStats.upstreamCxTxBytesTotal += this.#connection.bytesWritten ?? 0;
    resources.connections.active--;
    this.#stats.onClosed(by, wasConnecting, false);
    this.#onGone(this);
    if (wasConnecting && reason !== undefined) {
      this.#observer.onTunnelFailed(reason);
    }
  }
}
