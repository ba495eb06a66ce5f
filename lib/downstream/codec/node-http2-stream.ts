import type { ServerHttp2Stream } from 'node:http2';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import { getHeader, type HeaderList, removeHeader } from '../../http/headers.js';
import { removeConnectionHeaders, toRecord } from '../../http/http2-headers.js';
import type { ResponseHead } from '../../http/message.js';
import type { ReceiveWindow } from '../../http/receive-window.js';
import type { ResponseEncoder } from '../../http/stream.js';
import type { ActiveStream } from '../active-stream.js';
import type { ConnectionManager } from '../connection-manager.js';
import type { DownstreamConnection } from '../downstream-connection.js';
import { continueExpectation } from '../forwarded-headers.js';
import { hasBody, readTrailers } from './http1-framing.js';
import { readHttp2Head } from './http2-headers.js';

/** RFC 9113, 7. */
const noError = 0;
const internalError = 2;

/** The one status that has no body in HTTP/2 of Node.js, but may have one in HTTP/1.1. */
const resetContent = 205;

/**
 * How long what a client still sends behind an early response is read and thrown away, before it is
 * told that nobody waits for it. Told at once, it could miss the end of the response.
 */
const lingerMs = 1000;

/** The connection of a stream, as far as the stream needs it. */
export interface Http2StreamOwner {
  readonly info: DownstreamConnection;
  readonly manager: ConnectionManager;
  readonly window: ReceiveWindow;
  readonly wheel: TimerWheel;
  /** Ends the connection behind the requests that are under way. */
  close(): void;
  /** A stream is closed. `isGivenUp`: not by us, and not at its end. */
  onStreamClose(isGivenUp: boolean): void;
}

/** One request and its response on a downstream connection of the `node:http2` codec. */
export class NodeHttp2Stream implements ResponseEncoder {
  readonly nativeExchange: undefined = undefined;
  readonly #connection: Http2StreamOwner;
  readonly #http2Stream: ServerHttp2Stream;
  readonly #stream: ActiveStream;
  #method = '';
  #requestTrailers: HeaderList | undefined = undefined;
  #responseTrailers: HeaderList | undefined = undefined;
  #isRequestEnded = false;
  #isResponseEnded = false;
  #isResetByUs = false;
  #isHeadOnly = false;
  #waitsForDrain = false;
  /** Set by an early response. It runs from the end of that. */
  #lingerTimer: WheelTimer | undefined = undefined;
  /** Bytes of the request that wait while it is paused; `undefined` while it is not. */
  #keptBytes: number | undefined = undefined;

  constructor(connection: Http2StreamOwner, http2Stream: ServerHttp2Stream) {
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
    http2Stream.on('aborted', () => this.#destroyIfGone());
    http2Stream.on('end', () => this.#destroyIfGone());
    const head = readHttp2Head(rawHeaders);
    this.#method = head.method;
    this.#isRequestEnded = http2Stream.endAfterHeaders;
    if (this.#isRequestEnded) {
      this.#stream.decodeHead(head, true);
      return;
    }
    const isOpen = !http2Stream.closed && !http2Stream.destroyed;
    if (isOpen && continueExpectation.test(getHeader(head.headers, 'expect') ?? '')) {
      // At once, as in Envoy: the client does not wait for the filters, which see no difference.
      http2Stream.additionalHeaders({ ':status': 100 });
      this.#connection.manager.onContinueSent();
    }
    http2Stream.on('trailers', (_headers: unknown, _flags: unknown, raw: readonly string[]) => {
      this.#requestTrailers = readTrailers(raw);
    });
    http2Stream.on('end', () => this.#onRequestEnd());
    this.#stream.decodeHead(head, false);
    if (this.#isRequestEnded) {
      // It has been answered already.
      return;
    }
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
    const endsHere = endStream || status === resetContent || !hasBody(status, this.#method);
    if (status === resetContent) {
      // Its body is left out by `node:http2` (RFC 9110, 15.3.6), and the length must not tell of one.
      removeHeader(headers, 'content-length');
    }
    this.#isHeadOnly = endsHere;
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
    // Even where none can come: without it, a stream that is reset in the middle of its response is
    // ended first by Node.js 24, and the response looks complete.
    const waitForTrailers = !endStream;
    http2Stream.once('wantTrailers', () => this.#sendTrailers());
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
    const http2Stream = this.#http2Stream;
    if (this.#isResetByUs || http2Stream.closed || http2Stream.destroyed) {
      return;
    }
    const trailers = this.#responseTrailers ?? [];
    removeConnectionHeaders(trailers);
    try {
      http2Stream.sendTrailers(toRecord(trailers, true));
      if (this.#lingerTimer !== undefined) {
        this.#connection.wheel.start(this.#lingerTimer, lingerMs);
      }
    } catch (error) {
      // A name that can be none.
      this.#connection.manager.reportInternalError(error);
      this.#http2Stream.close(internalError);
    }
  }

  #endResponse(): void {
    this.#isResponseEnded = true;
    if (!this.#isRequestEnded) {
      // An early response: the rest of the request is thrown away.
      this.#isRequestEnded = true;
      this.#release();
      this.#http2Stream.removeAllListeners('data');
      this.#http2Stream.resume();
      this.#lingerTimer = new WheelTimer({ onDeadline: () => this.#onLingerEnd() });
      if (this.#isHeadOnly) {
        this.#connection.wheel.start(this.#lingerTimer, lingerMs);
      }
    }
  }

  #onLingerEnd(): void {
    this.#isResetByUs = true;
    this.#http2Stream.close(noError);
  }

  #onRequestEnd(): void {
    if (!this.#isRequestEnded) {
      this.#isRequestEnded = true;
      this.#release();
      this.#stream.decodeEnd(this.#requestTrailers);
    }
  }

  /**
   * A client may reset a stream with `NO_ERROR`, and Node.js before 26 takes that for an end: it waits
   * for what of the response is not written yet, which nobody takes any more.
   */
  #destroyIfGone(): void {
    const http2Stream = this.#http2Stream;
    if (http2Stream.closed && !this.#isResetByUs) {
      process.nextTick(() => http2Stream.destroy());
    }
  }

  #onClose(): void {
    this.#lingerTimer?.stop();
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
