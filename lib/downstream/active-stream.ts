import { httpDate } from '../base/http-date.js';
import type { FilterCallbacks, MatchedRoute } from '../http/filter.js';
import { FilterChain } from '../http/filter-chain.js';
import { getHeader, type HeaderList, setHeader } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { NativeExchange } from '../http/native-exchange.js';
import type { RequestInfo } from '../http/request-info.js';
import type { RequestDecoder, ResponseEncoder } from '../http/stream.js';
import { chargeResponseClass } from '../telemetry/stats/response-class.js';
import type { StreamOwner } from './connection-manager-context.js';
import type { DownstreamConnection } from './downstream-connection.js';
import { applyRequestHeaderRules, trustedClientAddress } from './forwarded-headers.js';
import { createLocalReply } from './local-reply.js';
import { refuseRequest } from './request-checks.js';
import { applyResponseHeaderRules } from './response-headers.js';

/** The protocol a request came in with, as the access log shows it. */
export type StreamProtocol = RequestInfo['protocol'];

const emptyHead: RequestHead = { method: '', path: '', authority: '', headers: [] };
/** What is known of a head that was too large to be read. */
const unreadHead: RequestHead = { method: '-', path: '-', authority: '', headers: [] };

/**
 * One request under way, from its head to the last byte of its response. It is the stream of its
 * codec, the callbacks of its filters and the record for the access log in one, so that a request
 * costs few objects.
 */
export class ActiveStream implements RequestDecoder, FilterCallbacks, RequestInfo {
  requestHead: RequestHead = emptyHead;
  responseHeaders: HeaderList | undefined = undefined;
  responseCode = 0;
  responseFlags = 0;
  bytesReceived = 0;
  bytesSent = 0;
  upstreamHost: string | undefined = undefined;
  upstreamCluster: string | undefined = undefined;
  isInternal = false;
  hasEnvoyHeaders = false;
  route: MatchedRoute | undefined = undefined;
  durationMs = 0;
  readonly protocol: StreamProtocol;
  startWallMs = 0;
  readonly #manager: StreamOwner;
  readonly #encoder: ResponseEncoder;
  readonly #connection: DownstreamConnection;
  readonly #startMs: number;
  #chain: FilterChain | undefined = undefined;
  #isTraceForced = false;
  #stableRandom: number | undefined = undefined;
  #isRequestComplete = false;
  #isRequestPaused = false;
  #hasFailed = false;
  #isDone = false;

  constructor(
    manager: StreamOwner,
    encoder: ResponseEncoder,
    connection: DownstreamConnection,
    protocol: StreamProtocol,
  ) {
    this.#manager = manager;
    this.#encoder = encoder;
    this.#connection = connection;
    this.protocol = protocol;
    const { clock, stats } = manager.context;
    this.#startMs = clock.now();
    stats.downstreamRqTotal++;
    stats.downstreamRqHttp1Total++;
    stats.downstreamRqActive++;
  }

  get stableRandom(): number {
    this.#stableRandom ??= this.#manager.context.random.uint32();
    return this.#stableRandom;
  }

  get clientAddress(): string {
    return trustedClientAddress(
      this.#manager.context.config,
      this.#connection,
      this.requestHead.headers,
    );
  }

  get localAddress(): string {
    return this.#connection.localAddress;
  }

  get nativeExchange(): NativeExchange | undefined {
    return this.#encoder.nativeExchange;
  }

  /** Whether the whole request has arrived. */
  get isRequestComplete(): boolean {
    return this.#isRequestComplete;
  }

  // The request, from the codec.

  decodeHead(head: RequestHead, endStream: boolean): void {
    this.requestHead = head;
    this.#isRequestComplete = endStream;
    try {
      this.#decodeHead(head, endStream);
    } catch (error) {
      this.#onInternalError(error);
    }
  }

  /** Answers a head that is too large: reference 3.4. Takes the place of `decodeHead`. */
  refuseHead(): void {
    this.requestHead = unreadHead;
    this.#isRequestComplete = true;
    this.sendLocalReply(431, '');
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.bytesReceived += chunk.length;
    this.#isRequestComplete = endStream;
    if (!this.#isDone) {
      try {
        this.#chain?.decodeData(chunk, endStream);
      } catch (error) {
        this.#onInternalError(error);
      }
    }
  }

  decodeEnd(trailers: HeaderList | undefined): void {
    this.#isRequestComplete = true;
    if (!this.#isDone) {
      try {
        this.#chain?.decodeEnd(trailers);
      } catch (error) {
        this.#onInternalError(error);
      }
    }
  }

  onDownstreamReset(): void {
    if (!this.#isDone) {
      this.#manager.context.stats.downstreamRqRxReset++;
      this.#finish();
    }
  }

  onResponseWritable(): void {
    this.#chain?.onResponsePaused(false);
  }

  // The filters' callbacks.

  setResponseFlag(flag: number): void {
    this.responseFlags |= flag;
  }

  continueDecoding(): void {
    if (!this.#isDone) {
      this.#chain?.continueDecoding();
    }
  }

  sendLocalReply(status: number, body: string, headers?: HeaderList): void {
    if (this.responseCode !== 0 || this.#isDone) {
      return;
    }
    const reply = createLocalReply(status, body, this.requestHead.method, headers);
    const hasBody = reply.body !== undefined;
    this.#startResponse(reply.head, !hasBody, hasBody, true);
    if (reply.body !== undefined) {
      this.encodeData(reply.body, true);
    }
  }

  encodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void {
    this.#startResponse(head, endStream, moreFollows, endStream);
  }

  encodeData(chunk: Buffer, endStream: boolean): boolean {
    if (this.#isDone) {
      return true;
    }
    this.bytesSent += chunk.length;
    const canGoOn = this.#encoder.encodeData(chunk, endStream);
    if (endStream) {
      this.#onResponseComplete();
    }
    return canGoOn;
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    if (!this.#isDone) {
      try {
        this.#encoder.encodeEnd(trailers);
      } catch (error) {
        this.#onInternalError(error);
        return;
      }
      this.#onResponseComplete();
    }
  }

  resetStream(): void {
    if (!this.#isDone) {
      this.#manager.context.stats.downstreamRqTxReset++;
      this.#finish();
      this.#encoder.reset();
    }
  }

  setRequestPaused(isPaused: boolean): void {
    if (this.#isDone || this.#isRequestComplete || isPaused === this.#isRequestPaused) {
      return;
    }
    this.#isRequestPaused = isPaused;
    const { stats } = this.#manager.context;
    if (isPaused) {
      stats.downstreamFlowControlPausedReadingTotal++;
    } else {
      stats.downstreamFlowControlResumedReadingTotal++;
    }
    this.#encoder.setRequestPaused(isPaused);
  }

  /** Counts body bytes that did not pass through `encodeData`: a mounted application's. */
  addBytesSent(bytes: number): void {
    this.bytesSent += bytes;
  }

  /** The checks of reference 3.4, then the header rules, the route and the filters: 5.1. */
  #decodeHead(head: RequestHead, endStream: boolean): void {
    const { stats, routeTable, filterFactories } = this.#manager.context;
    const refusal = refuseRequest(head, this.protocol, stats);
    if (refusal !== undefined) {
      this.sendLocalReply(refusal, '');
      return;
    }
    const origin = applyRequestHeaderRules(
      head.headers,
      this.#connection,
      this.#manager.headerRules,
    );
    this.isInternal = origin.isInternal;
    this.hasEnvoyHeaders = origin.hasEnvoyHeaders;
    this.#isTraceForced = origin.isTraceForced;
    this.route = routeTable.match(this);
    if (origin.isWebSocketUpgrade && this.route !== undefined) {
      stats.downstreamRqWsOnNonWsRoute++;
      this.sendLocalReply(403, '');
      return;
    }
    this.#chain = new FilterChain(filterFactories, this);
    this.#chain.decodeHead(head, endStream);
  }

  /** `isWhole`: the whole response is at hand, even if its body is still to come. */
  #startResponse(
    head: ResponseHead,
    endStream: boolean,
    moreFollows: boolean,
    isWhole: boolean,
  ): void {
    if (this.#isDone) {
      return;
    }
    try {
      this.#chain?.encodeHead(head, endStream);
      this.#applyResponseRules(head, isWhole);
      this.responseCode = head.status;
      this.responseHeaders = head.headers;
      const { stats, listenerStats } = this.#manager.context;
      chargeResponseClass(stats, head.status);
      chargeResponseClass(listenerStats, head.status);
      this.#encoder.encodeHead(head, endStream, moreFollows);
    } catch (error) {
      // Whoever brings the response is in a callback of a socket, out of which nothing may come.
      this.#onInternalError(error);
      return;
    }
    if (endStream) {
      this.#onResponseComplete();
    }
  }

  #applyResponseRules({ headers }: ResponseHead, isWhole: boolean): void {
    const { config, clock } = this.#manager.context;
    if (this.#isTraceForced) {
      const requestId = getHeader(this.requestHead.headers, 'x-request-id');
      if (requestId !== undefined) {
        setHeader(headers, 'x-request-id', requestId);
      }
    }
    const isClosing = this.#isClosing(isWhole);
    applyResponseHeaderRules(headers, config.serverName, httpDate(clock.wallNow()));
    this.#manager.customResponseHeaders?.apply(headers, this);
    if (isClosing) {
      headers.push('connection', 'close');
    }
  }

  #isClosing(isWhole: boolean): boolean {
    if (this.#manager.isDraining) {
      this.#manager.context.stats.downstreamCxDrainClose++;
      return true;
    }
    // An early response: the rest of the request is of no use to anybody.
    return isWhole && !this.#isRequestComplete;
  }

  #onResponseComplete(): void {
    if (!this.#isRequestComplete) {
      this.#manager.context.stats.downstreamRqResponseBeforeRqComplete++;
    }
    this.#finish();
  }

  /** The request is over. Called once. */
  #finish(): void {
    this.#isDone = true;
    const { clock, stats, accessLogs } = this.#manager.context;
    stats.downstreamRqActive--;
    try {
      this.#chain?.destroy();
    } catch (error) {
      this.#manager.reportInternalError(error);
    }
    if (accessLogs.length > 0) {
      this.durationMs = clock.now() - this.#startMs;
      this.startWallMs = clock.wallNow() - this.durationMs;
      for (const accessLog of accessLogs) {
        accessLog.log(this);
      }
    }
  }

  /** A broken invariant of ours ends this one request, and nothing else. */
  #onInternalError(error: unknown): void {
    this.#manager.reportInternalError(error);
    // What fails even on our own reply will fail again.
    const canReply = this.responseCode === 0 && !this.#hasFailed;
    this.#hasFailed = true;
    if (canReply) {
      this.sendLocalReply(500, '');
    } else {
      this.resetStream();
    }
  }
}
