/** More than this is not kept: a second attempt is a convenience, memory is not. */
const maxReplayBytes = 64 * 1024;

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

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > maxReplayBytes) {
      this.#chunks = undefined;
    } else {
      this.#chunks?.push(chunk);
    }
  }
}

const idempotentMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
]);

/** Whether doing it twice has the effect of doing it once: RFC 9110, 9.2.2. */
export function isIdempotent(method: string): boolean {
  return idempotentMethods.has(method);
}
