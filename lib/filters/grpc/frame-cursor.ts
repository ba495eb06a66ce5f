/** Bytes in front of a message: one of flags, four of the length, the highest first. */
export const frameHeadLength = 5;

/**
 * Finds where the frames of a gRPC body end, whatever the pieces in which it comes. It keeps no byte
 * of them.
 */
export class FrameCursor {
  /** How many bytes of the head have been read. */
  #headBytes = 0;
  /** How many bytes of the message are still to come, once the head is complete. */
  #remaining = 0;

  /** Whether all frames so far are complete. */
  get isAtBoundary(): boolean {
    return this.#headBytes === 0;
  }

  /**
   * Goes on at `start`, and returns where the frame under way ends, or the length of `chunk` if it
   * does not end there.
   */
  advance(chunk: Buffer, start: number): number {
    let position = start;
    while (this.#headBytes < frameHeadLength && position < chunk.length) {
      if (this.#headBytes > 0) {
        // The index is below the length. A product, since a shift would overflow.
        this.#remaining = this.#remaining * 256 + (chunk[position] as number);
      }
      this.#headBytes++;
      position++;
    }
    if (this.#headBytes < frameHeadLength) {
      return position;
    }
    const taken = Math.min(this.#remaining, chunk.length - position);
    this.#remaining -= taken;
    if (this.#remaining === 0) {
      this.#headBytes = 0;
    }
    return position + taken;
  }

  /** Goes to the end of `chunk`. */
  skip(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length) {
      position = this.advance(chunk, position);
    }
  }
}
