import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { SocketLike } from '../../http/socket-like.js';

const address = '127.0.0.1';
const family = 'IPv4';

/** One end of a pair: what is written here is read there. */
class PairedDuplex extends SocketLike {
  readonly remoteAddress: string = address;
  readonly remoteFamily: string = family;
  /** There is none. */
  readonly remotePort: number = 0;
  readonly pending: boolean = false;
  /** Set once, right after both ends exist. */
  other: PairedDuplex | undefined = undefined;
  /** Lets the writer go on, when the reader has room again. */
  #resumeWriter: (() => void) | undefined = undefined;

  constructor(allowHalfOpen: boolean) {
    super({ allowHalfOpen, highWaterMark: 64 * 1024 });
  }

  address(): AddressInfo {
    return { address, family, port: 0 };
  }

  /** As the other end closes on the end, too. To destroy it would take what is not yet read. */
  destroySoon(): void {
    this.end();
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  override _read(): void {
    const resume = this.#resumeWriter;
    this.#resumeWriter = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.breakSilence();
    if (this.other === undefined || this.other.destroyed) {
      callback();
    } else {
      this.other.#receive(chunk, callback);
    }
  }

  override _final(callback: () => void): void {
    this.other?.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.stopTimer();
    const other = this.other;
    // Where both directions have ended by themselves, the other may read what came when it likes.
    const isOver = error === null && this.readableEnded && this.writableFinished;
    const keepsOther = isOver && (other?.readableLength ?? 0) > 0;
    if (other !== undefined && !other.destroyed && !keepsOther) {
      // Not at once, as from a peer: who destroys one end is not called back by the other.
      process.nextTick(() => other.destroy(error ?? undefined));
    }
    callback(error);
  }

  #receive(chunk: Buffer, onTaken: () => void): void {
    this.breakSilence();
    if (this.push(chunk)) {
      process.nextTick(onTaken);
    } else {
      this.#resumeWriter = onTaken;
    }
  }
}

/** Returns two streams that are connected to each other, as a TCP connection within the process. */
export function createDuplexPair(): [Duplex, Duplex] {
  const near = new PairedDuplex(false);
  const far = new PairedDuplex(true);
  near.other = far;
  far.other = near;
  return [near, far];
}
