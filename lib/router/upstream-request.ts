import type { RoutingPriority } from '../config/route-config.js';
import type { HeaderList } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { NativeObserver } from '../http/native-exchange.js';
import type { ServedRequest } from '../http/request-context.js';
import type { AttemptTrace, TraceScope } from '../http/request-trace.js';
import type { ResetReason } from '../http/reset-reason.js';
import type { NativePassage, RequestEncoder, ResponseDecoder } from '../http/stream.js';
import { reportReset, reportResponse, reportTimeout } from '../upstream/attempt-report.js';
import type { BreakerPass } from '../upstream/breaker/failure-rate-breaker.js';
import type { Host } from '../upstream/host.js';

/** What an attempt tells the router. */
export interface AttemptObserver extends NativeObserver {
  readonly native: NativePassage | undefined;
  /** When the request had been received completely; `undefined` as long as it has not. */
  readonly requestEndMs: number | undefined;
  /** As that of a `ServedRequest`. */
  readonly deadlineMs: number | undefined;
  /** Set if the request has a span. */
  readonly requestScope: TraceScope | undefined;
  /** Called before the request is sent. */
  onAttemptConnection(attempt: UpstreamRequest, encoder: RequestEncoder): void;
  onAttemptHead(
    attempt: UpstreamRequest,
    head: ResponseHead,
    endStream: boolean,
    moreFollows: boolean,
  ): void;
  onAttemptData(chunk: Buffer, endStream: boolean): void;
  onAttemptEnd(trailers: HeaderList | undefined): void;
  onAttemptReset(attempt: UpstreamRequest, reason: ResetReason, hadResponse: boolean): void;
  setRequestPaused(isPaused: boolean): void;
}

/** One try of a request on one host. */
export class UpstreamRequest implements ResponseDecoder, ServedRequest {
  readonly host: Host;
  /** Whether the connection had served requests before this one. */
  isReused = false;
  /** Whether no connection could be opened: the host knows nothing of the request. */
  isUnreached = false;
  /** `ip:port` of our end of the connection, if the access log shows it. */
  localAddress = '';
  /** Whether it is not the first attempt of its request, by a retry policy. */
  readonly isRetry: boolean;
  /** Set if the attempt has a span of its own, before it is started. */
  trace: AttemptTrace | undefined = undefined;
  /** Leave of the cluster's failure-rate breaker, if it has one. Set before the attempt is started. */
  pass: BreakerPass | undefined = undefined;
  /** When it began, if it did not begin with the request. Set before the attempt is started. */
  retryStartMs: number | undefined = undefined;
  readonly #router: AttemptObserver;
  readonly #head: RequestHead;
  readonly #priority: RoutingPriority;
  #encoder: RequestEncoder | undefined = undefined;
  #isDone = false;
  #isDiscarded = false;
  #isResponsePaused = false;
  /** Whether it has been reported that it took too long, after which nothing else is. */
  #isReportedLate = false;
  /** What arrived before there was a connection: at most what was on its way when we paused. */
  #waiting: Buffer[] | undefined = undefined;
  #isRequestEnded: boolean;
  #trailers: HeaderList | undefined = undefined;

  constructor(
    router: AttemptObserver,
    host: Host,
    head: RequestHead,
    priority: RoutingPriority,
    isRequestEnded: boolean,
    isRetry: boolean,
  ) {
    this.isRetry = isRetry;
    this.#router = router;
    this.host = host;
    this.#head = head;
    this.#priority = priority;
    this.#isRequestEnded = isRequestEnded;
  }

  get native(): NativePassage | undefined {
    return this.#router.native;
  }

  // What a mounted application takes over from it.

  get served(): ServedRequest {
    return this;
  }

  get startMs(): number | undefined {
    return this.retryStartMs ?? this.#router.requestEndMs;
  }

  get deadlineMs(): number | undefined {
    return this.#router.deadlineMs;
  }

  get traceScope(): TraceScope | undefined {
    return this.trace ?? this.#router.requestScope;
  }

