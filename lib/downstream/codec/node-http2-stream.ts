import type { ServerHttp2Stream } from 'node:http2';
import { getHeader, type HeaderList } from '../../http/headers.js';
import type { ResponseHead } from '../../http/message.js';
import type { ResponseEncoder } from '../../http/stream.js';
import type { ActiveStream } from '../active-stream.js';
import { continueExpectation } from '../forwarded-headers.js';
import { hasBody, readTrailers } from './http1-framing.js';
import {
  mayHaveTrailers,
  readHttp2Head,
  removeConnectionHeaders,
  toRecord,
} from './http2-headers.js';
import type { NodeHttp2Connection } from './node-http2-connection.js';

/** RFC 9113, 7. */
const noError = 0;
const internalError = 2;

/** One request and its response on a downstream connection of the `node:http2` codec. */
export class NodeHttp2Stream implements ResponseEncoder {
  readonly nativeExchange: undefined = undefined;
  readonly #connection: NodeHttp2Connection;
  readonly #http2Stream: ServerHttp2Stream;
  readonly #stream: ActiveStream;
  #method = '';
  #requestTrailers: HeaderList | undefined = undefined;
  #responseTrailers: HeaderList | undefined = undefined;
  #isRequestEnded = false;
  #isResponseEnded = false;
  #isResetByUs = false;
  #waitsForDrain = false;
  /** Bytes of the request that wait while it is paused; `undefined` while it is not. */
  #keptBytes: number | undefined = undefined;

  constructor(connection: NodeHttp2Connection, http2Stream: ServerHttp2Stream) {
    this.#connection = connection;
    this.#http2Stream = http2Stream;
    this.#stream = connection.manager.newStream(this, connection.info, 'HTTP/2');
  }

