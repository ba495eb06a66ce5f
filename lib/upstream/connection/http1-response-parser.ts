import type { HeaderList } from '../../http/headers.js';
import { Http1ChunkLineReader } from './http1-chunk-line-reader.js';
import { Http1FieldReader } from './http1-field-reader.js';
import { type BodyPhase, Http1MessageFraming } from './http1-message-framing.js';
import type { ParserError } from './http1-parser-error.js';
import { Http1StatusLineReader } from './http1-status-line-reader.js';

export type { ParserError } from './http1-parser-error.js';

/**
 * Receives one response, piece by piece, in this order: any number of `onInformational`, one
 * `onHead`, any number of `onData`, then `onEnd`. Every call is made from within `execute` or
 * `finish`. A sink may abandon the parser from within a call by calling `stop()` on it.
 */
export interface ResponseSink {
  /** A 1xx other than 101; its headers follow the same rules as others. */
  onInformational(status: number, headers: HeaderList): void;
  /** `hasBody` is false if nothing but `onEnd` can follow (HEAD, 204, 304, length 0, 101). */
  onHead(status: number, headers: HeaderList, hasBody: boolean): void;
  /** Body bytes `chunk[start, end)`, without framing. The bytes are lent: copy what is kept. */
  onData(chunk: Buffer, start: number, end: number): void;
  /** The message is complete. `trailers` is `undefined` when there were none. */
  onEnd(trailers: HeaderList | undefined): void;
}

/** What a response may cost before its body. */
export interface ParserLimits {
  /**
   * The most bytes that a head (status line and headers, up to and with the empty line) may have,
   * and likewise the trailers. The size line of a chunk may have as many, but at most 16 KiB.
   */
  readonly maxHeadBytes: number;
}

/** Envoy's limit. */
const defaultLimits: ParserLimits = { maxHeadBytes: 60 * 1024 };

/** Extensions of chunks have no known use, so what is taken need not grow with the head's limit. */
const maxChunkLineBytes = 16 * 1024;

/** A peer that has something to tell stays far below; one that never answers is not read forever. */
const maxInformational = 100;

/**
 * Header values are cut from a text that lives as long as any of them. A head is read in steps of
 * so many bytes, so that the text is never much larger than the head.
 */
const maxStepBytes = 1024;

/** `stopped`: not yet started, abandoned, or failed. */
type Phase =
  | 'stopped'
  | 'status-line'
  | 'headers'
  | BodyPhase
  | 'chunk-data'
  | 'trailers'
  | 'complete';

/**
 * Parses the responses on one HTTP/1.x connection, one at a time, and never reads past one.
 *
 * It is as strict as Node.js' own parser, and stricter where RFC 9112 gives reason. The reasons
 * stand where the rules do: status line, header lines, framing and chunks each have a file of
 * their own. The outcome does not depend on how the bytes were split.
 *
 * The first error is final: `error` stays, and nothing more is read, `start` or not.
 */
export class Http1ResponseParser {
  readonly #sink: ResponseSink;
  readonly #maxHeadBytes: number;
  readonly #statusLine: Http1StatusLineReader = new Http1StatusLineReader();
  readonly #framing: Http1MessageFraming = new Http1MessageFraming();
  readonly #fields: Http1FieldReader = new Http1FieldReader(this.#framing);
  readonly #chunkLine: Http1ChunkLineReader;
  #phase: Phase = 'stopped';
  #error: ParserError | undefined = undefined;
  #method = '';
  /** Counts the calls of `start`: a sink may start the next message from within `onEnd`. */
  #message = 0;
  #isUntouched = true;
  #informationalCount = 0;
  /** How many bytes of the head or of the trailers have been read. */
  #headBytes = 0;
  /** How many bytes of the body, or of the chunk, are still to come. */
  #remaining = 0;

  constructor(sink: ResponseSink, limits: ParserLimits = defaultLimits) {
    this.#sink = sink;
    this.#maxHeadBytes = limits.maxHeadBytes;
    this.#chunkLine = new Http1ChunkLineReader(Math.min(limits.maxHeadBytes, maxChunkLineBytes));
  }

  /** Why the response was refused. */
  get error(): ParserError | undefined {
    return this.#error;
  }

  /** Whether the message has ended. */
  get isComplete(): boolean {
    return this.#phase === 'complete';
  }

  /** Whether no byte of the response has been seen since `start`. */
  get isUntouched(): boolean {
    return this.#isUntouched;
  }

  /** Whether the connection may be used again (RFC 9112, 9.3). False until `isComplete`. */
  get keepAlive(): boolean {
    return this.#phase === 'complete' && this.#framing.canPersist(this.#statusLine.minorVersion);
  }

  /** Prepares for the answer to a request of this method. To be called before each message. */
  start(method: string): void {
    if (this.#error !== undefined) {
      return;
    }
    this.#message++;
    this.#method = method;
    this.#isUntouched = true;
    this.#informationalCount = 0;
    this.#startHead();
  }

  /**
   * Parses `chunk[start, end)` and returns how many bytes of it were consumed: all, unless the
   * message has ended (the rest belongs to whatever follows), or the parser was stopped or failed.
   */
  execute(chunk: Buffer, start: number, end: number): number {
    const message = this.#message;
    let pos = start;
    while (pos < end && this.#message === message) {
      switch (this.#phase) {
        case 'status-line':
        case 'headers':
          pos = this.#readHead(chunk, pos, end);
          break;
        case 'sized-body':
        case 'chunk-data':
        case 'body-until-close':
          pos = this.#readData(chunk, pos, end);
          break;
        case 'chunk-line':
          pos = this.#readChunkLine(chunk, pos, end);
          break;
        case 'trailers':
          pos = this.#readTrailers(chunk, pos, end);
          break;
        default:
          return pos - start;
      }
    }
    return pos - start;
  }

