import type { Clock } from '../base/clock.js';
import { type TimerWheel, WheelTimer } from '../base/timer-wheel.js';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../http/filter.js';
import { addHeader, getHeader, type HeaderList, setHeader } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import { flagOfReset, type ResetReason } from '../http/reset-reason.js';
import { responseFlag } from '../http/response-flag.js';
import type { NativePassage } from '../http/stream.js';
import type { ConnectionManagerStats } from '../telemetry/stats/connection-manager-stats.js';
import type { Cluster } from '../upstream/cluster.js';
import type { ClusterManager } from '../upstream/cluster-manager.js';
import type { Resource } from '../upstream/resource-manager.js';
import { type Redirect, sslRedirect } from './redirect.js';
import { isIdempotent, ReplayBuffer } from './replay-buffer.js';
import { Route } from './route.js';
import type { RoutingResult } from './route-table.js';
import { type RequestTimeouts, setExpectedTimeout, takeTimeouts } from './timeouts.js';
import { type AttemptObserver, UpstreamRequest } from './upstream-request.js';

/** What all router filters of one listener share. */
export interface RouterContext {
  readonly clusterManager: ClusterManager;
  readonly stats: ConnectionManagerStats;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** Whether the per-code statistics of clusters are kept: reference 8.3. */
  readonly dynamicStats: boolean;
}

const upstreamFailureBody = 'upstream connect error or disconnect/reset before headers';

/**
 * The last filter: sends the request to a host of its route's cluster and brings the response.
 *
 * The order of the steps is the reference's, 3.4.
 */
export class RouterFilter implements HttpFilter, AttemptObserver {
  readonly #context: RouterContext;
  readonly #callbacks: FilterCallbacks;
  #cluster: Cluster | undefined = undefined;
  #route: Route | undefined = undefined;
  #head: RequestHead | undefined = undefined;
  #attempt: UpstreamRequest | undefined = undefined;
  #timeouts: RequestTimeouts | undefined = undefined;
  #timer: WheelTimer | undefined = undefined;
  #replay: ReplayBuffer | undefined = undefined;
  #isRequestEnded = false;
  #requestTrailers: HeaderList | undefined = undefined;
  #requestEndMs = 0;
  #isResponseStarted = false;
  #hasBeenResent = false;
  /** Whether a second attempt of ours takes up a place of the circuit breaker for retries. */
  #holdsRetry = false;

  constructor(context: RouterContext, callbacks: FilterCallbacks) {
    this.#context = context;
    this.#callbacks = callbacks;
  }

  get native(): NativePassage | undefined {
    const exchange = this.#callbacks.nativeExchange;
    return exchange === undefined ? undefined : { exchange, observer: this };
  }