  /** Sends the request. `body` and `trailers` are what is known of it already. */
  start(
    body: readonly Buffer[] | undefined,
    trailers: HeaderList | undefined,
    isFresh: boolean,
  ): void {
    if (body !== undefined && body.length > 0) {
      this.#waiting = [...body];
    }
    this.#trailers = trailers;
    this.host.newStream(this, this.#priority, isFresh);
  }

  encodeData(chunk: Buffer, endStream: boolean): void {
    const encoder = this.#encoder;
    if (this.#isDone) {
      return;
    }
    if (encoder === undefined) {
      this.#waiting ??= [];
      this.#waiting.push(chunk);
      this.#isRequestEnded = endStream;
      this.#router.setRequestPaused(true);
    } else if (!encoder.encodeData(chunk, endStream) && !endStream) {
      this.#router.setRequestPaused(true);
    }
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    if (this.#isDone) {
      return;
    }
    if (this.#encoder === undefined) {
      this.#isRequestEnded = true;
      this.#trailers = trailers;
    } else {
      this.#encoder.encodeEnd(trailers);
    }
  }

  setResponsePaused(isPaused: boolean): void {
    if (!this.#isDone && isPaused !== this.#isResponsePaused) {
      this.#isResponsePaused = isPaused;
      this.#encoder?.setResponsePaused(isPaused);
    }
  }

  /** Gives the attempt up. The router hears nothing more of it. Idempotent. */
  abort(): void {
    if (this.#isDone) {
      return;
    }
    this.#isDone = true;
    this.trace?.end();
    this.pass?.release();
    if (this.#encoder === undefined) {
      this.host.cancel(this, this.#priority);
    } else {
      this.#encoder.abort();
      this.#encoder = undefined;
    }
  }

  /**
   * Nobody wants the response whose head has come. Its connection is kept if the whole of it has been
   * read in this turn, and closed otherwise: the rest may be long, or never come.
   */
  discard(): void {
    if (!this.#isDone) {
      this.#isDiscarded = true;
      process.nextTick(() => this.abort());
    }
  }

  /** Tells those who watch host and cluster of the response. */
  reportResponse(head: ResponseHead): void {
    if (!this.#isReportedLate) {
      reportResponse(this.host, this.pass, head);
    }
  }

  /** Tells them that the response has not come, or not all of it. */
  reportReset(reason: ResetReason): void {
    if (!this.#isReportedLate) {
      reportReset(this.host, this.pass, reason);
    }
  }

  /** Tells them that it takes too long. What comes of it later is not told. */
  reportTimeout(status: number): void {
    if (!this.#isReportedLate) {
      this.#isReportedLate = true;
      // A host that the request has not reached is not to blame for the wait: reference 4.6.1.
      reportTimeout(this.#encoder === undefined ? undefined : this.host, this.pass, status);
    }
  }

  onConnection(encoder: RequestEncoder, isReused: boolean): void {
    this.isReused = isReused;
    this.#encoder = encoder;
    this.#router.onAttemptConnection(this, encoder);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) {
      const endStream = this.#isRequestEnded && this.#trailers === undefined;
      encoder.encodeHead(this.#head, endStream);
      if (this.#isRequestEnded && !endStream) {
        encoder.encodeEnd(this.#trailers);
      }
      return;
    }
    this.#sendWaiting(encoder, waiting);
  }

  decodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void {
    this.trace?.onResponse(head.status);
    if (endStream) {
      this.#finish();
    }
    this.#router.onAttemptHead(this, head, endStream, moreFollows);
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    if (endStream) {
      this.#finish();
    }
    if (!this.#isDiscarded) {
      this.#router.onAttemptData(chunk, endStream);
    }
  }

  decodeEnd(trailers: HeaderList | undefined): void {
    this.#finish();
    if (!this.#isDiscarded) {
      this.#router.onAttemptEnd(trailers);
    }
  }

  onReset(reason: ResetReason, hadResponse: boolean): void {
    if (!this.#isDone) {
      this.trace?.end(reason);
      this.#finish();
      if (!this.#isDiscarded) {
        this.#router.onAttemptReset(this, reason, hadResponse);
      }
      this.pass?.release();
    }
  }

  onRequestWritable(): void {
    this.#router.setRequestPaused(false);
  }

  #sendWaiting(encoder: RequestEncoder, waiting: readonly Buffer[]): void {
    const endsWithData = this.#isRequestEnded && this.#trailers === undefined;
    encoder.encodeHead(this.#head, false);
    let canGoOn = true;
    waiting.forEach((chunk, index) => {
      canGoOn = encoder.encodeData(chunk, endsWithData && index === waiting.length - 1);
    });
    if (this.#isRequestEnded && !endsWithData) {
      encoder.encodeEnd(this.#trailers);
    }
    if (canGoOn && !(this.#isRequestEnded && this.#isDone)) {
      // Also behind the end: a request that has gone out whole is not stalled.
      this.#router.setRequestPaused(false);
    }
  }

  #finish(): void {
    this.#isDone = true;
    this.#encoder = undefined;
    this.trace?.end();
  }
}
