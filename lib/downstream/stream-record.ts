import type { MatchedRoute } from '../http/filter.js';
import { getHeader, type HeaderList, setHeader } from '../http/headers.js';
import type { RequestHead } from '../http/message.js';
import type { RequestDeadline } from '../http/request-context.js';
import { RequestDetails, type RequestInfo } from '../http/request-info.js';
import type { RequestTrace } from '../http/request-trace.js';
import type { RouteMatch } from '../router/route-table.js';
import { chargeResponseClass } from '../telemetry/stats/response-class.js';
import type { RequestSpan } from '../telemetry/tracing/request-span.js';
import type { TracedRequest } from '../telemetry/tracing/traced-request.js';
import type { StreamOwner } from './connection-manager-context.js';
import type { DownstreamConnection } from './downstream-connection.js';
import { forwardedClientAddress, type RequestOrigin } from './forwarded-headers.js';
import { handOverOperation, nameOperation } from './operation-handover.js';
import { closesAfterRefusal, emptyHead, refuseRequest } from './request-checks.js';
import type { CustomResponseHeaders } from './response-headers.js';
import { chargeTraceDecision } from './trace-decision.js';

/** The protocol a request came in with, as the access log shows it. */
export type StreamProtocol = RequestInfo['protocol'];

/** What is known of one request under way: for its filters, and for the access log at its end. */
export abstract class StreamRecord implements RequestInfo, TracedRequest {
  requestHead: RequestHead = emptyHead;
  responseHeaders: HeaderList | undefined = undefined;
  responseCode = 0;
  responseFlags = 0;
  bytesReceived = 0;
  bytesSent = 0;
  upstreamHost: string | undefined = undefined;
  upstreamCluster: string | undefined = undefined;
  isInternal = false;
  isHealthCheck = false;
  requestBufferLimit: number;
  responseBufferLimit: number;
  hasEnvoyHeaders = false;
  /** Set by whoever knows it, before the request begins. */
  originalDestination: string | undefined = undefined;
  /** As `originalDestination`. */
  deadline: RequestDeadline | undefined = undefined;
  /**
   * As `originalDestination`: headers of the trace of the request that this one is made for. They are
   * sent on, unless the request has a span of its own, which they are the parent of.
   */
  inheritedTrace: HeaderList | undefined = undefined;
  route: MatchedRoute | undefined = undefined;
  durationMs = 0;
  readonly protocol: StreamProtocol;
  startWallMs = 0;
  readonly details: RequestDetails | undefined;
  protected readonly manager: StreamOwner;
  protected readonly connection: DownstreamConnection;
  /** Of the route table that the request began with. */
  protected readonly customResponseHeaders: CustomResponseHeaders | undefined;
  readonly #startMs: number;
  readonly #routes: RouteMatch;
  /** Whether the whole request has arrived. */
  protected isRequestComplete = false;
  /** Whether the peer asked for the request id in the response. */
  protected isTraceForced = false;
  /** Whether the connection ends behind the response, because of what the request was. */
  protected mustClose = false;
  #isTraced = false;
  #span: RequestSpan | undefined = undefined;
  #untraced: RequestTrace | undefined = undefined;
  /** What the response is to name as the operation of this request. */
  #operation: string | undefined = undefined;
  #stableRandom: number | undefined = undefined;
  /** As it came: what filters and routes do to the request does not change who sent it. */
  #forwardedFor: string | undefined = undefined;

  constructor(manager: StreamOwner, connection: DownstreamConnection, protocol: StreamProtocol) {
    this.manager = manager;
    this.connection = connection;
    this.customResponseHeaders = manager.customResponseHeaders;
    this.protocol = protocol;
    const { clock, stats, routeTable } = manager.context;
    this.#routes = routeTable.table ?? routeTable;
    const limit = bufferLimit(manager, connection, protocol);
    this.requestBufferLimit = limit;
    this.responseBufferLimit = limit;
    this.details = manager.keepsDetails ? new RequestDetails() : undefined;
    this.#startMs = clock.now();
    stats.downstreamRqTotal++;
    if (protocol === 'HTTP/2') {
      stats.downstreamRqHttp2Total++;
    } else {
      stats.downstreamRqHttp1Total++;
    }
    stats.downstreamRqActive++;
  }

  get stableRandom(): number {
    this.#stableRandom ??= this.manager.context.random.uint32();
    return this.#stableRandom;
  }

  get clientAddress(): string {
    return this.#forwardedClient ?? this.connection.remoteAddress;
  }

  get clientPort(): number {
    return this.#forwardedClient === undefined ? this.connection.remotePort : 0;
  }

