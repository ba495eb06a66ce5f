import { readDecimal } from '../../base/decimal.js';
import { isHeaderBytes, isHeaderName } from '../../config/header-text.js';
import { chunked, readRequestHeaders, readTrailers } from '../../downstream/codec/http1-framing.js';
import { getHeader, type HeaderList } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';
import { Http1ChunkLineReader } from '../../upstream/connection/http1-chunk-line-reader.js';

/** Receives one request after the other, as they are written to a connection. */
export interface RequestSink {
  /** `hasBody` is false if nothing but `onRequestEnd` follows. */
  onRequestHead(head: RequestHead, hasBody: boolean): void;
  /** A piece of the body, which belongs to the receiver. */
  onRequestBody(chunk: Buffer): void;
  onRequestEnd(trailers: HeaderList | undefined): void;
  /** What is written after the reader was made to let go. */
  onBytes(chunk: Buffer): void;
}

/** Far beyond what a route accepts, which answers 431; only keeps a writer from filling memory. */
const maxHeadBytes = 256 * 1024;
const maxChunkLineBytes = 1024;

/** What is looked through as text for the end of a head, which costs less than as bytes. */
const maxTextBytes = 4096;

const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\xff]+) HTTP\/1\.1$/;
const lengthName = 'content-length';
const lineEnd = '\r\n';
const headEnd = '\r\n\r\n';
const none: Buffer = Buffer.alloc(0);

/**
 * `trailers` are read as a head without its first line; behind `ended` there is nothing until `next`;
 * `released` and `failed` are final.
 */
type Phase =
  | 'head'
  | 'ended'
  | 'body'
  | 'chunk-line'
  | 'chunk-data'
  | 'trailers'
  | 'released'
  | 'failed';

/**
 * Reads the requests that a client of `node:http` writes. They are well-formed, as it is Node.js
 * that writes them, unless the application has set headers of the framing that contradict each
 * other; what is not exactly as expected is an error, which is final.
 */
export class RequestReader {
  /** What is wrong with what was written. */
  error: string | undefined = undefined;
  /** Bytes have come that are of no request, as they stand behind the end of one. */
  hasSurplus = false;
  readonly #sink: RequestSink;
  readonly #chunkLine: Http1ChunkLineReader = new Http1ChunkLineReader(maxChunkLineBytes);
  #phase: Phase = 'head';
  /** The beginning of a head or of trailers that has come without its end. */
  #kept: Buffer = none;
  /** What is still to come of a body of known length, or of a chunk. */
  #remaining = 0;

  constructor(sink: RequestSink) {
    this.#sink = sink;
  }

  /** Whether a request has begun and not ended. */
  get isInRequest(): boolean {
    const isBetween =
      this.#phase === 'head' || this.#phase === 'ended' || this.#phase === 'released';
    return !isBetween || this.#kept.length > 0;
  }

  /**
   * Takes another request. A client writes it once it has the response to the one before; what comes
   * sooner cannot be one, and must not be taken for the beginning of one.
   */
  next(): void {
    if (this.#phase === 'ended') {
      this.#phase = 'head';
    }
  }

  /** What comes from now on is not HTTP. Called at the head of a request that has no body. */
  release(): void {
    this.#phase = 'released';
  }

