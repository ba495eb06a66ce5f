import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { SidecarError } from '../base/errors.js';
import { describeNeglect } from './unread-bodies.js';

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
 * The body of an outbound response. It is read once: by one of the methods, as a stream, or piece by
 * piece with `for await`. Leaving such a loop early, destroying the stream, and `dump` give the rest
 * up.
 *
 * No more than some 64 KiB are kept for a reader who does not come; the host is asked to wait. A body
 * that is not complete by then is given up, and its connection closed, when nobody has begun to read
 * it within a minute, or has read on for five. One that is complete holds no connection.
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
  /** Since somebody has last read. */
  #idleSteps = 0;
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
    this.#use();
    const bytes = this.#isEnded ? this.#joined() : await this.#readAll();
    const text = bytes.toString('utf8');
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  /** Reads all of it as JSON, of the type that you say. Rejects with a `SyntaxError` if it is none. */
  async json<T = unknown>(): Promise<T> {
    // Nobody but the caller can know the type.
    return JSON.parse(await this.text()) as T;
  }

  /** Reads all of it. */
  async bytes(): Promise<Buffer> {
    this.#use();
    return this.#isEnded ? this.#joined() : this.#readAll();
  }

  /** Reads all of it, into a buffer of its own. */
  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.bytes();
    const copy = new ArrayBuffer(bytes.length);
    bytes.copy(new Uint8Array(copy));
    return copy;
  }

  /** Returns it as a stream of Node.js. Throws `SIDECAR_BODY_INVALID` if it has been read already. */
  stream(): Readable {
    return Readable.from(this.#claim(), { objectMode: false });
  }

  /** Returns it as a web stream. Throws `SIDECAR_BODY_INVALID` if it has been read already. */
  webStream(): ReadableStream<Uint8Array> {
    const pieces = this.#claim();
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await pieces.next();
          if (done === true) {
            controller.close();
          } else {
            controller.enqueue(value);
          }
        },
        cancel: async () => {
          await pieces.return?.();
        },
      },
      { highWaterMark: 0 },
    );
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
    return this.#iterate(this.#pieces(false));
  }

  /** Takes a piece from the call. Returns false when the call should pause. */
  push(chunk: Buffer): boolean {
    if (this.#chunks.length === 0) {
      // Mostly it is all there is. To push it would make room for sixteen more.
      this.#chunks = [chunk];
    } else {
      this.#chunks.push(chunk);
    }
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

  /**
   * Called in steps while the call is under way. Returns what is wrong, if nobody has read for too
   * long.
   */
  growOlder(): string | undefined {
    if (this.#isReadingAll || this.#wakeReader !== undefined) {
      return undefined;
    }
    this.#idleSteps++;
    return describeNeglect(this.#idleSteps, this.#isUsed);
  }

  /** Begins to read, before the first piece is asked for. */
  #claim(): AsyncIterableIterator<Buffer> {
    this.#use();
    return this.#iterate(this.#pieces(true));
  }

  #iterate(pieces: AsyncGenerator<Buffer, undefined, undefined>): AsyncIterableIterator<Buffer> {
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

  async *#pieces(isClaimed: boolean): AsyncGenerator<Buffer, undefined, undefined> {
    if (!isClaimed) {
      this.#use();
    }
    for (;;) {
      this.#idleSteps = 0;
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
    this.#idleSteps = 0;
  }

  async #readAll(): Promise<Buffer> {
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
    return this.#joined();
  }

  #joined(): Buffer {
    const chunks = this.#chunks;
    this.#chunks = [];
    const only = chunks[0];
    return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
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
