import {
  backslash,
  byteAt,
  cr,
  doubleQuote,
  equalsSign,
  hexValue,
  isFieldByte,
  isTokenByte,
  lf,
  semicolon,
} from './http1-characters.js';
import type { ParserError } from './http1-parser-error.js';

// The reader's place: in the line end behind the data of the chunk before, or in the size line.
const atDataEnd = 0;
const atDataLineFeed = 1;
const atFirstDigit = 2;
const inSize = 3;
const atExtensionName = 4;
const inExtensionName = 5;
const atExtensionValue = 6;
const inExtensionValue = 7;
const inQuotedValue = 8;
const atQuotedPair = 9;
const behindQuotedValue = 10;
const atLineFeed = 11;
const atEnd = 12;

/**
 * Reads what stands before the data of a chunk (RFC 9112, 7.1): the line end of the chunk before,
 * the size in hexadecimal digits, and extensions, which are checked and dropped.
 *
 * No whitespace is taken, neither behind the size nor around extensions, although the grammar has
 * it as "bad whitespace" for the latter: whoever skips it differs from whoever does not in where
 * the size ends. Nor are empty names and values of extensions.
 */
export class Http1ChunkLineReader {
  /** The size of the chunk's data; 0 for the last. */
  size = 0;
  error: ParserError | undefined = undefined;
  readonly #maxLineBytes: number;
  #lineBytes = 0;
  #place = atEnd;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Prepares for the next chunk. */
  start(isFirst: boolean): void {
    this.size = 0;
    this.#lineBytes = 0;
    this.#place = isFirst ? atFirstDigit : atDataEnd;
  }

  /** Whether the size line has been read. */
  get isDone(): boolean {
    return this.#place === atEnd;
  }

  /** Reads on in `chunk[start, end)`; stops behind the size line or at the byte that is wrong. */
  read(chunk: Buffer, start: number, end: number): number {
    let pos = start;
    while (pos < end && this.#place !== atEnd) {
      const error = this.#step(byteAt(chunk, pos));
      if (error !== undefined) {
        this.error = error;
        return pos;
      }
      pos++;
    }
    return pos;
  }

  #step(byte: number): ParserError | undefined {
    const place = this.#place;
    if (place > atDataLineFeed && ++this.#lineBytes > this.#maxLineBytes) {
      return 'chunk-line-too-large';
    }
    switch (place) {
      case atDataEnd:
        this.#place = atDataLineFeed;
        return byte === cr ? undefined : 'invalid-chunk-end';
      case atDataLineFeed:
        this.#place = atFirstDigit;
        return byte === lf ? undefined : 'invalid-chunk-end';
      case atFirstDigit:
        this.#place = inSize;
        return this.#addDigit(byte) ? this.#checkSize() : 'invalid-chunk-size';
      case inSize:
        return this.#addDigit(byte) ? this.#checkSize() : this.#endPart(byte, 'invalid-chunk-size');
      case atLineFeed:
        this.#place = atEnd;
        return byte === lf ? undefined : 'bare-cr';
      default:
        return this.#stepExtension(place, byte);
    }
  }

  /** Returns false if `byte` is no digit. */
  #addDigit(byte: number): boolean {
    const digit = hexValue(byte);
    if (digit !== -1) {
      this.size = this.size * 16 + digit;
    }
    return digit !== -1;
  }

  #checkSize(): ParserError | undefined {
    return Number.isSafeInteger(this.size) ? undefined : 'length-too-large';
  }

  #stepExtension(place: number, byte: number): ParserError | undefined {
    switch (place) {
      case atExtensionName:
        return this.#expectToken(byte, inExtensionName);
      case inExtensionName:
        if (byte === equalsSign) {
          this.#place = atExtensionValue;
          return undefined;
        }
        return isTokenByte(byte) ? undefined : this.#endPart(byte, 'invalid-chunk-extension');
      case atExtensionValue:
        if (byte === doubleQuote) {
          this.#place = inQuotedValue;
          return undefined;
        }
        return this.#expectToken(byte, inExtensionValue);
      case inExtensionValue:
        return isTokenByte(byte) ? undefined : this.#endPart(byte, 'invalid-chunk-extension');
      case inQuotedValue:
        return this.#stepQuotedValue(byte);
      case atQuotedPair:
        this.#place = inQuotedValue;
        return isFieldByte(byte) ? undefined : 'invalid-chunk-extension';
      default:
        return this.#endPart(byte, 'invalid-chunk-extension');
    }
  }

  #expectToken(byte: number, nextPlace: number): ParserError | undefined {
    this.#place = nextPlace;
    return isTokenByte(byte) ? undefined : 'invalid-chunk-extension';
  }

  #stepQuotedValue(byte: number): ParserError | undefined {
    if (byte === doubleQuote) {
      this.#place = behindQuotedValue;
    } else if (byte === backslash) {
      this.#place = atQuotedPair;
    }
    return isFieldByte(byte) ? undefined : 'invalid-chunk-extension';
  }

  /** Takes the byte behind the size or an extension: a further extension, or the line end. */
  #endPart(byte: number, otherwise: ParserError): ParserError | undefined {
    if (byte === cr) {
      this.#place = atLineFeed;
      return undefined;
    }
    if (byte === semicolon) {
      this.#place = atExtensionName;
      return undefined;
    }
    return byte === lf ? 'bare-lf' : otherwise;
  }
}