  /**
   * The peer has closed its side. That completes a body which lasts until the close, and calls
   * `onEnd`. Returns whether the message is complete; false also if it never began.
   */
  finish(): boolean {
    if (this.#phase === 'body-until-close') {
      this.#complete(undefined);
      return true;
    }
    return this.#phase === 'complete';
  }

  /** Abandons the message: nothing more is read and the sink is not called again. */
  stop(): void {
    if (this.#phase !== 'complete') {
      this.#phase = 'stopped';
    }
  }

  #startHead(): void {
    this.#headBytes = 0;
    this.#statusLine.start();
    this.#fields.start(false);
    this.#framing.start();
    this.#phase = 'status-line';
  }

  #readHead(chunk: Buffer, start: number, end: number): number {
    this.#isUntouched = false;
    const stepEnd = this.#stepEnd(start, end);
    if (stepEnd === start) {
      return this.#fail(start, 'head-too-large');
    }
    let pos = start;
    if (this.#phase === 'status-line') {
      pos = this.#statusLine.read(chunk, pos, stepEnd);
      if (this.#statusLine.error !== undefined) {
        return this.#fail(pos, this.#statusLine.error);
      }
      if (this.#statusLine.isDone) {
        this.#phase = 'headers';
      }
    }
    if (pos < stepEnd) {
      pos = this.#fields.read(chunk, pos, stepEnd);
      if (this.#fields.error !== undefined) {
        return this.#fail(pos, this.#fields.error);
      }
    }
    this.#headBytes += pos - start;
    return this.#fields.isDone ? this.#endHead(pos) : pos;
  }

  /** Returns where the next step through a head or trailers ends; `start` if it is too large. */
  #stepEnd(start: number, end: number): number {
    return Math.min(end, start + maxStepBytes, start + this.#maxHeadBytes - this.#headBytes);
  }

  /** Returns `pos`, so that the caller can return it. */
  #endHead(pos: number): number {
    const status = this.#statusLine.status;
    if (status < 200 && status !== 101) {
      return this.#endInformational(pos, status);
    }
    const phase = this.#framing.chooseBody(this.#method, status);
    this.#phase = phase;
    this.#remaining = this.#framing.contentLength;
    if (phase === 'chunk-line') {
      this.#chunkLine.start(true);
    }
    this.#sink.onHead(status, this.#fields.takeHeaders(), phase !== 'no-body');
    if (phase === 'no-body' && this.#phase === phase) {
      this.#complete(undefined);
    }
    return pos;
  }

  #endInformational(pos: number, status: number): number {
    if (!this.#framing.canPersist(this.#statusLine.minorVersion)) {
      // The response proper cannot follow on a connection that ends here.
      return this.#fail(pos, 'invalid-informational');
    }
    if (++this.#informationalCount > maxInformational) {
      return this.#fail(pos, 'too-many-informational');
    }
    const headers = this.#fields.takeHeaders();
    this.#startHead();
    this.#sink.onInformational(status, headers);
    return pos;
  }

  #readData(chunk: Buffer, start: number, end: number): number {
    const phase = this.#phase;
    if (phase === 'body-until-close') {
      this.#sink.onData(chunk, start, end);
      return end;
    }
    const length = Math.min(end - start, this.#remaining);
    this.#remaining -= length;
    const isLast = this.#remaining === 0;
    this.#sink.onData(chunk, start, start + length);
    if (isLast && this.#phase === phase) {
      if (phase === 'sized-body') {
        this.#complete(undefined);
      } else {
        this.#chunkLine.start(false);
        this.#phase = 'chunk-line';
      }
    }
    return start + length;
  }

  #readChunkLine(chunk: Buffer, start: number, end: number): number {
    const pos = this.#chunkLine.read(chunk, start, end);
    if (this.#chunkLine.error !== undefined) {
      return this.#fail(pos, this.#chunkLine.error);
    }
    if (this.#chunkLine.isDone) {
      this.#remaining = this.#chunkLine.size;
      this.#phase = 'chunk-data';
      if (this.#remaining === 0) {
        this.#headBytes = 0;
        this.#fields.start(true);
        this.#phase = 'trailers';
      }
    }
    return pos;
  }

  #readTrailers(chunk: Buffer, start: number, end: number): number {
    const stepEnd = this.#stepEnd(start, end);
    if (stepEnd === start) {
      return this.#fail(start, 'trailers-too-large');
    }
    const pos = this.#fields.read(chunk, start, stepEnd);
    if (this.#fields.error !== undefined) {
      return this.#fail(pos, this.#fields.error);
    }
    this.#headBytes += pos - start;
    if (this.#fields.isDone) {
      const trailers = this.#fields.takeHeaders();
      this.#complete(trailers.length === 0 ? undefined : trailers);
    }
    return pos;
  }

  /** Nothing may be touched behind this: the sink may have started the next message. */
  #complete(trailers: HeaderList | undefined): void {
    this.#phase = 'complete';
    this.#sink.onEnd(trailers);
  }

  #fail(pos: number, error: ParserError): number {
    this.#phase = 'stopped';
    this.#error = error;
    return pos;
  }
}
