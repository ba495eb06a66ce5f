import {
  byteAt,
  cr,
  digitZero,
  isDigit,
  isFieldByte,
  lf,
  skipFieldBytes,
  space,
} from './http1-characters.js';
import type { ParserError } from './http1-parser-error.js';

const protocol = 'HTTP/1.';

// The reader's place in the line. Below `atMinorVersion` it is the index into `protocol`.
const atMinorVersion = protocol.length;
const atSpaceBeforeStatus = 8;
const atStatus = 9;
const atSpaceAfterStatus = 12;
const inReason = 13;
const atLineFeed = 14;
const atEnd = 15;
/** In the empty line before the status line, and behind it. */
const atLeadingLineFeed = 16;
const behindEmptyLine = 17;

/**
 * Reads `HTTP/1.1 200 OK` and its line end, in pieces of any size, byte for byte, so that a peer
 * that speaks another protocol is found out by its first byte.
 *
 * The reason phrase is checked and dropped. It may lack, and the space before it too, as many
 * servers write it. One empty line before the status line is skipped: RFC 9112 (2.2) has servers
 * do so, and there are upstreams that send one after a 1xx or after the last body.
 */
export class Http1StatusLineReader {
  status = 0;
  minorVersion = 0;
  error: ParserError | undefined = undefined;
  #place = 0;

  /** Prepares for the next status line. */
  start(): void {
    this.status = 0;
    this.#place = 0;
  }

  /** Whether the line end has been read. */
  get isDone(): boolean {
    return this.#place === atEnd;
  }

  /** Reads on in `chunk[start, end)`; stops behind the line end or at the byte that is wrong. */
  read(chunk: Buffer, start: number, end: number): number {
    let pos = this.#place === 0 ? this.#readWhole(chunk, start, end) : start;
    while (pos < end && this.#place !== atEnd) {
      this.error = this.#step(byteAt(chunk, pos));
      if (this.error !== undefined) {
        return pos;
      }
      pos++;
    }
    return pos;
  }

  /** Reads a line that is flawless and complete; otherwise leaves all of it to `#step`. */
  #readWhole(chunk: Buffer, start: number, end: number): number {
    if (end - start < protocol.length + '1 200 \r\n'.length) {
      return start;
    }
    for (let i = 0; i < protocol.length; i++) {
      if (byteAt(chunk, start + i) !== protocol.charCodeAt(i)) {
        return start;
      }
    }
    const minorVersion = byteAt(chunk, start + atMinorVersion) - digitZero;
    const hundreds = byteAt(chunk, start + atStatus) - digitZero;
    const tens = byteAt(chunk, start + atStatus + 1) - digitZero;
    const ones = byteAt(chunk, start + atStatus + 2) - digitZero;
    if (
      (minorVersion !== 1 && minorVersion !== 0) ||
      byteAt(chunk, start + atSpaceBeforeStatus) !== space ||
      !(hundreds > 0 && hundreds < 10 && tens >= 0 && tens < 10 && ones >= 0 && ones < 10) ||
      byteAt(chunk, start + atSpaceAfterStatus) !== space
    ) {
      return start;
    }
    const lineEnd = skipFieldBytes(chunk, start + inReason, end);
    if (lineEnd + 1 >= end || byteAt(chunk, lineEnd) !== cr || byteAt(chunk, lineEnd + 1) !== lf) {
      return start;
    }
    this.minorVersion = minorVersion;
    this.status = hundreds * 100 + tens * 10 + ones;
    this.#place = atEnd;
    return lineEnd + 2;
  }

  #step(byte: number): ParserError | undefined {
    const place = this.#place;
    if (place < atMinorVersion) {
      return this.#stepProtocol(byte);
    }
    switch (place) {
      case atMinorVersion:
        this.minorVersion = byte - digitZero;
        this.#place = atSpaceBeforeStatus;
        return this.minorVersion === 0 || this.minorVersion === 1 ? undefined : versionError(byte);
      case atSpaceBeforeStatus:
        this.#place = atStatus;
        return byte === space ? undefined : 'invalid-status-line';
      case atSpaceAfterStatus:
        this.#place = byte === space ? inReason : atLineFeed;
        return byte === space || byte === cr ? undefined : lineError(byte, 'invalid-status');
      case inReason:
        if (isFieldByte(byte)) {
          return undefined;
        }
        this.#place = atLineFeed;
        return byte === cr ? undefined : lineError(byte, 'invalid-status-line');
      case atLineFeed:
        this.#place = atEnd;
        return byte === lf ? undefined : 'bare-cr';
      case atLeadingLineFeed:
        this.#place = behindEmptyLine;
        return byte === lf ? undefined : 'bare-cr';
      case behindEmptyLine:
        this.#place = 1;
        return byte === protocol.charCodeAt(0) ? undefined : 'invalid-status-line';
      default:
        return this.#stepStatus(byte);
    }
  }

  #stepProtocol(byte: number): ParserError | undefined {
    const place = this.#place++;
    if (byte === protocol.charCodeAt(place)) {
      return undefined;
    }
    if (place === 0 && byte === cr) {
      this.#place = atLeadingLineFeed;
      return undefined;
    }
    if (place === 0 && byte === lf) {
      return 'bare-lf';
    }
    return place === 5 ? versionError(byte) : 'invalid-status-line';
  }

  #stepStatus(byte: number): ParserError | undefined {
    this.#place++;
    this.status = this.status * 10 + byte - digitZero;
    // Below 100 there is no class of status to treat it by (RFC 9110, 15).
    return isDigit(byte) && this.status > 0 ? undefined : 'invalid-status';
  }
}

function versionError(byte: number): ParserError {
  return isDigit(byte) ? 'unsupported-version' : 'invalid-status-line';
}

function lineError(byte: number, otherwise: ParserError): ParserError {
  return byte === lf ? 'bare-lf' : otherwise;
}
