import { Duplex } from 'node:stream';

/**
 * One end of a pair: what is written here is read there. It has as much of a socket as `node:http`
 * and the applications behind it expect to find; there is nothing to set on it.
 */
class PairedDuplex extends Duplex {
  readonly remoteAddress: string = '127.0.0.1';
  readonly remoteFamily: string = 'IPv4';
  /** Set once, right after both ends exist. */
  other: PairedDuplex | undefined = undefined;
  /** Lets the writer go on, when the reader has room again. */
  #resumeWriter: (() => void) | undefined = undefined;

  setTimeout(): this {
    return this;
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
    const other = this.other;
    if (other !== undefined && !other.destroyed) {
      // Not at once, as from a peer: who destroys one end is not called back by the other.
      process.nextTick(() => other.destroy(error ?? undefined));
    }
    callback(error);
  }

  #receive(chunk: Buffer, onTaken: () => void): void {
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
