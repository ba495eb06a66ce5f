import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '../../base/log.js';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../http/filter.js';
import { hasHeader, removeHeader } from '../../http/headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';
import type { RawConnection } from '../../http/raw-connection.js';
import { flagOfReset, type ResetReason } from '../../http/reset-reason.js';
import { responseFlag } from '../../http/response-flag.js';
import { type AddressedStream, formatLocalAddress } from '../../http/socket-address.js';
import type { Route } from '../../router/route.js';
import { takeControlHeaders } from '../../router/timeouts.js';
import type { ConnectionManagerStats } from '../../telemetry/stats/connection-manager-stats.js';
import type { Tracing } from '../../telemetry/tracing/tracing.js';
import type { BreakerPass } from '../../upstream/breaker/failure-rate-breaker.js';
import type { Cluster } from '../../upstream/cluster.js';
import type { ClusterManager } from '../../upstream/cluster-manager.js';
import type {
  TunnelConnection,
  TunnelObserver,
} from '../../upstream/connection/tunnel-connection.js';
import type { Host } from '../../upstream/host.js';
import {
  type HandshakeObserver,
  loadTunnelLibrary,
  shakeHands,
  type TunnelLibrary,
  toHeaderList,
} from './handshake.js';
import { OpenTunnel } from './open-tunnel.js';

/** What all tunnels of one listener share. */
export interface TunnelContext {
  readonly clusterManager: ClusterManager;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  /** Hides handshakes from instrumentation, if there may be any. */
  readonly tracing?: Tracing | undefined;
}

const upstreamFailureBody = 'upstream connect error or disconnect/reset before headers';

/**
 * Takes the place of all filters for a WebSocket handshake on a route with `use_websocket`: opens a
 * connection to a host of the route's cluster, for this client alone, and hands it the handshake.
 * If the host agrees, the two connections become a tunnel; else its response is delivered.
 */
export class WebSocketTunnel implements HttpFilter, TunnelObserver, HandshakeObserver {
  readonly #context: TunnelContext;
  readonly #stats: ConnectionManagerStats;
  readonly #callbacks: FilterCallbacks;
  readonly #raw: RawConnection;
  readonly #route: Route;
  #head: RequestHead | undefined = undefined;
  #cluster: Cluster | undefined = undefined;
  #host: Host | undefined = undefined;
  /** Leave of the cluster's failure-rate breaker, if it has one. */
  #pass: BreakerPass | undefined = undefined;
  #connection: TunnelConnection | undefined = undefined;
  #upstream: Duplex | undefined = undefined;
  #timer: WheelTimer | undefined = undefined;
  #refusal: IncomingMessage | undefined = undefined;
  #tunnel: OpenTunnel | undefined = undefined;
  #isDone = false;

  constructor(
    context: TunnelContext,
    stats: ConnectionManagerStats,
    callbacks: FilterCallbacks,
    raw: RawConnection,
    route: Route,
  ) {
    this.#context = context;
    this.#stats = stats;
    this.#callbacks = callbacks;
    this.#raw = raw;
    this.#route = route;
  }

