import { FrameCursor } from './frame-cursor.js';

const noBytes = Buffer.alloc(0);

/**
 * Writes a gRPC body in base64, frame by frame: each has its own padding, so that a client can read
 * a message as soon as the last of its bytes is here.
 *
 * Envoy waits for the whole of a frame. This sends what has come, up to two bytes that do not fill a
 * group of base64; the bytes on the wire are the same.
 */
export class Base64FrameEncoder {
  readonly #cursor = new FrameCursor();
  /** At most two bytes of the frame under way. */
  #rest: Buffer = noBytes;

  /** Whether all frames so far are complete. */
  get isAtBoundary(): boolean {
    return this.#cursor.isAtBoundary;
  }

  /** Returns what can be sent of a piece, which may be nothing. */
  encode(chunk: Buffer): Buffer {
    let text = '';
    let start = 0;
    while (start < chunk.length) {
      const end = this.#cursor.advance(chunk, start);
      text += this.#encodePart(chunk.subarray(start, end));
      start = end;
    }
    return Buffer.from(text, 'latin1');
  }

  /** Returns what is left of a frame that has no end. */
  end(): Buffer {
    const text = this.#rest.toString('base64');
    this.#rest = noBytes;
    return Buffer.from(text, 'latin1');
  }

  #encodePart(part: Buffer): string {
    const bytes = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part]);
    const end = this.#cursor.isAtBoundary ? bytes.length : bytes.length - (bytes.length % 3);
    // A copy: the piece that it was cut from can be large.
    this.#rest = end === bytes.length ? noBytes : Buffer.from(bytes.subarray(end));
    return bytes.toString('base64', 0, end);
  }
}
