/** What has been sent of a request body, as long as it is small enough to be sent again. */
export class ReplayBuffer {
  #chunks: Buffer[] | undefined = [];
  #bytes = 0;

  /** Whether everything added so far is still here. */
  get isComplete(): boolean {
    return this.#chunks !== undefined;
  }

  /** The pieces, oldest first; `undefined` once they were too many. */
  get chunks(): readonly Buffer[] | undefined {
    return this.#chunks;
  }

  /** Whether there is room for so many more bytes. A limit of 0 is none. */
  hasRoom(bytes: number, limitBytes: number): boolean {
    return limitBytes === 0 || this.#bytes + bytes <= limitBytes;
  }

  /** Keeps a piece, or throws everything away for good if that were too much. */
  add(chunk: Buffer, limitBytes: number): void {
    if (this.hasRoom(chunk.length, limitBytes)) {
      this.#chunks?.push(chunk);
    } else {
      this.#chunks = undefined;
    }
    this.#bytes += chunk.length;
  }
}

/** More than this is not kept for a resend alone: it is a convenience, memory is not. */
export const maxResendBytes: number = 64 * 1024;
