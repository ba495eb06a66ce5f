import type { ClientHttp2Stream } from 'node:http2';
import type { HeaderList } from '../../http/headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';
import type { ResetReason } from '../../http/reset-reason.js';
import type { RequestEncoder, ResponseDecoder } from '../../http/stream.js';
import { cancel, endStreamFlag, headersFrame, refusedStream } from './http2-numbers.js';
import {
  encodeHttp2Trailers,
  mayHaveBody,
  readHttp2ResponseHead,
  readHttp2Trailers,
} from './http2-request-head.js';
import type { Http2StreamOwner } from './http2-stream-owner.js';
import { KeptBytes } from './kept-bytes.js';

/**
 * One request and its response on an HTTP/2 connection to a host.
 *
 * What is read is not handed on at once but when the read is over: then it is known of the last
 * piece that it is the last, and the other side can do with one write too. Nor may a stream be closed
 * in the middle of a read: Node.js 24 would end the request instead, as if it were complete, and
 * Node.js 22 and 26 abort the process.
 */
export class Http2Stream implements RequestEncoder {
  readonly #owner: Http2StreamOwner;
  readonly #decoder: ResponseDecoder;
  #stream: ClientHttp2Stream | undefined = undefined;
  #method = '';
  #requestTrailers: HeaderList | undefined = undefined;
  #hasSentTrailers = false;
  #isRequestEnded = false;
  #isBackedUp = false;
  #isDone = false;
  #isPaused = false;
  /** The last frame of the response has come, though not all before it may have been read. */
  #isEndSeen = false;
  #hasResponse = false;
  /** Whether the head that was sent never left, as the connection takes no more. */
  #isUnsent = false;
  // What has been read and not yet handed on.
  #head: ResponseHead | undefined = undefined;
  #chunks: Buffer[] = [];
  #trailers: HeaderList | undefined = undefined;
  #isEnded = false;
  #resetReason: ResetReason | undefined = undefined;
  /** What of the response waits while it is paused. */
  #kept: KeptBytes | undefined = undefined;

  constructor(owner: Http2StreamOwner, decoder: ResponseDecoder) {
    this.#owner = owner;
    this.#decoder = decoder;
  }

  get localAddress(): string {
    return this.#owner.localAddress;
  }

  // The request, from the router.

  encodeHead(head: RequestHead, endStream: boolean): void {
    this.#method = head.method;
    this.#isRequestEnded = endStream;
    const stream = this.#owner.open(head, endStream);
    if (stream === undefined) {
      this.#reset('refused-stream');
      return;
    }
    this.#stream = stream;
    this.#listen(stream);
  }

  encodeData(chunk: Uint8Array, endStream: boolean): boolean {
    const stream = this.#stream;
    this.#isRequestEnded = endStream;
    if (stream === undefined || this.#isDone || !stream.writable) {
      return true;
    }
    if (endStream) {
      stream.end(chunk);
      return true;
    }
    if (stream.write(chunk)) {
      return true;
    }
    if (!this.#isBackedUp) {
      this.#isBackedUp = true;
      this.#owner.stats.cluster.upstreamFlowControlBackedUpTotal++;
    }
    return false;
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    this.#isRequestEnded = true;
    this.#requestTrailers = trailers;
    this.#stream?.end();
  }

  setResponsePaused(isPaused: boolean): void {
    const stats = this.#owner.stats.cluster;
    if (this.#isDone || this.#stream === undefined || isPaused === this.#isPaused) {
      return;
    }
    this.#isPaused = isPaused;
    if (isPaused) {
      stats.upstreamFlowControlPausedReadingTotal++;
      this.#stream.pause();
      this.#kept = new KeptBytes(this.#owner.window);
      this.#kept.add(this.#stream.readableLength + lengthOf(this.#chunks));
    } else {
      stats.upstreamFlowControlResumedReadingTotal++;
      this.#release();
      this.#owner.scheduleDelivery(this);
      this.#stream.resume();
    }
  }

  abort(): void {
    if (!this.#isDone) {
      this.#owner.stats.cluster.upstreamRqTxReset++;
      this.#close();
    }
  }

