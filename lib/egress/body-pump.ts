import type { ReadableStream } from 'node:stream/web';
import { invalid } from './request-options.js';

/** A request body that comes piece by piece. */
export type StreamedBody = AsyncIterable<Uint8Array | string>;

/** Where the pieces go. */
export interface BodySink {
  /** Takes a piece. After `false`, no more until the pump's `resume`. */
  writeBody(chunk: Buffer): boolean;
  /** That was all. */
  endBody(): void;
  /** The body has thrown, or cannot be sent. `BodyPump.stop` is to follow. */
  onBodyFailed(error: unknown): void;
  /** Called once, last: nothing more is read. */
  onBodyDone(): void;
}

/** Sends a streamed body at the pace of whoever takes it, one piece at a time. */
export class BodyPump {
  readonly #body: StreamedBody;
  readonly #announcedBytes: number | undefined;
  #iterator: AsyncIterator<Uint8Array | string> | undefined = undefined;
  #sink: BodySink | undefined = undefined;
  #sentBytes = 0;
  #isDone = false;
  #onRoom: (() => void) | undefined = undefined;

  /** `announcedBytes`: what `content-length` says, if there is one. */
  constructor(body: StreamedBody, announcedBytes: number | undefined) {
    this.#body = body;
    this.#announcedBytes = announcedBytes;
    ignoreErrors(body);
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.#run(sink).catch((error: unknown) => {
      if (!this.#isDone) {
        sink.onBodyFailed(error);
      }
    });
  }

  /** There is room again. */
  resume(): void {
    const onRoom = this.#onRoom;
    this.#onRoom = undefined;
    onRoom?.();
  }

  /** Nobody wants the rest; the body is told so. Idempotent. */
  stop(): void {
    if (this.#isDone) {
      return;
    }
    this.#finish();
    if (this.#iterator === undefined || isDestroyable(this.#body)) {
      // A stream that waits for data would not hear of `return` before there is some.
      releaseBody(this.#body);
    } else {
      // What it throws now is of no interest to anybody.
      this.#release().catch(() => {});
    }
  }

  async #run(sink: BodySink): Promise<void> {
    const iterator = iterate(this.#body);
    this.#iterator = iterator;
    for (;;) {
      const { done, value } = await iterator.next();
      if (this.#isDone) {
        return;
      }
      if (done === true) {
        break;
      }
      const chunk = toChunk(value);
      this.#sentBytes += chunk.length;
      this.#checkLength(this.#sentBytes <= (this.#announcedBytes ?? this.#sentBytes));
      if (!sink.writeBody(chunk)) {
        await this.#room();
      }
    }
    this.#checkLength(this.#sentBytes === (this.#announcedBytes ?? this.#sentBytes));
    this.#finish();
    sink.endBody();
  }

  async #release(): Promise<void> {
    await this.#iterator?.return?.();
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve;
    });
  }

  /** A body of another length would run into the next request on the connection. */
  #checkLength(isRight: boolean): void {
    if (!isRight) {
      throw invalid(
        `content-length is ${this.#announcedBytes}, but the body has ` +
          `${this.#sentBytes > (this.#announcedBytes ?? 0) ? 'more' : `only ${this.#sentBytes}`} bytes`,
      );
    }
  }

  #finish(): void {
    this.#isDone = true;
    this.#sink?.onBodyDone();
  }
}

function toChunk(piece: unknown): Buffer {
  if (typeof piece === 'string') {
    return Buffer.from(piece);
  }
  if (piece instanceof Uint8Array) {
    return toBuffer(piece);
  }
  throw invalid('a piece of the body is neither a string nor a Uint8Array');
}

/** Returns the same bytes as a Buffer, without a copy. */
export function toBuffer(bytes: ArrayBufferView): Buffer {
  return bytes instanceof Buffer
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Tells a stream that nobody is going to read it. Other bodies have nothing to give back yet. */
export function releaseBody(body: unknown): void {
  if (typeof body !== 'object' || body === null) {
    return;
  }
  try {
    ignoreErrors(body);
    if (isDestroyable(body)) {
      body.destroy();
    } else if (isWebStream(body) && !body.locked) {
      body.cancel().catch(() => {});
    }
  } catch {
    // It is not ours, and what it throws now is of no interest to anybody.
  }
}

/** What a stream emits when it is read no more must not end the process. */
function ignoreErrors(body: object): void {
  if ('on' in body && typeof body.on === 'function') {
    body.on('error', () => {});
  }
}

function iterate(body: StreamedBody): AsyncIterator<Uint8Array | string> {
  if (!isWebStream(body)) {
    return body[Symbol.asyncIterator]();
  }
  // Its own iterator would hear of `return` only after the piece that it waits for.
  const reader = body.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done, value };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

function isWebStream(body: object): body is ReadableStream<Uint8Array | string> {
  return 'getReader' in body && typeof body.getReader === 'function';
}

function isDestroyable(body: object): body is { destroy(): void } {
  return 'destroy' in body && typeof body.destroy === 'function';
}
