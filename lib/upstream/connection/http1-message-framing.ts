import { comma, digitZero, isDigit, isToken, trimWhitespace } from './http1-characters.js';
import type { ParserError } from './http1-parser-error.js';

/** What follows a head. */
export type BodyPhase = 'no-body' | 'sized-body' | 'chunk-line' | 'body-until-close';

/**
 * What the headers of one message say about its length and about the connection after it
 * (RFC 9112, 6 and 9.3). It is told of each header of `FieldName.isFraming` as it is read.
 */
export class Http1MessageFraming {
  /** The value of Content-Length, or -1 without one. */
  contentLength = -1;
  hasTransferEncoding = false;
  /** Whether chunked is the last transfer coding; without it, the body lasts until the close. */
  isChunked = false;
  /** Whether the connection ends with the message. */
  isClose = false;
  isKeepAlive = false;

  /** Prepares for the next message. */
  start(): void {
    this.contentLength = -1;
    this.hasTransferEncoding = false;
    this.isChunked = false;
    this.isClose = false;
    this.isKeepAlive = false;
  }

  /** Takes in a header of the head; `name` is in lower case, `value` is trimmed. */
  addHeader(name: string, value: string): ParserError | undefined {
    switch (name) {
      case 'content-length':
        return this.#addContentLength(value);
      case 'transfer-encoding':
        return this.#addTransferEncoding(value);
      default:
        this.#addConnection(name, value);
        return undefined;
    }
  }

  /**
   * Takes in a header of the trailers. A length there comes too late to be one, and whoever
   * merged the trailers into the head would have it contradict the framing (RFC 9110, 6.5.1).
   */
  addTrailer(name: string, value: string): ParserError | undefined {
    if (name === 'content-length' || name === 'transfer-encoding') {
      return 'forbidden-trailer';
    }
    this.#addConnection(name, value);
    return undefined;
  }

  /** Returns what follows the head of the answer to `method`, by RFC 9112, 6.3. */
  chooseBody(method: string, status: number): BodyPhase {
    if (status === 101 || (method === 'CONNECT' && status < 300)) {
      // What follows is not HTTP, or not between the same two any more.
      this.isClose = true;
      return 'no-body';
    }
    if (method === 'HEAD' || status === 304) {
      return 'no-body';
    }
    if (status === 204) {
      // A length is not allowed here. Who sends one nevertheless may send such a body as well.
      this.isClose ||= this.contentLength > 0 || this.hasTransferEncoding;
      return 'no-body';
    }
    if (this.isChunked) {
      return 'chunk-line';
    }
    if (this.contentLength !== -1) {
      return this.contentLength === 0 ? 'no-body' : 'sized-body';
    }
    this.isClose = true;
    return 'body-until-close';
  }

  /**
   * Whether the connection may serve again. A transfer coding in HTTP/1.0 counts as faulty
   * framing, so that the connection has to go (RFC 9112, 6.1).
   */
  canPersist(minorVersion: number): boolean {
    if (this.isClose) {
      return false;
    }
    return minorVersion === 1 || (this.isKeepAlive && !this.hasTransferEncoding);
  }

  /**
   * A second Content-Length is refused even if it is equal, and so is a list. RFC 9112 (6.3) lets a
   * recipient repair that; but who else has read this message may have repaired it differently.
   */
  #addContentLength(value: string): ParserError | undefined {
    if (this.contentLength !== -1 || this.hasTransferEncoding) {
      return 'conflicting-lengths';
    }
    let length = 0;
    for (let i = 0; i < value.length; i++) {
      const digit = value.charCodeAt(i);
      if (!isDigit(digit)) {
        return 'invalid-content-length';
      }
      length = length * 10 + (digit - digitZero);
    }
    if (value.length === 0) {
      return 'invalid-content-length';
    }
    if (!Number.isSafeInteger(length)) {
      return 'length-too-large';
    }
    this.contentLength = length;
    return undefined;
  }

  #addTransferEncoding(value: string): ParserError | undefined {
    if (this.contentLength !== -1) {
      return 'conflicting-lengths';
    }
    let hasCoding = false;
    for (const element of splitList(value)) {
      hasCoding = true;
      const isChunked = element.toLowerCase() === 'chunked';
      if (isChunked ? this.isChunked : !isTransferCoding(element)) {
        return 'invalid-transfer-encoding';
      }
      this.isChunked = isChunked;
    }
    this.hasTransferEncoding = true;
    // A header that names no coding says that there is a framing but not which.
    return hasCoding ? undefined : 'invalid-transfer-encoding';
  }

  /**
   * `Proxy-Connection` never was a standard (RFC 9112, C.2.2). A peer that announces there that it
   * will close is believed, because believing costs a connection and not believing a request.
   */
  #addConnection(name: string, value: string): void {
    if (value === 'keep-alive' && name === 'connection') {
      this.isKeepAlive = true;
      return;
    }
    for (const element of splitList(value)) {
      const option = element.toLowerCase();
      if (option === 'close') {
        this.isClose = true;
      } else if (option === 'keep-alive' && name === 'connection') {
        this.isKeepAlive = true;
      }
    }
  }
}

/**
 * Whether `element` is the name of a coding other than chunked, with any parameters. Chunked has
 * no parameters, and some would take one with parameters for chunked and others not (RFC 9112, 7.1).
 */
function isTransferCoding(element: string): boolean {
  const semicolonAt = element.indexOf(';');
  const name = semicolonAt === -1 ? element : trimWhitespace(element, 0, semicolonAt);
  return isToken(name) && name.toLowerCase() !== 'chunked';
}

/** Returns the elements of a list (RFC 9110, 5.6.1), without the empty ones that it may have. */
function splitList(value: string): string[] {
  const elements: string[] = [];
  let start = 0;
  for (let i = 0; i <= value.length; i++) {
    if (i === value.length || value.charCodeAt(i) === comma) {
      const element = trimWhitespace(value, start, i);
      if (element !== '') {
        elements.push(element);
      }
      start = i + 1;
    }
  }
  return elements;
}