  /** Hands on what has been read. Called by the connection only. */
  deliver(): void {
    const hasData = this.#chunks.length > 0;
    const head = this.#head;
    if (head !== undefined && !this.#isDone) {
      this.#head = undefined;
      if (head.status < 200) {
        // None that exists, which older releases of Node.js let pass.
        this.abort();
        this.#decoder.onReset('remote-reset', false);
        return;
      }
      this.#hasResponse = true;
      const isBodiless = !mayHaveBody(head.status, this.#method);
      const isWhole = isBodiless || (this.#isEnded && !hasData && this.#trailers === undefined);
      this.#decoder.decodeHead(head, isWhole, !isWhole && (hasData || this.#isEnded));
      if (isWhole) {
        this.#onComplete();
      }
    }
    this.#deliverBody();
    const reason = this.#resetReason;
    if (reason !== undefined && !this.#isDone) {
      this.#release();
      this.#isDone = true;
      // The decoder comes last, since the router may at once ask for another stream to this host.
      this.#owner.onRequestEnd(this, false);
      this.#decoder.onReset(reason, this.#hasResponse);
    }
  }

  /** The connection is gone: what has been read is all that comes. Called by the connection only. */
  onConnectionGone(): void {
    if (!this.#isEnded) {
      this.#resetReason ??= this.#findReason(this.#stream);
    }
    this.deliver();
  }

  #deliverBody(): void {
    if (this.#isPaused) {
      return;
    }
    const chunks = this.#chunks;
    this.#chunks = [];
    const endsWithData = this.#isEnded && this.#trailers === undefined;
    for (let i = 0; i < chunks.length && !this.#isDone; i++) {
      if (this.#isPaused) {
        const rest = chunks.slice(i);
        this.#chunks.unshift(...rest);
        this.#kept?.add(lengthOf(rest));
        return;
      }
      const isLast = endsWithData && i === chunks.length - 1;
      this.#decoder.decodeData(chunks[i] as Buffer, isLast);
      if (isLast) {
        this.#onComplete();
      }
    }
    if (this.#isEnded && !this.#isDone) {
      this.#decoder.decodeEnd(this.#trailers);
      this.#onComplete();
    }
  }

  #listen(stream: ClientHttp2Stream): void {
    this.#intercept(stream);
    // What it says is told by `close` as well.
    stream.on('error', ignore);
    stream.on('response', (_headers: unknown, flags: number, raw: readonly string[]) => {
      this.#head = readHttp2ResponseHead(raw);
      this.#isEnded = (flags & endStreamFlag) !== 0;
      this.#owner.scheduleDelivery(this);
    });
    stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    stream.on('trailers', (_headers: unknown, _flags: unknown, raw: readonly string[]) => {
      this.#trailers = readHttp2Trailers(raw);
    });
    stream.on('end', () => this.#onEnd(stream));
    stream.on('close', () => this.#onClose(stream));
    stream.on('frameError', (type: number) => {
      this.#isUnsent ||= type === headersFrame && !this.#hasSentTrailers;
    });
    if (!this.#isRequestEnded) {
      stream.on('drain', () => this.#onDrain());
      // Even where none can come: without it, a stream that is reset in the middle of its request is
      // ended first by Node.js 24, and the request looks complete.
      stream.on('wantTrailers', () => this.#sendTrailers(stream));
    }
  }

  #onDrain(): void {
    if (this.#isBackedUp) {
      this.#isBackedUp = false;
      this.#owner.stats.cluster.upstreamFlowControlDrainedTotal++;
    }
    if (!this.#isDone) {
      this.#decoder.onRequestWritable();
    }
  }

  #sendTrailers(stream: ClientHttp2Stream): void {
    if (this.#isRequestEnded && !stream.closed && !stream.destroyed) {
      this.#hasSentTrailers = true;
      stream.sendTrailers(encodeHttp2Trailers(this.#requestTrailers));
    }
  }

  #onData(chunk: Buffer): void {
    if (!this.#isDone) {
      this.#chunks.push(chunk);
      this.#owner.scheduleDelivery(this);
    }
  }

  /** A stream that is reset without an error ends too, but is closed by then. */
  #onEnd(stream: ClientHttp2Stream): void {
    if (this.#isEndSeen || !stream.closed) {
      this.#isEnded = true;
      this.#owner.scheduleDelivery(this);
    } else {
      // While a part of the request waits to be sent, which it never will be, it does not say so.
      this.#onClose(stream);
      setImmediate(() => stream.destroy());
    }
  }

  #onClose(stream: ClientHttp2Stream): void {
    if (!this.#isEnded && !this.#isDone && this.#resetReason === undefined) {
      const reason = this.#findReason(stream);
      if (this.#owner.goneReason === undefined && !this.#isUnsent) {
        this.#owner.stats.cluster.upstreamRqRxReset++;
      }
      this.#reset(reason);
    }
  }

  #reset(reason: ResetReason): void {
    this.#resetReason ??= reason;
    this.#owner.scheduleDelivery(this);
  }

  #findReason(stream: ClientHttp2Stream | undefined): ResetReason {
    // Without a number it has never been sent.
    this.#isUnsent ||= this.#owner.isLeftOut(stream?.id);
    if (this.#isUnsent) {
      return 'refused-stream';
    }
    return (
      this.#owner.goneReason ??
      (stream?.rstCode === refusedStream ? 'refused-stream' : 'remote-reset')
    );
  }

  /**
   * The response is complete. If the request is not, or a part of it waits to be sent, nobody wants
   * the rest; and the host must not count a stream that we do not.
   */
  #onComplete(): void {
    const stream = this.#stream;
    const isSent = this.#isRequestEnded && stream?.writableFinished === true;
    if (this.#isDone) {
      return;
    }
    if (stream?.closed === true || (isSent && this.#isEnded)) {
      this.#release();
      this.#isDone = true;
      this.#owner.onRequestEnd(this, false);
    } else {
      this.#owner.stats.cluster.upstreamRqTxReset++;
      this.#close();
    }
  }

  /** Ends the stream before its end. */
  #close(): void {
    this.#release();
    this.#isDone = true;
    const stream = this.#stream;
    this.#owner.onRequestEnd(this, stream !== undefined);
    if (stream !== undefined) {
      setImmediate(() => {
        stream.close(cancel);
        stream.destroy();
        this.#owner.onResetSent();
      });
    }
  }

  /**
   * Sees what comes before it is read, as an own property that is in the way: no event tells of the
   * last frame. By the time of `end` a stream that has ended well may be closed as well, over TLS.
   */
  #intercept(stream: ClientHttp2Stream): void {
    const push = stream.push;
    stream.push = (chunk: Buffer | null, ...rest): boolean => {
      if (chunk !== null) {
        this.#kept?.add(chunk.length);
        return push.call(stream, chunk, ...rest);
      }
      this.#isEndSeen ||= !stream.closed;
      const hasRoom = push.call(stream, null);
      if (this.#kept !== undefined) {
        // All of it is here and must outlive the connection, which throws away what is not read.
        while (this.#isEndSeen && stream.read() !== null);
      }
      return hasRoom;
    };
  }

  #release(): void {
    this.#kept?.release();
    this.#kept = undefined;
  }
}

function lengthOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

function ignore(): void {
  // The stream is closed next.
}