  /** Hands the request on. Called once. */
  start(rawHeaders: readonly string[]): void {
    const http2Stream = this.#http2Stream;
    // What it says is told by `close` as well.
    http2Stream.on('error', ignore);
    http2Stream.on('close', () => this.#onClose());
    const head = readHttp2Head(rawHeaders);
    this.#method = head.method;
    this.#isRequestEnded = http2Stream.endAfterHeaders;
    if (this.#isRequestEnded) {
      this.#stream.decodeHead(head, true);
      return;
    }
    if (continueExpectation.test(getHeader(head.headers, 'expect') ?? '')) {
      // At once, as in Envoy: the client does not wait for the filters, which see no difference.
      http2Stream.additionalHeaders({ ':status': 100 });
      this.#connection.manager.onContinueSent();
    }
    http2Stream.on('trailers', (_headers: unknown, _flags: unknown, raw: readonly string[]) => {
      this.#requestTrailers = readTrailers(raw);
    });
    http2Stream.on('end', () => this.#onRequestEnd());
    this.#stream.decodeHead(head, false);
    http2Stream.on('data', (chunk: Buffer) => this.#stream.decodeData(chunk, false));
    if (this.#keptBytes !== undefined) {
      // It has been paused before there was anybody to read.
      http2Stream.pause();
    }
  }

  encodeHead(head: ResponseHead, endStream: boolean): void {
    const { status, headers } = head;
    const connection = this.#connection;
    if (headers.at(-2) === 'connection' && connection.manager.isDraining) {
      // The header rules put it last: the connection is to end.
      connection.close();
    }
    removeConnectionHeaders(headers);
    const endsHere = endStream || !hasBody(status, this.#method);
    this.#respond(head, endsHere);
    if (endsHere) {
      this.#endResponse();
    }
  }

  encodeData(chunk: Buffer, endStream: boolean): boolean {
    const http2Stream = this.#http2Stream;
    if (this.#isResponseEnded || !http2Stream.writable) {
      return true;
    }
    if (endStream) {
      http2Stream.end(chunk);
      this.#endResponse();
      return true;
    }
    if (http2Stream.write(chunk)) {
      return true;
    }
    if (!this.#waitsForDrain) {
      this.#waitsForDrain = true;
      http2Stream.once('drain', () => {
        this.#waitsForDrain = false;
        this.#stream.onResponseWritable();
      });
    }
    return false;
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    if (!this.#isResponseEnded) {
      this.#responseTrailers = trailers;
      this.#http2Stream.end();
      this.#endResponse();
    }
  }

  reset(): void {
    this.#isResetByUs = true;
    this.#isResponseEnded = true;
    this.#http2Stream.close(internalError);
  }

  setRequestPaused(isPaused: boolean): void {
    if (this.#isRequestEnded || isPaused === (this.#keptBytes !== undefined)) {
      return;
    }
    if (isPaused) {
      this.#http2Stream.pause();
      this.#keep();
    } else {
      this.#release();
      this.#http2Stream.resume();
    }
  }

  #respond({ status, headers }: ResponseHead, endStream: boolean): void {
    const http2Stream = this.#http2Stream;
    if (http2Stream.destroyed || http2Stream.closed) {
      return;
    }
    const waitForTrailers = !endStream && mayHaveTrailers(headers);
    if (waitForTrailers) {
      http2Stream.once('wantTrailers', () => this.#sendTrailers());
    }
    // It is among the headers, unless the configuration has taken it off.
    const options = { endStream, waitForTrailers, sendDate: false };
    // Statuses beyond are none in HTTP/2, and to be taken for this one (RFC 9110, 15).
    const pseudo = { ':status': status > 599 ? 500 : status };
    try {
      http2Stream.respond(Object.assign(toRecord(headers, false), pseudo), options);
    } catch (error) {
      // It knows names that must not occur twice, and does not say which.
      if (http2Stream.headersSent) {
        throw error;
      }
      http2Stream.respond(Object.assign(toRecord(headers, true), pseudo), options);
    }
  }

  #sendTrailers(): void {
    const trailers = this.#responseTrailers ?? [];
    removeConnectionHeaders(trailers);
    try {
      this.#http2Stream.sendTrailers(toRecord(trailers, true));
    } catch (error) {
      // A name that can be no header, or the stream has been closed in the meantime.
      this.#connection.manager.reportInternalError(error);
      this.#http2Stream.close(internalError);
    }
  }

  #endResponse(): void {
    this.#isResponseEnded = true;
    if (!this.#isRequestEnded) {
      // An early response: the rest of the request is thrown away, and the client told that nobody
      // waits for it. `node:http2` does so when the response has been sent.
      this.#isRequestEnded = true;
      this.#release();
      this.#http2Stream.removeAllListeners('data');
      this.#http2Stream.resume();
      this.#http2Stream.close(noError);
    }
  }

  #onRequestEnd(): void {
    if (!this.#isRequestEnded) {
      this.#isRequestEnded = true;
      this.#release();
      this.#stream.decodeEnd(this.#requestTrailers);
    }
  }

  #onClose(): void {
    this.#release();
    const isGivenUp =
      !this.#isResetByUs && (!this.#isResponseEnded || this.#http2Stream.rstCode !== noError);
    this.#isRequestEnded = true;
    if (!this.#isResponseEnded) {
      this.#isResponseEnded = true;
      this.#stream.onDownstreamReset();
    }
    this.#connection.onStreamClose(isGivenUp);
  }

  /** Takes what waits from now on off the window of the connection. */
  #keep(): void {
    const http2Stream = this.#http2Stream;
    const { window } = this.#connection;
    this.#keptBytes = http2Stream.readableLength;
    window.keep(this.#keptBytes);
    const push = http2Stream.push;
    // As an own property, which is in the way of the data: no event tells of what is not read.
    http2Stream.push = (chunk: Buffer | null, ...rest): boolean => {
      if (chunk !== null && this.#keptBytes !== undefined) {
        this.#keptBytes += chunk.length;
        window.keep(chunk.length);
      }
      return push.call(http2Stream, chunk, ...rest);
    };
  }

  #release(): void {
    if (this.#keptBytes !== undefined) {
      this.#connection.window.release(this.#keptBytes);
      this.#keptBytes = undefined;
      // What is in its place again is the method of the class.
      Reflect.deleteProperty(this.#http2Stream, 'push');
    }
  }
}

function ignore(): void {
  // Nothing to do.
}
