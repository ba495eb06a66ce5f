import type { HeaderList } from '../../http/headers.js';
import {
  byteAt,
  colon,
  cr,
  isTokenByte,
  lf,
  skipFieldBytes,
  skipWhitespace,
  skipWhitespaceBack,
  space,
  tab,
  trimWhitespace,
} from './http1-characters.js';
import {
  createFieldName,
  emptyNameHash,
  type FieldName,
  findFieldName,
  findKnownName,
  hashNameByte,
} from './http1-field-name.js';
import type { Http1MessageFraming } from './http1-message-framing.js';
import type { ParserError } from './http1-parser-error.js';

// The reader's place in a header line.
const atLineStart = 0;
const inName = 1;
const beforeValue = 2;
const inValue = 3;
const atLineFeed = 4;
const atLastLineFeed = 5;
const atEnd = 6;

const noHeaders: HeaderList = [];
const noName: FieldName = createFieldName('');

/**
 * Reads header lines up to and with the empty line that ends them: those of a head, or trailers.
 *
 * It takes pieces of any size and never goes back to an earlier one: what is left of a name or
 * value at the end of a piece is kept as a string. So the same bytes have the same outcome however
 * they were split, at the same byte, and a slow sender costs no more than its bytes.
 */
export class Http1FieldReader {
  error: ParserError | undefined = undefined;
  readonly #framing: Http1MessageFraming;
  #headers: HeaderList = noHeaders;
  #isTrailers = false;
  #place = atEnd;
  #hash = emptyNameHash;
  #name: FieldName = noName;
  #partial = '';
  /** The bytes of the current piece as text, which the values are cut from. */
  #text = '';
  #textStart = 0;

  /** The reader tells `framing` of each header that concerns it. */
  constructor(framing: Http1MessageFraming) {
    this.#framing = framing;
  }

  /** Prepares for the next head or trailers. */
  start(isTrailers: boolean): void {
    this.#headers = [];
    this.#isTrailers = isTrailers;
    this.#place = atLineStart;
    this.#partial = '';
  }

  /** Whether the empty line has been read. */
  get isDone(): boolean {
    return this.#place === atEnd;
  }

  /** Hands over the headers that were read; the caller owns them. */
  takeHeaders(): HeaderList {
    const headers = this.#headers;
    this.#headers = noHeaders;
    return headers;
  }

  /** Reads on in `chunk[start, end)`; stops behind the empty line or at the byte that is wrong. */
  read(chunk: Buffer, start: number, end: number): number {
    let pos = start;
    if (this.#place !== atLineStart || byteAt(chunk, pos) !== cr) {
      this.#text = chunk.toString('latin1', start, end);
      this.#textStart = start;
    }
    while (pos < end && this.#place !== atEnd && this.error === undefined) {
      switch (this.#place) {
        case atLineStart:
          pos = this.#readWholeLines(chunk, pos, end, this.#text);
          if (pos < end && this.error === undefined) {
            pos = this.#readLineStart(chunk, pos);
          }
          break;
        case inName:
          pos = this.#readName(chunk, pos, end);
          break;
        case beforeValue:
          pos = this.#startValue(chunk, pos, end);
          break;
        case inValue:
          pos = this.#readValue(chunk, pos, end);
          break;
        default:
          pos = this.#readLineFeed(chunk, pos);
      }
    }
    this.#text = '';
    return pos;
  }

