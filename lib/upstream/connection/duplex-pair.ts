import { Duplex } from 'node:stream';

/** One end of a pair: what is written here is read there. */
class PairedDuplex extends Duplex {
  /** Set once, right after both ends exist. */
  other: PairedDuplex | undefined = undefined;
  /** Lets the writer go on, when the reader has room again. */
  #resumeWriter: (() => void) | undefined = undefined;

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
      // As a socket whose peer is gone: the other end hears it after what was sent before.
      process.nextTick(() => other.destroy());
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
