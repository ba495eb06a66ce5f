import { STATUS_CODES } from 'node:http';
import { readDecimal } from '../../base/decimal.js';
import { isHeaderBytes, isHeaderName } from '../../config/header-text.js';
import { fitResponseHeaders, hasBody } from '../../downstream/codec/http1-framing.js';
import type { HeaderList } from '../../http/headers.js';
import { encodeTrailers } from '../../upstream/connection/http1-request-head.js';

/** Smaller pieces are copied, so that one write has them with what frames them. */
const maxCopiedBytes = 16 * 1024;
/** The framing is ours, and what is said of another connection is not true of this one. */
const ownNames: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'transfer-encoding',
]);
const lineEnd: Buffer = Buffer.from('\r\n');

/** Writes one response as HTTP/1.1, for the parser of `node:http`. */
export class ResponseWriter {
  readonly #method: string;
  #isChunked = false;
  #hasBody = false;
  /** What is still to come of a body of known length. */
  #remaining = 0;
  /** What completes the response for the client, unless there is something behind it. */
  #last: Buffer | undefined = undefined;

  constructor(method: string) {
    this.#method = method;
  }

  /** Returns the head as it is written. `isLast`: the connection ends behind this response. */
  head(
    status: number,
    headers: HeaderList,
    endStream: boolean,
    isLast: boolean,
  ): readonly Buffer[] {
    fitResponseHeaders({ status, headers }, this.#method, endStream);
    this.#hasBody = hasBody(status, this.#method);
    const lengthAt = findLength(headers);
    this.#isChunked = this.#hasBody && lengthAt === -1;
    this.#remaining = lengthAt === -1 ? 0 : Number(headers[lengthAt + 1]);
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      const value = headers[i + 1] as string;
      const isOurs = i !== lengthAt && ownNames.has(name);
      // Filters of the application may put anything there.
      if (!isOurs && isHeaderName(name) && isHeaderBytes(value)) {
        text += `${name}: ${value}\r\n`;
      }
    }
    if (isLast) {
      text += 'connection: close\r\n';
    }
    text += this.#isChunked ? 'transfer-encoding: chunked\r\n\r\n' : '\r\n';
    return this.#holdLast(Buffer.from(text, 'latin1'));
  }

  /** Returns a piece of the body as it is written, or `undefined` if it is beyond the length. */
  data(chunk: Buffer): readonly Buffer[] | undefined {
    if (!this.#hasBody || chunk.length === 0) {
      return [];
    }
    if (!this.#isChunked) {
      this.#remaining -= chunk.length;
      return this.#remaining < 0 ? undefined : this.#holdLast(chunk);
    }
    const size = `${chunk.length.toString(16)}\r\n`;
    if (chunk.length > maxCopiedBytes) {
      return [Buffer.from(size, 'latin1'), chunk, lineEnd];
    }
    const bytes = Buffer.allocUnsafe(size.length + chunk.length + 2);
    bytes.write(size, 0, 'latin1');
    chunk.copy(bytes, size.length);
    bytes.write('\r\n', size.length + chunk.length, 'latin1');
    return [bytes];
  }

  /** Returns what ends the body, or `undefined` if it is shorter than was announced. */
  end(trailers: HeaderList | undefined): readonly Buffer[] | undefined {
    if (this.#isChunked) {
      return [Buffer.from(encodeTrailers(trailers ?? []), 'latin1')];
    }
    return this.#last === undefined ? undefined : [this.#last];
  }

  /**
   * Keeps the piece that completes the response until its end has come, which a host may tell later:
   * a client that has all of a response gives its connection to the next request at once.
   */
  #holdLast(piece: Buffer): readonly Buffer[] {
    if (this.#isChunked || (this.#hasBody && this.#remaining > 0)) {
      return [piece];
    }
    this.#last = piece;
    return [];
  }
}

/** Returns where a length stands, or -1. Filters of the application may give one that is none. */
function findLength(headers: HeaderList): number {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'content-length' && readDecimal(headers[i + 1] as string) !== undefined) {
      return i;
    }
  }
  return -1;
}
