import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import type { ConnectionManager } from '../connection-manager.js';
import type { DownstreamConnection } from '../downstream-connection.js';

/** How long what a client still sends is read and thrown away before the connection is cut. */
const lingerMs = 1000;

const connectionSymbol = Symbol('pillion.connection');

/** A socket that carries its connection. */
interface ConnectedSocket extends Duplex {
  [connectionSymbol]?: NodeHttp1Connection;
}

/** Returns the connection of a socket that the codec has accepted. */
export function connectionOf(socket: Duplex): NodeHttp1Connection | undefined {
  return (socket as ConnectedSocket)[connectionSymbol];
}

/** One downstream connection of the `node:http` codec: its counters, its errors and its end. */
export class NodeHttp1Connection {
  readonly info: DownstreamConnection;
  /** Requests under way; more than one only if the client pipelines. */
  activeStreams = 0;
  readonly #socket: Socket;
  readonly #manager: ConnectionManager;
  readonly #wheel: TimerWheel;
  #isClosedByUs = false;
  #isLingering = false;

  constructor(socket: Socket, manager: ConnectionManager, wheel: TimerWheel) {
    this.#socket = socket;
    this.#manager = manager;
    this.#wheel = wheel;
    this.info = manager.createConnection(socket.remoteAddress ?? '', false);
  }

  /** Begins counting. Called once, when the connection is accepted. */
  start(): void {
    (this.#socket as ConnectedSocket)[connectionSymbol] = this;
    const { stats } = this.#manager.context;
    stats.downstreamCxTotal++;
    stats.downstreamCxHttp1Total++;
    stats.downstreamCxActive++;
    stats.downstreamCxHttp1Active++;
    this.#socket.on('close', () => this.#onClose());
  }

  /** A request is over; its response has been written. */
  onStreamEnd(): void {
    this.activeStreams--;
    if (this.#manager.context.serverState.isDraining) {
      this.closeIfIdle();
    }
  }

  /** Closes the connection unless a request is under way. */
  closeIfIdle(): void {
    if (this.activeStreams === 0 && !this.#isLingering) {
      this.#isClosedByUs = true;
      this.#socket.destroySoon();
    }
  }

  /** What the client sent is not HTTP/1.1, too large or too late: reference 3.4. */
  onClientError(error: NodeJS.ErrnoException): void {
    const socket = this.#socket;
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    this.#manager.context.stats.downstreamCxProtocolError++;
    this.#isClosedByUs = true;
    if (this.activeStreams > 0) {
      // A reply here would be taken for the answer to the request under way.
      socket.destroy();
      return;
    }
    socket.write(`HTTP/1.1 ${statusLineOf(error.code)}\r\n${emptyReply}`, 'latin1');
    this.linger();
  }

  /**
   * Closes after what has been written. What the client still sends is read for a while: closing
   * on unread data makes the kernel reset the connection, and the client lose the response.
   */
  linger(): void {
    if (this.#isLingering) {
      return;
    }
    this.#isLingering = true;
    this.#isClosedByUs = true;
    const socket = this.#socket;
    const timer = new WheelTimer({ onDeadline: () => socket.destroy() });
    this.#wheel.start(timer, lingerMs);
    socket.on('close', () => timer.stop());
    socket.on('end', () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.end();
    socket.resume();
  }

  /** Makes `node:http` linger where it would close at once after the response. */
  lingerAfterResponse(): void {
    this.#socket.destroySoon = () => this.linger();
  }

  /** Cuts the connection: the response that was under way is visibly incomplete. */
  reset(): void {
    this.#isClosedByUs = true;
    this.#socket.destroy();
  }

  #onClose(): void {
    const { stats } = this.#manager.context;
    const socket = this.#socket;
    stats.downstreamCxActive--;
    stats.downstreamCxHttp1Active--;
    stats.downstreamCxRxBytesTotal += socket.bytesRead;
    stats.downstreamCxTxBytesTotal += socket.bytesWritten;
    stats.downstreamCxDestroy++;
    if (this.#isClosedByUs) {
      stats.downstreamCxDestroyLocal++;
    } else {
      stats.downstreamCxDestroyRemote++;
    }
    if (this.activeStreams > 0) {
      stats.downstreamCxDestroyActiveRq++;
      if (this.#isClosedByUs) {
        stats.downstreamCxDestroyLocalActiveRq++;
      } else {
        stats.downstreamCxDestroyRemoteActiveRq++;
      }
    }
  }
}

const emptyReply = 'content-length: 0\r\nconnection: close\r\n\r\n';

function statusLineOf(code: string | undefined): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return '431 Request Header Fields Too Large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return '408 Request Timeout';
    default:
      return '400 Bad Request';
  }
}