  /** A health check has none: reference 5.4. */
  get trace(): RequestTrace | undefined {
    return this.isHealthCheck ? undefined : (this.#span ?? this.#untraced);
  }

  get peerAddress(): string {
    return this.connection.remoteAddress;
  }

  get peerPort(): number {
    return this.connection.remotePort;
  }

  get localAddress(): string {
    return this.connection.localAddress;
  }

  refreshRoute(): void {
    this.route = this.#routes.match(this);
  }

  setResponseFlag(flag: number): void {
    this.responseFlags |= flag;
  }

  /** Counts body bytes that did not pass through the codec: a mounted application's. */
  addBytesSent(bytes: number): void {
    this.bytesSent += bytes;
  }

  /** Keeps what the access log is to know of the response; 0 if it could not be sent. */
  protected noteResponse(status: number, headers: HeaderList | undefined): void {
    this.responseCode = status;
    this.responseHeaders = headers;
  }

  /** Counts a response whose head has been sent. */
  protected chargeResponse(status: number): void {
    if (!this.isHealthCheck) {
      const { stats, listenerStats } = this.manager.context;
      chargeResponseClass(stats, status);
      chargeResponseClass(listenerStats, status);
    }
  }

  /** Counts that the application has not read the response for too long, and so has lost it. */
  chargeIdleTimeout(): void {
    this.manager.context.stats.downstreamRqIdleTimeout++;
  }

  /** Counts an answer to `expect: 100-continue`: reference 3.8. */
  chargeContinue(): void {
    this.chargeResponse(100);
  }

  /** Counts a WebSocket tunnel of the application itself: that it is open, or has ended. */
  chargeTunnel(isOpen: boolean): void {
    const { stats } = this.manager.context;
    if (isOpen) {
      stats.downstreamCxWebsocketTotal++;
      stats.downstreamCxWebsocketActive++;
    } else {
      stats.downstreamCxWebsocketActive--;
    }
  }

  /** Counts that reading the request was stopped, or went on. */
  protected chargePause(isPaused: boolean): void {
    const { stats } = this.manager.context;
    if (isPaused) {
      stats.downstreamFlowControlPausedReadingTotal++;
    } else {
      stats.downstreamFlowControlResumedReadingTotal++;
    }
  }

  /** The checks of reference 3.4. Returns the status that refuses the request, if one does. */
  protected checkHead(): number | undefined {
    const { config, stats } = this.manager.context;
    this.connection.onRequest(this.requestHead.headers, stats);
    const refusal = refuseRequest(this.requestHead, this.protocol, config.http1Settings, stats);
    this.mustClose = refusal !== undefined && closesAfterRefusal(refusal);
    return refusal;
  }

  /** Takes over what the header rules have found out. */
  protected setOrigin(origin: RequestOrigin): void {
    this.isInternal = origin.isInternal;
    this.hasEnvoyHeaders = origin.hasEnvoyHeaders;
    this.isTraceForced = origin.isTraceForced;
    this.#forwardedFor = origin.forwardedFor;
  }

  /** The last byte of the request has arrived. */
  protected completeRequest(): void {
    this.isRequestComplete = true;
    if (this.details !== undefined) {
      this.details.requestMs = this.#elapsedMs();
    }
  }

  /** The head of a response from upstream is on its way to the client. */
  protected noteUpstreamHead(): void {
    if (this.details !== undefined) {
      this.details.responseMs = this.#elapsedMs();
    }
  }

  /** Acts by the decision that stands in the request id. Called when the route is known. */
  protected startTrace(): void {
    const { config, stats, tracer } = this.manager.context;
    if (config.tracing !== undefined) {
      const { headers } = this.requestHead;
      const named = this.route?.decoratorOperation;
      this.#isTraced = chargeTraceDecision(getHeader(headers, 'x-request-id'), stats.tracing);
      if (this.#isTraced) {
        const operation = handOverOperation(headers, named, config.tracing.operationName);
        this.#operation = operation.response;
        this.#span = tracer?.start(this, operation.span);
      } else {
        this.#untraced = tracer?.pass(this);
      }
    }
    if (this.inheritedTrace !== undefined && this.#span === undefined) {
      this.requestHead.headers.push(...this.inheritedTrace);
    }
  }

  /** What the response says of the trace: reference 5.4, 5.9. */
  protected nameTrace(headers: HeaderList): void {
    const { tracing } = this.manager.context.config;
    if (tracing !== undefined) {
      const operation = nameOperation(headers, this.#operation, tracing.operationName);
      if (operation !== undefined) {
        this.#span?.rename(operation);
      }
    }
    if (this.isTraceForced) {
      const requestId = getHeader(this.requestHead.headers, 'x-request-id');
      if (requestId !== undefined) {
        setHeader(headers, 'x-request-id', requestId);
      }
    }
  }

  /** Writes the access logs and ends the span. */
  protected log(): void {
    const { clock, accessLogs, config, stats } = this.manager.context;
    if (this.#isTraced && this.isHealthCheck) {
      // It has turned out to be one on its way. Its span is not ended, and so goes nowhere.
      stats.tracing.healthCheck++;
    } else {
      this.#span?.end(this, config.tracing?.requestHeadersForTags ?? []);
    }
    if (accessLogs.length > 0) {
      this.durationMs = this.#elapsedMs();
      this.startWallMs = clock.wallNow() - this.durationMs;
      for (const accessLog of accessLogs) {
        accessLog.log(this);
      }
    }
  }

  get #forwardedClient(): string | undefined {
    return forwardedClientAddress(this.manager.context.config, this.#forwardedFor);
  }

  #elapsedMs(): number {
    return this.manager.context.clock.now() - this.#startMs;
  }
}

/**
 * How much of a message may be kept. On HTTP/2 it is the window of the stream, as in Envoy; but of
 * many streams, each may keep its share of the connection's window only, and what HTTP/1 may in any
 * case. Else one client could have us keep the window of a stream for each of a thousand.
 */
function bufferLimit(
  { context }: StreamOwner,
  { activeStreams }: DownstreamConnection,
  protocol: StreamProtocol,
): number {
  const { bufferLimitBytes, config } = context;
  if (protocol !== 'HTTP/2') {
    return bufferLimitBytes;
  }
  const { initialStreamWindowSize, initialConnectionWindowSize } = config.http2Settings;
  const share = Math.floor(initialConnectionWindowSize / activeStreams);
  return Math.min(initialStreamWindowSize, Math.max(bufferLimitBytes, share));
}
