import { Duplex } from 'node:stream';
import type { Address } from '../../lib/config/address.js';
import type { Connector, ReadCallback } from '../../lib/upstream/connection/connector.js';

/** Used for every read of every connection, as the real one. */
const readBuffer = Buffer.alloc(64 * 1024);

/** A socket in memory: a test is its peer and says what happens on it, and when. */
export class FakeSocket extends Duplex {
  /** What has been written, as latin1. */
  written = '';
  /** How many system calls that would have taken. */
  writeCount = 0;
  /** Keeps what is written waiting, as for a peer that does not read. */
  isStuck = false;
  readonly target: Address;
  readonly bufferLimitBytes: number;
  readonly #onRead: ReadCallback;
  #onTaken: (() => void) | undefined = undefined;

  constructor(target: Address, onRead: ReadCallback, bufferLimitBytes: number) {
    super({ writableHighWaterMark: bufferLimitBytes });
    this.target = target;
    this.bufferLimitBytes = bufferLimitBytes;
    this.#onRead = onRead;
  }

  /** The connection is established. */
  accept(): void {
    this.emit('connect');
  }

  /** The connection cannot be established. */
  refuse(): void {
    this.destroy(new Error('refused'));
    // At once, so that a test need not wait for it.
    this.emit('error', new Error('refused'));
  }

  /** The peer sends something; all of it is read at once. */
  answer(text: string): void {
    this.#onRead(readBuffer.write(text, 'latin1'), readBuffer);
  }

  /** The peer closes its half. */
  endByPeer(): void {
    this.emit('end');
  }

  /** The peer resets the connection. */
  resetByPeer(): void {
    this.emit('error', new Error('reset'));
  }

  /** The peer reads again. */
  unstick(): void {
    this.isStuck = false;
    const onTaken = this.#onTaken;
    this.#onTaken = undefined;
    onTaken?.();
  }

  override _read(): void {
    // What is read does not come this way.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#take(chunk, callback);
  }

  override _writev(pieces: readonly { readonly chunk: Buffer }[], callback: () => void): void {
    this.#take(Buffer.concat(pieces.map(({ chunk }) => chunk)), callback);
  }

  #take(chunk: Buffer, callback: () => void): void {
    this.writeCount++;
    this.written += chunk.toString('latin1');
    if (this.isStuck) {
      this.#onTaken = callback;
    } else {
      callback();
    }
  }
}

/** Opens connections in memory. */
export class FakeConnector implements Connector {
  readonly openEvent: string = 'connect';
  /** Every connection ever asked for, oldest first. */
  readonly sockets: FakeSocket[] = [];
  /** Whether connections are established at once, on the next turn of the event loop. */
  isAccepting = false;

  /** The connection that was asked for last. */
  get last(): FakeSocket {
    return this.at(this.sockets.length - 1);
  }

  at(index: number): FakeSocket {
    const socket = this.sockets[index];
    if (socket === undefined) {
      throw new Error(`there are only ${this.sockets.length} connections`);
    }
    return socket;
  }

  connect(target: Address, onRead: ReadCallback, bufferLimitBytes: number): Duplex {
    const socket = new FakeSocket(target, onRead, bufferLimitBytes);
    this.sockets.push(socket);
    if (this.isAccepting) {
      process.nextTick(() => socket.accept());
    }
    return socket;
  }
}
