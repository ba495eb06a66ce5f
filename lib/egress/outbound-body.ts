import { SidecarError } from '../base/errors.js';

/** What the body may tell the call that it comes from. */
export interface BodySource {
  /** There is room again. */
  onBodyWanted(): void;
  /** Nobody wants the rest. */
  onBodyUnwanted(): void;
  /** A reader waits for the next piece. */
  onReaderWaiting(): void;
  /** It waits no more. */
  onReaderServed(): void;
}

/** Above this the host is asked to wait until somebody reads. */
const highWaterBytes = 64 * 1024;

/**
 * The body of an outbound response. It is read once: by one of the methods, or piece by piece with
 * `for await`. Leaving such a loop early, and `dump`, give the rest up.
 *
 * Reading rejects with `SIDECAR_BODY_ABORTED` if the host breaks off, with the signal's reason if
 * the caller has aborted, and with `SIDECAR_BODY_INVALID` if the body is read twice.
 */
export class OutboundBody implements AsyncIterable<Buffer> {
  readonly #source: BodySource;
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #isEnded = false;
  #isPaused = false;
  #error: unknown = undefined;
  #hasFailed = false;
  #isUsed = false;
  #isReadingAll = false;
  #wakeReader: (() => void) | undefined = undefined;

  constructor(source: BodySource) {
    this.#source = source;
  }

  /** Whether reading has begun. */
  get bodyUsed(): boolean {
    return this.#isUsed;
  }

  /** Reads all of it as UTF-8, a byte order mark left out. */
  async text(): Promise<string> {
    const text = (await this.bytes()).toString('utf8');
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  /** Reads all of it as JSON. Rejects with a `SyntaxError` if it is not. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  /** Reads all of it. */
  async bytes(): Promise<Buffer> {
    this.#use();
    this.#isReadingAll = true;
    if (this.#isPaused) {
      this.#resume();
    }
    while (!this.#isEnded && !this.#hasFailed) {
      await this.#wait();
    }
    if (this.#hasFailed) {
      throw this.#error;
    }
    const chunks = this.#chunks;
    this.#chunks = [];
    const only = chunks[0];
    return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  }

  /** Gives the body up unread; the connection goes on if there is nothing left to read. */
  dump(): void {
    this.#isUsed = true;
    this.#chunks = [];
    if (!this.#isEnded && !this.#hasFailed) {
      this.#source.onBodyUnwanted();
    }
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Buffer> {
    const pieces = this.#pieces();
    return {
      next: () => pieces.next(),
      // Ahead of the generator, which hears of it only after the piece that it may be waiting for.
      return: () => {
        this.dump();
        return pieces.return(undefined);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Takes a piece from the call. Returns false when the call should pause. */
  push(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    this.#wake();
    this.#isPaused = !this.#isReadingAll && this.#bufferedBytes >= highWaterBytes;
    return !this.#isPaused;
  }

  /** The body is complete. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /** The body will never be complete. */
  fail(error: unknown): void {
    if (!this.#isEnded && !this.#hasFailed) {
      this.#hasFailed = true;
      this.#error = error;
      this.#wake();
    }
  }

  async *#pieces(): AsyncGenerator<Buffer, undefined, undefined> {
    this.#use();
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bufferedBytes -= chunk.length;
        if (this.#isPaused && this.#bufferedBytes < highWaterBytes) {
          this.#resume();
        }
        yield chunk;
      } else if (this.#hasFailed) {
        throw this.#error;
      } else if (this.#isEnded) {
        return;
      } else {
        await this.#wait();
      }
    }
  }

  #use(): void {
    if (this.#isUsed) {
      throw new SidecarError('SIDECAR_BODY_INVALID', 'the body has been read already');
    }
    this.#isUsed = true;
  }

  #resume(): void {
    this.#isPaused = false;
    this.#source.onBodyWanted();
  }

  #wait(): Promise<void> {
    this.#source.onReaderWaiting();
    return new Promise((resolve) => {
      this.#wakeReader = resolve;
    });
  }

  #wake(): void {
    const wakeReader = this.#wakeReader;
    if (wakeReader !== undefined) {
      this.#wakeReader = undefined;
      this.#source.onReaderServed();
      wakeReader();
    }
  }
}
