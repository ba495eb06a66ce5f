import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { TimerWheel } from '../../base/timer-wheel.js';
import { formatLocalAddress } from '../../http/socket-address.js';
import type { ConnectionManager } from '../connection-manager.js';
import type { DownstreamConnection } from '../downstream-connection.js';
import { clientCertificateElement } from '../tls/client-certificate-element.js';
import { IdleTimer } from './idle-timer.js';

const acceptedSymbol = Symbol('pillion.accepted');

/** What serves a connection, as the connection sees it. Implemented by each codec. */
export interface ConnectionCodec {
  /** Whether the connection is there for nothing but further requests. */
  readonly isIdle: boolean;
  /** Whether a request is under way. */
  readonly isBusy: boolean;
  /** Ends the connection in the way of its protocol, as soon as no request is under way. */
  close(): void;
  /** The socket is gone. Called once. */
  onSocketClose(): void;
}

/** A socket that carries its connection. */
interface AcceptedSocket extends Duplex {
  [acceptedSymbol]?: AcceptedConnection;
}

/** Returns the connection of a socket that requests may come by. */
export function acceptedConnectionOf(socket: Duplex): AcceptedConnection | undefined {
  return (socket as AcceptedSocket)[acceptedSymbol];
}

/**
 * A downstream connection from its acceptance to its end, whatever it turns out to speak: its
 * counters, and its time without requests.
 */
export class AcceptedConnection {
  readonly socket: Socket;
  readonly manager: ConnectionManager;
  readonly wheel: TimerWheel;
  readonly info: DownstreamConnection;
  /** Whether it is our side that ends the connection, as the statistics have it. */
  isClosedByUs = false;
  /** `undefined` until it is known what the client speaks. */
  #codec: ConnectionCodec | undefined = undefined;
  /** Set if idle connections are closed after a time. */
  readonly #idleTimer: IdleTimer | undefined;

  private constructor(socket: Socket, manager: ConnectionManager, wheel: TimerWheel) {
    this.socket = socket;
    this.manager = manager;
    this.wheel = wheel;
    const { clock, config } = manager.context;
    const isTls = socket instanceof TLSSocket;
    this.info = manager.createConnection(
      socket.remoteAddress ?? '',
      isTls,
      formatLocalAddress(socket),
      socket.remotePort,
      isTls ? clientCertificateElement(socket, config.currentClientCertDetails) : undefined,
    );
    this.#idleTimer =
      config.idleTimeoutMs === 0
        ? undefined
        : new IdleTimer(clock, wheel, config.idleTimeoutMs, () => this.#onIdle());
  }

  /** Returns the connection of a socket. It is counted from the first call on. */
  static of(socket: Socket, manager: ConnectionManager, wheel: TimerWheel): AcceptedConnection {
    return acceptedConnectionOf(socket) ?? new AcceptedConnection(socket, manager, wheel).#start();
  }

  /** Called once, when it is known what the client speaks. */
  serveBy(codec: ConnectionCodec): void {
    this.#codec = codec;
  }

  /** No request is under way from now on. */
  startIdle(): void {
    this.#idleTimer?.start();
  }

  /** Closes the connection once no request is under way: reference 5.11. */
  close(): void {
    if (this.#codec === undefined) {
      // Nothing has been asked on it.
      this.isClosedByUs = true;
      this.socket.destroySoon();
    } else {
      this.#codec.close();
    }
  }

  #start(): this {
    (this.socket as AcceptedSocket)[acceptedSymbol] = this;
    const { stats } = this.manager.context;
    stats.downstreamCxTotal++;
    stats.downstreamCxActive++;
    if (this.info.isTls) {
      stats.downstreamCxSslTotal++;
      stats.downstreamCxSslActive++;
    }
    this.socket.on('close', () => this.#onClose());
    this.startIdle();
    return this;
  }

  #onIdle(): void {
    if (this.#codec === undefined || this.#codec.isIdle) {
      this.manager.context.stats.downstreamCxIdleTimeout++;
      this.close();
    }
  }

  #onClose(): void {
    const { socket, info } = this;
    const { stats } = this.manager.context;
    this.#idleTimer?.stop();
    stats.downstreamCxActive--;
    if (info.isTls) {
      stats.downstreamCxSslActive--;
    }
    stats.downstreamCxRxBytesTotal += socket.bytesRead;
    stats.downstreamCxTxBytesTotal += socket.bytesWritten;
    stats.downstreamCxDestroy++;
    if (this.isClosedByUs) {
      stats.downstreamCxDestroyLocal++;
    } else {
      stats.downstreamCxDestroyRemote++;
    }
    if (this.#codec?.isBusy === true) {
      stats.downstreamCxDestroyActiveRq++;
      if (this.isClosedByUs) {
        stats.downstreamCxDestroyLocalActiveRq++;
      } else {
        stats.downstreamCxDestroyRemoteActiveRq++;
        info.onRemoteCloseWithRequest();
      }
    }
    this.#codec?.onSocketClose();
  }
}