  /**
   * Reads lines as long as they are flawless and complete and have a name that is known. All
   * others are left, from their start, to the methods below, which alone know what is wrong.
   */
  #readWholeLines(chunk: Buffer, start: number, end: number, text: string): number {
    const headers = this.#headers;
    let lineStart = start;
    for (;;) {
      let pos = lineStart;
      let hash = emptyNameHash;
      let byte = 0;
      while (pos < end) {
        byte = byteAt(chunk, pos);
        if (byte === colon || byte === cr) {
          break;
        }
        hash = hashNameByte(hash, byte);
        pos++;
      }
      const name = byte === colon ? findKnownName(chunk, lineStart, pos, hash) : undefined;
      if (name === undefined) {
        return lineStart;
      }
      const valueStart = skipWhitespace(chunk, pos + 1, end);
      pos = skipFieldBytes(chunk, valueStart, end);
      if (pos + 1 >= end || byteAt(chunk, pos) !== cr || byteAt(chunk, pos + 1) !== lf) {
        return lineStart;
      }
      const valueEnd = skipWhitespaceBack(chunk, valueStart, pos);
      const value = text.substring(valueStart - this.#textStart, valueEnd - this.#textStart);
      headers.push(name.lower, value);
      if (name.isFraming && this.#addFraming(name.lower, value) !== undefined) {
        return pos + 1;
      }
      lineStart = pos + 2;
    }
  }

  #readLineStart(chunk: Buffer, pos: number): number {
    const byte = byteAt(chunk, pos);
    if (byte === cr) {
      this.#place = atLastLineFeed;
      return pos + 1;
    }
    if (isTokenByte(byte)) {
      this.#hash = emptyNameHash;
      this.#place = inName;
      return pos;
    }
    if (byte === space || byte === tab) {
      return this.#fail(pos, 'obsolete-folding');
    }
    return this.#fail(pos, byte === lf ? 'bare-lf' : 'invalid-header-name');
  }

  #readName(chunk: Buffer, start: number, end: number): number {
    let pos = start;
    let hash = this.#hash;
    let byte = 0;
    while (pos < end) {
      byte = byteAt(chunk, pos);
      if (!isTokenByte(byte)) {
        break;
      }
      hash = hashNameByte(hash, byte);
      pos++;
    }
    if (pos === end) {
      this.#hash = hash;
      this.#partial += this.#cut(start, pos);
      return pos;
    }
    if (byte !== colon) {
      return this.#fail(pos, 'invalid-header-name');
    }
    if (this.#partial === '') {
      this.#name = findFieldName(chunk, start, pos, hash);
    } else {
      this.#name = createFieldName(this.#partial + this.#cut(start, pos));
      this.#partial = '';
    }
    this.#place = beforeValue;
    return pos + 1;
  }

  #startValue(chunk: Buffer, start: number, end: number): number {
    const pos = skipWhitespace(chunk, start, end);
    if (pos < end) {
      this.#place = inValue;
    }
    return pos;
  }

  #readValue(chunk: Buffer, start: number, end: number): number {
    const pos = skipFieldBytes(chunk, start, end);
    if (pos === end) {
      this.#partial += this.#cut(start, pos);
      return pos;
    }
    const byte = byteAt(chunk, pos);
    if (byte !== cr) {
      return this.#fail(pos, byte === lf ? 'bare-lf' : 'invalid-header-value');
    }
    const value = this.#partial + this.#cut(start, pos);
    this.#partial = '';
    this.#place = atLineFeed;
    this.#addField(this.#name, trimWhitespace(value, 0, value.length));
    return pos + 1;
  }

  #addField(name: FieldName, value: string): void {
    this.#headers.push(name.lower, value);
    if (name.isFraming) {
      this.#addFraming(name.lower, value);
    }
  }

  #addFraming(name: string, value: string): ParserError | undefined {
    this.error = this.#isTrailers
      ? this.#framing.addTrailer(name, value)
      : this.#framing.addHeader(name, value);
    return this.error;
  }

  #readLineFeed(chunk: Buffer, pos: number): number {
    if (byteAt(chunk, pos) !== lf) {
      return this.#fail(pos, 'bare-cr');
    }
    this.#place = this.#place === atLastLineFeed ? atEnd : atLineStart;
    return pos + 1;
  }

  /** Returns what stood in `chunk[start, end)` of the current piece. */
  #cut(start: number, end: number): string {
    return this.#text.substring(start - this.#textStart, end - this.#textStart);
  }

  #fail(pos: number, error: ParserError): number {
    this.error = error;
    return pos;
  }
}