  decodeHead(head: RequestHead): FilterStatus {
    const route = this.#route;
    const clusterName = route.clusterFor(this.#callbacks) ?? '';
    this.#callbacks.upstreamCluster = clusterName;
    const cluster = this.#context.clusterManager.get(clusterName);
    if (cluster === undefined) {
      this.#stats.noCluster++;
      this.#callbacks.setResponseFlag(responseFlag.noRouteFound);
      this.#callbacks.sendLocalReply(404, '');
      return 'stop';
    }
    this.#head = head;
    this.#cluster = cluster;
    this.#prepare(head);
    this.#pass = cluster.breaker?.enter();
    if (cluster.breaker !== undefined && this.#pass === undefined) {
      this.#timer?.stop();
      this.#callbacks.setResponseFlag(responseFlag.upstreamOverflow);
      this.#callbacks.sendLocalReply(503, 'circuit breaker open', ['x-envoy-overloaded', 'true']);
      return 'stop';
    }
    const host = cluster.chooseHost();
    if (host === undefined) {
      this.#timer?.stop();
      this.#callbacks.setResponseFlag(responseFlag.noHealthyUpstream);
      this.#callbacks.sendLocalReply(503, 'no healthy upstream');
      return 'stop';
    }
    this.#connect(host, head);
    return 'answer';
  }

  /** Downstream reads a refusal too slowly, or reads again. */
  onResponsePaused(isPaused: boolean): void {
    if (isPaused) {
      this.#refusal?.pause();
    } else {
      this.#refusal?.resume();
    }
  }

  onDestroy(): void {
    this.#isDone = true;
    this.#timer?.stop();
    this.#tunnel?.cut();
    this.#connection?.close();
    this.#pass?.release();
  }

  /** The host has not answered the handshake in the time of the route. */
  onDeadline(): void {
    if (this.#cluster !== undefined) {
      this.#cluster.stats.upstreamRqTimeout++;
    }
    if (this.#host !== undefined) {
      this.#host.stats.rqTimeout++;
    }
    this.#pass?.settle(true);
    this.#callbacks.setResponseFlag(responseFlag.upstreamRequestTimeout);
    this.#callbacks.sendLocalReply(504, 'upstream request timeout');
  }

  onTunnelConnected(connection: Duplex & AddressedStream): void {
    this.#upstream = connection;
    // Outlier detection judges by the connection alone, as it does of all that is not HTTP.
    this.#host?.outlierMonitor?.putResult(200);
    if (this.#callbacks.details !== undefined) {
      this.#callbacks.details.upstreamLocalAddress = formatLocalAddress(connection);
    }
    loadTunnelLibrary().then(
      (library) => this.#shakeHands(library),
      (error: unknown) => this.#onInternalError(error),
    );
  }

  onTunnelFailed(reason: ResetReason): void {
    this.#host?.outlierMonitor?.putResult(reason === 'connect-timeout' ? 504 : 503);
    this.#fail(reason);
  }

  onHandshakeFailed(error: NodeJS.ErrnoException): void {
    if (error.code?.startsWith('HPE_') === true) {
      this.#connection?.onProtocolError();
    }
    this.#fail('connection-termination');
  }

  onRefused(response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    if (this.#isDone) {
      return;
    }
    if (status < 200) {
      // A 101 that does not say to what.
      this.#connection?.onProtocolError();
      this.#fail('connection-termination');
      return;
    }
    this.#timer?.stop();
    this.#pass?.settle(status >= 500 && status <= 599);
    this.#refusal = response;
    response.on('error', () => this.#onRefusalCut());
    this.#callbacks.encodeHead(
      { status, headers: toHeaderList(response.rawHeaders) },
      false,
      false,
    );
    response.on('data', (chunk: Buffer) => {
      if (!this.#isDone && !this.#callbacks.encodeData(chunk, false)) {
        response.pause();
      }
    });
    response.on('end', () => {
      if (!this.#isDone) {
        this.#callbacks.encodeEnd(undefined);
      }
    });
  }

  onSwitchingProtocols(head: ResponseHead): boolean {
    if (this.#isDone) {
      return false;
    }
    this.#timer?.stop();
    this.#pass?.settle(false);
    // Called when the connection of the client is gone, however it came to that.
    this.#raw.onClosed = () => this.#callbacks.encodeEnd(undefined);
    this.#connection?.onUpgraded();
    this.#callbacks.encodeHead(head, false, false);
    // The header rules have taken it off, as what is of one connection.
    removeHeader(head.headers, 'connection');
    head.headers.push('connection', 'Upgrade');
    return !this.#isDone;
  }

  onTunnelOpen(): void {
    const connection = this.#connection;
    const upstream = this.#upstream;
    if (connection !== undefined && upstream !== undefined) {
      const { wheel } = this.#context;
      const onBroken = (): void => {
        this.#callbacks.setResponseFlag(responseFlag.upstreamConnectionTermination);
      };
      this.#tunnel = new OpenTunnel({ raw: this.#raw, connection, upstream, wheel, onBroken });
    }
  }

  /** Makes of the handshake what the host gets, and starts the time that it has for its answer. */
  #prepare(head: RequestHead): void {
    const route = this.#route;
    const timeoutMs = this.#callbacks.hasEnvoyHeaders
      ? takeControlHeaders(route, head.headers).timeoutMs
      : route.timeoutMs;
    route.rewriter?.apply(head, this.#callbacks);
    if (!hasHeader(head.headers, 'content-length')) {
      // Reference 5.5.
      head.headers.push('content-length', '0');
    }
    head.headers.push('connection', 'Upgrade', 'upgrade', 'websocket');
    if (timeoutMs > 0) {
      this.#timer = new WheelTimer(this);
      this.#context.wheel.start(this.#timer, timeoutMs);
    }
  }

  #connect(host: Host, head: RequestHead): void {
    this.#host = host;
    this.#callbacks.upstreamHost = host.address;
    if (this.#route.autoHostRewrite && host.hostName !== '') {
      removeHeader(head.headers, 'host');
      head.authority = host.hostName;
    }
    this.#raw.socket.on('end', () => {
      if (this.#tunnel === undefined && this.#refusal === undefined) {
        // Whoever closes while waiting for an answer does not want it any more.
        this.#raw.socket.destroy();
      }
    });
    this.#connection = host.openTunnel(this, this.#route.priority);
    if (this.#connection === undefined) {
      this.#fail('overflow');
    }
  }

  #shakeHands(library: TunnelLibrary): void {
    const upstream = this.#upstream;
    const head = this.#head;
    if (this.#isDone || upstream === undefined || head === undefined) {
      return;
    }
    const { socket: downstream, head: early } = this.#raw;
    const { tracing } = this.#context;
    try {
      shakeHands(library, { downstream, upstream, early }, head, this, (send) =>
        tracing === undefined ? send() : tracing.hide(send),
      );
    } catch (error) {
      this.#onInternalError(error);
    }
  }

  #fail(reason: ResetReason): void {
    if (this.#isDone || this.#refusal !== undefined || this.#tunnel !== undefined) {
      return;
    }
    this.#timer?.stop();
    const isOverflow = reason === 'overflow';
    if (!isOverflow) {
      this.#pass?.settle(true);
    }
    this.#callbacks.setResponseFlag(flagOfReset(reason));
    const headers = isOverflow ? ['x-envoy-overloaded', 'true'] : undefined;
    this.#callbacks.sendLocalReply(503, upstreamFailureBody, headers);
  }

  /** The connection has ended in the middle of the response by which the host refuses. */
  #onRefusalCut(): void {
    if (!this.#isDone) {
      this.#callbacks.setResponseFlag(responseFlag.upstreamConnectionTermination);
      this.#callbacks.resetStream();
    }
  }

  #onInternalError(error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#context.log.error(`a WebSocket tunnel could not be made: ${detail}`);
    if (!this.#isDone) {
      this.#callbacks.sendLocalReply(500, '');
    }
  }
}
