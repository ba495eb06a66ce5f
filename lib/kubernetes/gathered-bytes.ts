/** Room for most lines and answers, and the least that is made. */
const firstCapacity = 4096;

/** More room than this is given back when it is not needed any more. */
const maxKeptCapacity = 64 * 1024;

/**
 * Puts pieces of bytes together. It copies them: pieces that come one byte at a time would, if they
 * were kept, take a hundred times their length.
 */
export class GatheredBytes {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      // By doubling, every byte is copied twice on average, however small the pieces are.
      const capacity = Math.max(length, 2 * this.#bytes.length, firstCapacity);
      const larger = Buffer.allocUnsafe(capacity);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  /** Returns all as a text, and begins anew. */
  takeText(): string {
    const text = this.#bytes.toString('utf8', 0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > maxKeptCapacity) {
      this.#bytes = Buffer.alloc(0);
    }
    return text;
  }
}
