import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WheelTimer } from '../../base/timer-wheel.js';
import type { ConnectionManager } from '../connection-manager.js';
import type { DownstreamConnection } from '../downstream-connection.js';
import type { AcceptedConnection, ConnectionCodec } from './accepted-connection.js';
import { HeadlessReply } from './headless-reply.js';

/** How long what a client still sends is read and thrown away before the connection is cut. */
const lingerMs = 1000;

const connectionSymbol = Symbol('pillion.connection');

/** More requests than these are not kept waiting: the client does not wait for any answer. */
const maxWaiting = 1000;

/** A request under way, as its connection sees it. */
export interface ConnectionStream {
  /** Whether an answer of the connection could take the place of the response. */
  readonly canBeRefused: boolean;
  /** The connection answers in the place of the stream, and ends. */
  onRefused(): void;
}

/** A socket that carries its connection. */
interface ConnectedSocket extends Duplex {
  [connectionSymbol]?: NodeHttp1Connection;
}

/** Returns the connection of a socket that the codec has accepted. */
export function connectionOf(socket: Duplex): NodeHttp1Connection | undefined {
  return (socket as ConnectedSocket)[connectionSymbol];
}

/** One downstream connection of the `node:http` codec: its requests, its errors and its end. */
export class NodeHttp1Connection implements ConnectionCodec {
  readonly info: DownstreamConnection;
  /** The request under way. There is one at a time, even if the client sends more. */
  current: ConnectionStream | undefined = undefined;
  readonly #waiting: (() => void)[] = [];
  readonly #socket: Socket;
  readonly #manager: ConnectionManager;
  readonly #accepted: AcceptedConnection;
  #isClosing = false;
  #isLingering = false;
  #isRefused = false;
  #isTunnel = false;

  constructor(accepted: AcceptedConnection) {
    this.#accepted = accepted;
    this.#socket = accepted.socket;
    this.#manager = accepted.manager;
    this.info = accepted.info;
  }

  /** Begins counting. Called once, when it is known that the client speaks HTTP/1. */
  start(): void {
    (this.#socket as ConnectedSocket)[connectionSymbol] = this;
    const { stats } = this.#manager.context;
    stats.downstreamCxHttp1Total++;
    stats.downstreamCxHttp1Active++;
    this.#accepted.serveBy(this);
  }

  get isIdle(): boolean {
    return this.current === undefined && !this.#isLingering;
  }

  /** What becomes of a tunnel is not counted as a request. */
  get isBusy(): boolean {
    return this.current !== undefined && !this.#isTunnel;
  }

  /** Whether a request that has just come is alone, so that its connection may become a tunnel. */
  get canUpgrade(): boolean {
    return this.current === undefined && this.#waiting.length === 0 && !this.#isClosing;
  }

  /** The connection has become a tunnel, and is no HTTP/1 any more. */
  onUpgraded(): void {
    const { stats } = this.#manager.context;
    this.#isTunnel = true;
    stats.downstreamCxHttp1Active--;
    stats.downstreamCxWebsocketTotal++;
    stats.downstreamCxWebsocketActive++;
  }

  /** We close the connection, before the client has. */
  onClosing(): void {
    this.#accepted.isClosedByUs = true;
  }

  /** Whether the response under way is the last: a request behind it has nobody to answer it. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /**
   * Calls `begin` when the requests before it are over. Side by side they would do to the hosts
   * what the client wanted done one after the other.
   */
  enqueue(begin: () => void): void {
    if (this.#waiting.length < maxWaiting) {
      this.#waiting.push(begin);
    } else {
      this.reset();
    }
  }

  /** The request under way is over; its response has been written. */
  onStreamEnd(): void {
    this.current = undefined;
    if (this.#isClosing) {
      this.#accepted.isClosedByUs = true;
      return;
    }
    const begin = this.#socket.destroyed ? undefined : this.#waiting.shift();
    if (begin !== undefined) {
      begin();
    } else if (this.#manager.context.serverState.isDraining) {
      this.close();
    } else {
      this.#accepted.startIdle();
    }
  }

  /** Closes the connection unless a request is under way, behind which it is closed then. */
  close(): void {
    if (this.isIdle) {
      this.#accepted.isClosedByUs = true;
      this.#socket.destroySoon();
    }
  }

  /** The response under way is the last one; `node:http` closes behind it. */
  closeAfterResponse(): void {
    this.#isClosing = true;
  }

  /** What the client sent is not HTTP/1.1, too large or too late: reference 3.4. */
  onClientError(error: NodeJS.ErrnoException): void {
    if (error.code === 'ECONNRESET') {
      this.#socket.destroy();
    } else if (this.#isLingering) {
      // What comes behind an error is not looked at any more.
    } else if (hasClientLeft(error.code) || !this.#socket.writable) {
      this.#socket.destroy();
    } else if (error.code === 'HPE_HEADER_OVERFLOW' && this.current === undefined) {
      const reply = new HeadlessReply((text) => this.#writeLast(text));
      this.#manager.newStream(reply, this.info, 'HTTP/1.1').refuseHead();
    } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      this.#answerInstead(`HTTP/1.1 408 Request Timeout\r\n${emptyReply}`);
    } else {
      this.refuse();
    }
  }

  /** Answers what cannot be a request, or be read to its end, and closes. */
  refuse(): void {
    if (this.#isRefused) {
      return;
    }
    // Once: the parser goes on to fail on what comes behind.
    this.#isRefused = true;
    this.#manager.context.stats.downstreamCxProtocolError++;
    this.#answerInstead(`HTTP/1.1 400 Bad Request\r\n${emptyReply}`);
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
    this.#isClosing = true;
    this.#accepted.isClosedByUs = true;
    const socket = this.#socket;
    const timer = new WheelTimer({ onDeadline: () => socket.destroy() });
    this.#accepted.wheel.start(timer, lingerMs);
    socket.on('close', () => timer.stop());
    socket.on('end', () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.end();
    socket.resume();
  }

  /** Answers in the place of the request under way, if there is one and it has no answer. */
  #answerInstead(text: string): void {
    const stream = this.current;
    if (stream?.canBeRefused === false) {
      // An answer here would be taken for a part of the response under way.
      this.reset();
      return;
    }
    stream?.onRefused();
    this.#writeLast(text);
  }

  #writeLast(text: string): void {
    this.#isClosing = true;
    this.#socket.write(text, 'latin1');
    this.linger();
  }

  /** Makes `node:http` linger where it would close at once after the response. */
  lingerAfterResponse(): void {
    this.#socket.destroySoon = () => this.linger();
  }

  /** Cuts the connection: the response that was under way is visibly incomplete. */
  reset(): void {
    this.#accepted.isClosedByUs = true;
    this.#socket.destroy();
  }

  onSocketClose(): void {
    const { stats } = this.#manager.context;
    if (this.#isTunnel) {
      stats.downstreamCxWebsocketActive--;
    } else {
      stats.downstreamCxHttp1Active--;
    }
    this.#waiting.length = 0;
  }
}

const emptyReply = 'content-length: 0\r\nconnection: close\r\n\r\n';

/** Whether the client has gone away; in the middle of a request, as it may, and not by mistake. */
function hasClientLeft(code: string | undefined): boolean {
  return code === 'ECONNRESET' || code === 'HPE_INVALID_EOF_STATE';
}
