import { frameHeadLength } from '../grpc/frame-cursor.js';
import { TranscodingError } from './transcoding-error.js';

/** Puts the messages of a gRPC body together, whatever the pieces in which it comes. */
export class FrameCollector {
  /** Of one message; 0 for no limit. */
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** How many bytes are needed to go on: those of a head, or of a head and its message. */
  #needed: number = frameHeadLength;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether all messages so far are complete. */
  get isAtBoundary(): boolean {
    return this.#bytes === 0;
  }

  /**
   * Takes a piece and returns the messages that it completes. Throws a `TranscodingError` for one that
   * is too large, or compressed, which nobody has asked for.
   */
  push(piece: Buffer): readonly Buffer[] {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    const messages: Buffer[] = [];
    while (this.#bytes >= this.#needed) {
      const bytes = this.#join();
      const length = this.#readHead(bytes);
      const end = frameHeadLength + length;
      if (bytes.length < end) {
        this.#needed = end;
        break;
      }
      messages.push(bytes.subarray(frameHeadLength, end));
      this.#pieces = [bytes.subarray(end)];
      this.#bytes -= end;
      this.#needed = frameHeadLength;
    }
    return messages;
  }

  #join(): Buffer {
    const bytes = this.#pieces.length === 1 ? this.#pieces[0] : undefined;
    if (bytes !== undefined) {
      return bytes;
    }
    const joined = Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [joined];
    return joined;
  }

  #readHead(bytes: Buffer): number {
    if (bytes[0] !== 0) {
      throw new TranscodingError('a message is compressed');
    }
    const length = bytes.readUInt32BE(1);
    if (this.#maxBytes > 0 && length > this.#maxBytes) {
      throw new TranscodingError(
        `a message has ${length} bytes, more than the buffer limit of ${this.#maxBytes}`,
      );
    }
    return length;
  }
}

/** Returns a message as gRPC has it in a body. */
export function toFrame(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(frameHeadLength + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, frameHeadLength);
  return frame;
}