  decodeHead(head: RequestHead, endStream: boolean): FilterStatus {
    const { stats, clusterManager } = this.#context;
    stats.rqTotal++;
    // The connection manager takes its routes from a route table.
    const route = this.#callbacks.route as RoutingResult | undefined;
    if (route === undefined) {
      stats.noRoute++;
      this.#replyNotFound();
      return 'stop';
    }
    if (!(route instanceof Route) || route.redirect !== undefined) {
      this.#replyRedirect(route.redirect ?? sslRedirect, head);
      return 'stop';
    }
    const clusterName = route.clusterFor(this.#callbacks) ?? '';
    this.#callbacks.upstreamCluster = clusterName;
    const cluster = clusterManager.get(clusterName);
    if (cluster === undefined) {
      stats.noCluster++;
      this.#replyNotFound();
      return 'stop';
    }
    this.#route = route;
    this.#cluster = cluster;
    this.#head = head;
    this.#prepare(route, head);
    if (!endStream && isIdempotent(head.method)) {
      this.#replay = new ReplayBuffer();
    }
    if (endStream) {
      this.#onRequestEnd();
    }
    this.#startAttempt(false);
    return 'stop';
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.#replay?.add(chunk);
    if (endStream) {
      this.#onRequestEnd();
    }
    this.#attempt?.encodeData(chunk, endStream);
  }

  decodeEnd(trailers: HeaderList | undefined): void {
    this.#requestTrailers = trailers;
    this.#onRequestEnd();
    this.#attempt?.encodeEnd(trailers);
  }

  onResponsePaused(isPaused: boolean): void {
    this.#attempt?.setResponsePaused(isPaused);
  }

  onDestroy(): void {
    this.#timer?.stop();
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#replay = undefined;
    this.#releaseRetry();
  }

  /** The route's time is up: reference 3.5. */
  onDeadline(): void {
    const cluster = this.#cluster;
    const host = this.#attempt?.host;
    if (cluster !== undefined) {
      cluster.stats.upstreamRqTimeout++;
    }
    if (host !== undefined) {
      host.stats.rqTimeout++;
    }
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#callbacks.setResponseFlag(responseFlag.upstreamRequestTimeout);
    if (this.#isResponseStarted) {
      this.#callbacks.resetStream();
    } else if (this.#timeouts?.hasAltResponse === true) {
      this.#charge(204, undefined);
      this.#callbacks.sendLocalReply(204, '');
    } else {
      this.#charge(504, undefined);
      this.#callbacks.sendLocalReply(504, 'upstream request timeout');
    }
  }

  onAttemptHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void {
    const attempt = this.#attempt;
    if (attempt === undefined) {
      return;
    }
    this.#isResponseStarted = true;
    this.#replay = undefined;
    if (this.#isRequestEnded) {
      const elapsedMs = this.#context.clock.now() - this.#requestEndMs;
      // In the place of what a proxy behind us says of itself.
      setHeader(head.headers, 'x-envoy-upstream-service-time', String(Math.floor(elapsedMs)));
    }
    this.#charge(head.status, head.headers);
    if (endStream) {
      this.#onResponseEnd();
    }
    this.#callbacks.encodeHead(head, endStream, moreFollows);
  }

  onAttemptData(chunk: Buffer, endStream: boolean): void {
    if (endStream) {
      this.#onResponseEnd();
    }
    if (!this.#callbacks.encodeData(chunk, endStream) && !endStream) {
      this.#attempt?.setResponsePaused(true);
    }
  }

  onAttemptEnd(trailers: HeaderList | undefined): void {
    this.#onResponseEnd();
    this.#callbacks.encodeEnd(trailers);
  }

  onNativeHead(head: ResponseHead): void {
    this.onAttemptHead(head, false, true);
  }

  onNativeEnd(): void {
    this.onAttemptEnd(undefined);
  }

  onAttemptReset(attempt: UpstreamRequest, reason: ResetReason, hadResponse: boolean): void {
    this.#attempt = undefined;
    if (!this.#isResponseStarted && this.#canResend(attempt, reason, hadResponse)) {
      this.#resend();
      return;
    }
    this.#timer?.stop();
    this.#callbacks.setResponseFlag(flagOfReset(reason));
    if (this.#isResponseStarted) {
      this.#callbacks.resetStream();
      return;
    }
    attempt.host.stats.rqError++;
    this.#charge(503, undefined);
    const overloaded = reason === 'overflow' ? ['x-envoy-overloaded', 'true'] : undefined;
    this.#callbacks.sendLocalReply(503, upstreamFailureBody, overloaded);
  }

  setRequestPaused(isPaused: boolean): void {
    this.#callbacks.setRequestPaused(isPaused);
  }

  #prepare(route: Route, head: RequestHead): void {
    if (this.#callbacks.hasEnvoyHeaders) {
      this.#timeouts = takeTimeouts(route, head.headers);
      setExpectedTimeout(head.headers, this.#timeouts.timeoutMs);
    } else if (route.timeoutHeader !== '') {
      addHeader(head.headers, 'x-envoy-expected-rq-timeout-ms', route.timeoutHeader);
    }
    route.rewriter?.apply(head, this.#callbacks);
  }

  #startAttempt(isFresh: boolean): void {
    const cluster = this.#cluster;
    const route = this.#route;
    const head = this.#head;
    const host = cluster?.chooseHost();
    if (route === undefined || head === undefined || host === undefined) {
      this.#timer?.stop();
      this.#callbacks.setResponseFlag(responseFlag.noHealthyUpstream);
      this.#charge(503, undefined);
      this.#callbacks.sendLocalReply(503, 'no healthy upstream');
      return;
    }
    this.#callbacks.upstreamHost = host.address;
    const isEnded = this.#isRequestEnded;
    const attempt = new UpstreamRequest(this, host, head, route.priority, isEnded);
    this.#attempt = attempt;
    attempt.start(this.#replay?.chunks, this.#requestTrailers, isFresh);
  }

  #onRequestEnd(): void {
    this.#isRequestEnded = true;
    this.#requestEndMs = this.#context.clock.now();
    const timeoutMs = this.#timeouts?.timeoutMs ?? this.#route?.timeoutMs ?? 0;
    if (timeoutMs > 0 && this.#route !== undefined) {
      // The clock starts when the request is complete, not when its head came: reference 3.5.
      this.#timer = new WheelTimer(this);
      this.#context.wheel.start(this.#timer, timeoutMs);
    }
  }

  #onResponseEnd(): void {
    this.#attempt = undefined;
    this.#timer?.stop();
  }