  /** Reads a piece of what is written, of any size. */
  read(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && this.error === undefined) {
      rest = this.#step(rest);
    }
  }

  /** Returns what it leaves of `chunk` for the next step. */
  #step(chunk: Buffer): Buffer {
    switch (this.#phase) {
      case 'head':
      case 'trailers':
        return this.#readBlock(chunk);
      case 'chunk-line':
        return this.#readChunkLine(chunk);
      case 'released':
        this.#sink.onBytes(chunk);
        return none;
      case 'ended':
        this.hasSurplus = true;
        return none;
      case 'failed':
        return none;
      default:
        return this.#readBody(chunk);
    }
  }

  #readBlock(chunk: Buffer): Buffer {
    const bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    if (this.#phase === 'trailers' && bytes.length >= 2 && bytes[0] === 13 && bytes[1] === 10) {
      this.#kept = none;
      this.#endRequest(undefined);
      return bytes.subarray(2);
    }
    const isShort = bytes.length <= maxTextBytes;
    let text = isShort ? bytes.toString('latin1') : '';
    const end = isShort ? text.indexOf(headEnd) : bytes.indexOf(headEnd);
    if (end > maxHeadBytes || (end === -1 && bytes.length > maxHeadBytes)) {
      return this.#fail('its headers are too large');
    }
    if (end === -1) {
      this.#kept = bytes;
      return none;
    }
    this.#kept = none;
    text = isShort ? text.slice(0, end) : bytes.toString('latin1', 0, end);
    if (this.#phase === 'head') {
      this.#readHead(text);
    } else {
      const trailers = this.#readFields(text, 0);
      if (trailers !== undefined) {
        this.#endRequest(readTrailers(trailers));
      }
    }
    return bytes.subarray(end + headEnd.length);
  }

  #readHead(text: string): void {
    const firstEnd = text.indexOf(lineEnd);
    const match = requestLine.exec(firstEnd === -1 ? text : text.slice(0, firstEnd));
    const first = firstEnd === -1 ? text.length : firstEnd + lineEnd.length;
    const fields = this.#readFields(text, first);
    if (match === null || fields === undefined) {
      this.#fail('it is not HTTP/1.1');
      return;
    }
    const [, method = '', path = ''] = match;
    const head: RequestHead = { method, path, authority: '', headers: [] };
    const length = readRequestHeaders(fields, head);
    const lengths = countLengths(fields);
    if (length < chunked || (length === chunked && lengths > 0) || lengths > 1) {
      this.#fail('its headers contradict each other in where its body ends');
      return;
    }
    if (lengths === 1 && readDecimal(getHeader(head.headers, lengthName) ?? '') === undefined) {
      this.#fail('its content-length is not a number of bytes');
      return;
    }
    this.#remaining = length;
    if (length === chunked) {
      this.#phase = 'chunk-line';
      this.#chunkLine.start(true);
    } else if (length > 0) {
      this.#phase = 'body';
    }
    this.#sink.onRequestHead(head, length !== 0);
    if (length === 0) {
      this.#endRequest(undefined);
    }
  }

  /** Returns names and values, as they are spelled. `first` is where the first line begins. */
  #readFields(text: string, first: number): string[] | undefined {
    const fields: string[] = [];
    let at = first;
    while (at < text.length) {
      const nextEnd = text.indexOf(lineEnd, at);
      const end = nextEnd === -1 ? text.length : nextEnd;
      const colon = text.indexOf(':', at);
      const name = text.slice(at, colon);
      const value = colon === -1 ? '' : trimBlanks(text, colon + 1, end);
      if (colon === -1 || colon > end || !isHeaderName(name) || !isHeaderBytes(value)) {
        this.#fail('it has a malformed header');
        return undefined;
      }
      fields.push(name, value);
      at = end + lineEnd.length;
    }
    return fields;
  }

  #readBody(chunk: Buffer): Buffer {
    const size = Math.min(chunk.length, this.#remaining);
    this.#remaining -= size;
    this.#sink.onRequestBody(size === chunk.length ? chunk : chunk.subarray(0, size));
    if (this.#remaining === 0) {
      if (this.#phase === 'body') {
        this.#endRequest(undefined);
      } else {
        this.#phase = 'chunk-line';
        this.#chunkLine.start(false);
      }
    }
    return chunk.subarray(size);
  }

  #readChunkLine(chunk: Buffer): Buffer {
    const line = this.#chunkLine;
    const end = line.read(chunk, 0, chunk.length);
    if (line.error !== undefined) {
      return this.#fail('it has a malformed chunk');
    }
    if (line.isDone) {
      this.#remaining = line.size;
      this.#phase = line.size === 0 ? 'trailers' : 'chunk-data';
    }
    return chunk.subarray(end);
  }

  #endRequest(trailers: HeaderList | undefined): void {
    if (this.#phase !== 'released') {
      this.#phase = 'ended';
    }
    this.#sink.onRequestEnd(trailers);
  }

  #fail(what: string): Buffer {
    this.error ??= `the request cannot be sent: ${what}`;
    this.#phase = 'failed';
    return none;
  }
}

function countLengths(fields: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (name.length === lengthName.length && name.toLowerCase() === lengthName) {
      count++;
    }
  }
  return count;
}

/** Cuts a value out, without the blanks around it. No other character is one: a byte may be any. */
function trimBlanks(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) {
    start++;
  }
  while (start < end && isBlank(text.charCodeAt(end - 1))) {
    end--;
  }
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
