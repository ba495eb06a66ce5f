import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';

const address = '127.0.0.1';
const family = 'IPv4';

/**
 * One end of a pair: what is written here is read there. It has as much of a socket as `node:http`
 * and the applications behind it expect to find. There is nothing to set on it but its time-out.
 */
class PairedDuplex extends Duplex {
  readonly remoteAddress: string = address;
  readonly remoteFamily: string = family;
  /** There is none. */
  readonly remotePort: number = 0;
  readonly connecting: boolean = false;
  readonly pending: boolean = false;
  timeout: number | undefined = undefined;
  /** Set once, right after both ends exist. */
  other: PairedDuplex | undefined = undefined;
  /** Lets the writer go on, when the reader has room again. */
  #resumeWriter: (() => void) | undefined = undefined;
  #idleTimer: NodeJS.Timeout | undefined = undefined;

  address(): AddressInfo {
    return { address, family, port: 0 };
  }

  /** As that of a socket: `timeout` is emitted after so many milliseconds without a byte. */
  setTimeout(timeoutMs: number, callback?: () => void): this {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
    this.timeout = timeoutMs;
    if (timeoutMs > 0) {
      this.#idleTimer = setTimeout(() => this.emit('timeout'), timeoutMs).unref();
    }
    if (callback !== undefined) {
      this.off('timeout', callback);
      if (timeoutMs > 0) {
        this.once('timeout', callback);
      }
    }
    return this;
  }

  /** As the other end closes on the end, too. To destroy it would take what is not yet read. */
  destroySoon(): void {
    this.end();
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    const resume = this.#resumeWriter;
    this.#resumeWriter = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#idleTimer?.refresh();
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
    clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
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
    this.#idleTimer?.refresh();
    if (this.push(chunk)) {
      process.nextTick(onTaken);
    } else {
      this.#resumeWriter = onTaken;
    }
  }
}

/** Returns two streams that are connected to each other, as a TCP connection within the process. */
export function createDuplexPair(): [Duplex, Duplex] {
  const near = new PairedDuplex({ allowHalfOpen: false, highWaterMark: 64 * 1024 });
  const far = new PairedDuplex({ allowHalfOpen: true, highWaterMark: 64 * 1024 });
  near.other = far;
  far.other = near;
  return [near, far];
}
