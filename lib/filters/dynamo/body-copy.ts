/** No message of DynamoDB is larger: a batch may have 16 MB. */
const maxBytes = 16 * 1024 * 1024;

/** The body of a message that is looked at while it passes, up to a limit. */
export class BodyCopy {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** Keeps a piece, unless there are more than `limit` bytes then; 0 for no limit of the caller. */
  add(chunk: Buffer, limit: number): void {
    this.#bytes += chunk.length;
    if (this.#bytes > (limit > 0 ? Math.min(limit, maxBytes) : maxBytes)) {
      this.#chunks = [];
    } else {
      this.#chunks.push(chunk);
    }
  }

  /** Returns the body, or `undefined` if there is none or it is too large. Called once, last. */
  take(): Buffer | undefined {
    const chunks = this.#chunks;
    this.#chunks = [];
    const body = Buffer.concat(chunks);
    return body.length === 0 ? undefined : body;
  }
}