  /**
   * Whether the request may have died of nothing but the old age of its connection: docs/decisions
   * 0002. Only what is idempotent is sent again, since the host may have acted on it.
   */
  #canResend(attempt: UpstreamRequest, reason: ResetReason, hadResponse: boolean): boolean {
    const method = this.#head?.method;
    if (
      !attempt.isReused ||
      hadResponse ||
      this.#hasBeenResent ||
      reason !== 'connection-termination' ||
      method === undefined ||
      !isIdempotent(method) ||
      this.#replay?.isComplete === false
    ) {
      return false;
    }
    const retries = this.#retries();
    if (retries?.canCreate() !== true) {
      if (this.#cluster !== undefined) {
        this.#cluster.stats.upstreamRqReusedCxResendOverflow++;
      }
      return false;
    }
    return true;
  }

  #resend(): void {
    const retries = this.#retries();
    if (this.#cluster !== undefined && retries !== undefined) {
      this.#cluster.stats.upstreamRqReusedCxResend++;
      retries.active++;
    }
    this.#hasBeenResent = true;
    this.#holdsRetry = true;
    this.#startAttempt(true);
  }

  #releaseRetry(): void {
    const retries = this.#retries();
    if (this.#holdsRetry && retries !== undefined) {
      this.#holdsRetry = false;
      retries.active--;
    }
  }

  #retries(): Resource | undefined {
    const cluster = this.#cluster;
    return this.#route?.priority === 'high'
      ? cluster?.highResources.retries
      : cluster?.defaultResources.retries;
  }

  /** Counts the result of the request: reference 8.3. */
  #charge(status: number, headers: HeaderList | undefined): void {
    this.#releaseRetry();
    const host = this.#attempt?.host;
    if (host !== undefined) {
      if (status < 500) {
        host.stats.rqSuccess++;
      } else {
        host.stats.rqError++;
      }
    }
    if (this.#context.dynamicStats && this.#cluster !== undefined) {
      const isCanary =
        host?.isCanary === true ||
        (headers !== undefined && getHeader(headers, 'x-envoy-upstream-canary') === 'true');
      this.#cluster.stats.chargeResponse(status, this.#callbacks.isInternal, isCanary);
    }
  }

  #replyRedirect(redirect: Redirect, head: RequestHead): void {
    this.#context.stats.rqRedirect++;
    this.#callbacks.sendLocalReply(301, '', ['location', redirect(head)]);
  }

  #replyNotFound(): void {
    this.#callbacks.setResponseFlag(responseFlag.noRouteFound);
    this.#callbacks.sendLocalReply(404, '');
  }
}
