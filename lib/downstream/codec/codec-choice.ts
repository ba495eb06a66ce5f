import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import type { ConnectionManager } from '../connection-manager.js';
import { AcceptedConnection } from './accepted-connection.js';
import { connectionOf } from './node-http1-connection.js';
import { NodeHttp2Connection } from './node-http2-connection.js';

/** What every HTTP/2 connection begins with (RFC 9113, 3.4), and no request of HTTP/1 does. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A client that has sent nothing by then is told so, as one whose head does not come. */
const firstBytesTimeoutMs = 60_000;

/**
 * Puts the choice of a codec, `codec_type`, in front of a server that speaks HTTP/1: reference 2.1.
 * `auto` goes by ALPN, and by the first bytes where nothing has been negotiated.
 *
 * Called once, before other listeners than those of the codec are put on the server. `node:http`
 * goes on accepting the connections, but is not told of them before it is known that they are its.
 */
export function chooseCodecs(
  server: Server,
  connectionEvent: 'connection' | 'secureConnection',
  manager: ConnectionManager,
  wheel: TimerWheel,
): void {
  const { codecType } = manager.context.config;
  if (codecType === 'http1') {
    return;
  }
  // Declared as mere functions.
  const http1Listeners = server.listeners(connectionEvent) as ((socket: Socket) => void)[];
  server.removeAllListeners(connectionEvent);
  const serveHttp1 = (socket: Socket): void => {
    for (const listener of http1Listeners) {
      listener.call(server, socket);
    }
  };
  server.on(connectionEvent, (socket: Socket) => {
    if (socket.destroyed) {
      return;
    }
    const accepted = AcceptedConnection.of(socket, manager, wheel);
    const negotiated = socket instanceof TLSSocket ? socket.alpnProtocol : false;
    if (codecType === 'http2' || negotiated === 'h2') {
      new NodeHttp2Connection(accepted).start();
    } else if (typeof negotiated === 'string') {
      serveHttp1(socket);
    } else {
      new FirstBytes(accepted, serveHttp1).start();
    }
  });
}

/** Reads the first bytes of a connection until they tell HTTP/2 from HTTP/1, and puts them back. */
class FirstBytes {
  readonly #accepted: AcceptedConnection;
  readonly #socket: Socket;
  readonly #serveHttp1: (socket: Socket) => void;
  readonly #timer: WheelTimer = new WheelTimer(this);
  /** What has come, as long as it may become the preface. */
  #received: Buffer | undefined = undefined;

  constructor(accepted: AcceptedConnection, serveHttp1: (socket: Socket) => void) {
    this.#accepted = accepted;
    this.#socket = accepted.socket;
    this.#serveHttp1 = serveHttp1;
  }

  start(): void {
    const socket = this.#socket;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    this.#accepted.wheel.start(this.#timer, firstBytesTimeoutMs);
  }

  /** `node:http` would say the same, had it been told of the connection. */
  onDeadline(): void {
    this.#handOver();
    this.#serveHttp1(this.#socket);
    const error = new Error('Request timeout');
    connectionOf(this.#socket)?.onClientError(
      Object.assign(error, { code: 'ERR_HTTP_REQUEST_TIMEOUT' }),
    );
  }

  readonly #onData = (chunk: Buffer): void => {
    const received = this.#received === undefined ? chunk : Buffer.concat([this.#received, chunk]);
    const length = Math.min(received.length, preface.length);
    const isPreface = preface.compare(received, 0, length, 0, length) === 0;
    if (isPreface && length < preface.length) {
      this.#received = received;
      return;
    }
    const socket = this.#socket;
    this.#handOver();
    // Or it would hand out at once what it is given back, before anybody else listens.
    socket.pause();
    socket.unshift(received);
    if (isPreface) {
      new NodeHttp2Connection(this.#accepted).start();
    } else {
      this.#serveHttp1(socket);
      // Not before the parser has taken the socket over, or it could not stop it later on.
      process.nextTick(() => socket.resume());
    }
  };

  /** The client has left without a request. */
  readonly #onEnd = (): void => {
    if (this.#received !== undefined) {
      this.#accepted.manager.context.stats.downstreamCxProtocolError++;
    }
    this.#socket.destroy();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#timer.stop();
  };

  #handOver(): void {
    const socket = this.#socket;
    this.#timer.stop();
    socket.removeListener('data', this.#onData);
    socket.removeListener('end', this.#onEnd);
    socket.removeListener('error', this.#onError);
    socket.removeListener('close', this.#onClose);
  }
}
