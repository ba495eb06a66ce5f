import { Duplex } from 'node:stream';

/**
 * Before Node.js 26, a write by TLS that fails at once, as the peer has reset the connection, never
 * ends for a session of `node:http2` that writes to TLS directly. The session does not read any more
 * then, and so never hears that the peer is gone; or it takes what it has read for unread, and aborts
 * the process.
 */
const hasLostWrites = Number.parseInt(process.versions.node, 10) < 26;

/** Returns what a session of `node:http2` takes over for `socket`, which is ours to ask and to end. */
export function socketForSession(socket: Duplex, isTls: boolean): Duplex {
  return isTls && hasLostWrites ? new SocketRelay(socket) : socket;
}

/**
 * Stands between a session and its socket: what is written here is written there, what is read there
 * is read here, and who destroys one destroys both. It costs a copy of each byte, and no more than
 * that is known of the socket by it.
 */
export class SocketRelay extends Duplex {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    // Nothing is taken in advance: the end of the socket has to come behind all that was sent.
    super({ readableHighWaterMark: 1 });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) {
        socket.pause();
      }
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, onWritten: OnWritten): void {
    this.#socket.write(chunk, onWritten);
  }

  /** All at once: each write by TLS is a record, and a packet. */
  override _writev(chunks: { readonly chunk: Buffer }[], onWritten: OnWritten): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), onWritten);
  }

  override _final(onEnded: () => void): void {
    this.#socket.end(onEnded);
  }

  override _destroy(error: Error | null, onDestroyed: OnWritten): void {
    this.#socket.destroy();
    onDestroyed(error);
  }
}

type OnWritten = (error?: Error | null) => void;
