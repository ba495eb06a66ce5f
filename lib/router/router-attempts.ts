import { type HeaderList, removeHeader } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { AttemptTrace, TraceScope } from '../http/request-trace.js';
import { flagOfReset, type ResetReason } from '../http/reset-reason.js';
import { responseFlag } from '../http/response-flag.js';
import type { NativePassage, RequestEncoder } from '../http/stream.js';
import type { Host } from '../upstream/host.js';
import { isRetriableFailure, isRetriableResponse } from './retry-conditions.js';
import type { RetryLoopOwner } from './retry-loop.js';
import type { RetryRun } from './retry-run.js';
import { RouterRetries } from './router-retries.js';
import { type AttemptObserver, UpstreamRequest } from './upstream-request.js';

/**
 * The attempts of one request, from the first to the one that brings the response: reference 3.6.
 * What only some requests need, as retries, is there for those alone.
 */
export abstract class RouterAttempts
  extends RouterRetries
  implements AttemptObserver, RetryLoopOwner
{
  abstract get native(): NativePassage | undefined;

  get requestScope(): TraceScope | undefined {
    return this.callbacks.trace;
  }

  onDestroy(): void {
    this.#endAttempts();
  }

  /** The route's time is up: reference 3.5. */
  protected override onRouteDeadline(): void {
    const host = this.attempt?.host;
    this.attempt?.reportTimeout(this.timeoutStatus);
    this.attempt?.trace?.end('timeout');
    if (this.cluster !== undefined) {
      this.cluster.stats.upstreamRqTimeout++;
    }
    if (host !== undefined) {
      host.stats.rqTimeout++;
    }
    this.#endAttempts();
    if (this.isResponseStarted) {
      this.callbacks.setResponseFlag(responseFlag.upstreamRequestTimeout);
      this.callbacks.resetStream();
    } else {
      this.replyTimeout();
    }
  }

  onAttemptConnection(attempt: UpstreamRequest, encoder: RequestEncoder): void {
    if (this.callbacks.details !== undefined) {
      attempt.localAddress = encoder.localAddress ?? '';
      if (attempt === this.attempt) {
        this.noteHost(attempt.host, attempt.localAddress);
      }
    }
  }

  onAttemptHead(
    attempt: UpstreamRequest,
    head: ResponseHead,
    endStream: boolean,
    moreFollows: boolean,
  ): void {
    attempt.reportResponse(head);
    if (this.retry !== undefined && this.#discardsHead(this.retry, attempt, head)) {
      return;
    }
    this.#onAnswer(attempt);
    this.addServiceTime(head.headers);
    this.charge(head.status, head.headers, attempt.host);
    if (endStream) {
      this.#onResponseEnd();
    }
    this.callbacks.encodeHead(head, endStream, moreFollows);
  }

  onAttemptData(chunk: Buffer, endStream: boolean): void {
    if (endStream) {
      this.#onResponseEnd();
    }
    if (!this.callbacks.encodeData(chunk, endStream) && !endStream) {
      this.attempt?.setResponsePaused(true);
    }
  }

  onAttemptEnd(trailers: HeaderList | undefined): void {
    this.#onResponseEnd();
    this.callbacks.encodeEnd(trailers);
  }

  onNativeHead(head: ResponseHead): void {
    if (this.attempt !== undefined) {
      this.attempt.trace?.onResponse(head.status);
      this.onAttemptHead(this.attempt, head, false, true);
    }
  }

  onNativeEnd(): void {
    this.attempt?.trace?.end();
    this.onAttemptEnd(undefined);
  }

  onAttemptReset(attempt: UpstreamRequest, reason: ResetReason, hadResponse: boolean): void {
    if (this.isResponseStarted) {
      attempt.reportReset(reason);
      this.#endAttempts();
      this.callbacks.setResponseFlag(flagOfReset(reason));
      this.callbacks.resetStream();
      return;
    }
    if (this.triesResend(attempt, reason, hadResponse)) {
      return;
    }
    attempt.reportReset(reason);
    attempt.host.stats.rqError++;
    attempt.isUnreached = reason === 'connect-failure' || reason === 'connect-timeout';
    const retry = this.retry;
    const isRetriable = retry !== undefined && isRetriableFailure(retry.conditions, reason);
    if (retry !== undefined && this.discards(retry, attempt, isRetriable, false)) {
      return;
    }
    this.#endAttempts();
    this.callbacks.setResponseFlag(flagOfReset(reason));
    this.replyFailure(reason === 'overflow');
  }

  setRequestPaused(isPaused: boolean): void {
    this.watchStall(isPaused);
    this.callbacks.setRequestPaused(isPaused);
  }

  startRetry(): void {
    this.retry?.onRetryStart();
    this.startAttempt(false, true);
  }

  onLoopBroken(error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.context.log.error(`internal error in a retry: ${detail}`);
    this.#endAttempts();
    this.callbacks.sendLocalReply(500, '');
  }

  protected startAttempt(isFresh: boolean, isRetry: boolean): void {
    const { cluster } = this;
    const route = this.route;
    const head = this.head;
    const breaker = cluster?.breaker;
    const pass = breaker?.enter();
    const isRefused = breaker !== undefined && pass === undefined;
    const host = isRefused ? undefined : cluster?.chooseHost(this.hostChoice);
    if (route === undefined || head === undefined || host === undefined) {
      pass?.release();
      this.#onNotStarted(isRefused, isRetry);
      return;
    }
    this.noteHost(host, '');
    // Of attempts that race, one may still wait for its connection, with another host's name.
    const ownHead = isRetry ? { ...head } : head;
    if (route.autoHostRewrite && host.hostName !== '') {
      // Anew for each attempt, which may go to another host.
      removeHeader(ownHead.headers, 'host');
      ownHead.authority = host.hostName;
    }
    const isEnded = this.isRequestEnded;
    const trace = this.#startTrace(ownHead, host);
    const sentHead = trace?.head ?? ownHead;
    const attempt = new UpstreamRequest(this, host, sentHead, route.priority, isEnded, isRetry);
    attempt.trace = trace;
    attempt.pass = pass;
    attempt.retryStartMs = isRetry ? this.context.clock.now() : undefined;
    this.attempt = attempt;
    if (isRetry && !isFresh && isEnded) {
      this.startAttemptTimer();
    }
    attempt.start(this.replay?.chunks, this.requestTrailers, isFresh);
  }

  /** The body has outgrown the buffer before a retry could take it. */
  protected failUnsent(): void {
    this.#endAttempts();
    this.callbacks.setResponseFlag(flagOfReset('connect-failure'));
    this.replyFailure(false);
  }

  /** There is no host, or the failure-rate breaker lets nothing through. No retry follows. */
  #onNotStarted(isRefused: boolean, isRetry: boolean): void {
    this.attempt = undefined;
    if (isRetry && this.retry?.onNoHost() === true) {
      return;
    }
    this.#endAttempts();
    if (isRefused) {
      this.replyBreakerOpen();
    } else {
      this.replyNoHost();
    }
  }

  protected override onAttemptDeadline(): void {
    const attempt = this.attempt;
    const retry = this.retry;
    if (attempt === undefined || this.cluster === undefined) {
      return;
    }
    this.cluster.stats.upstreamRqPerTryTimeout++;
    attempt.host.stats.rqTimeout++;
    attempt.reportTimeout(this.timeoutStatus);
    if (retry !== undefined && this.isHedged(this.cluster)) {
      if (retry.hedge(attempt)) {
        this.attempt = undefined;
        this.avoid(attempt);
      }
      return;
    }
    attempt.trace?.end('per-try-timeout');
    attempt.abort();
    attempt.host.stats.rqError++;
    const isRetriable =
      retry !== undefined && isRetriableFailure(retry.conditions, 'per-try-timeout');
    if (retry === undefined || !this.discards(retry, attempt, isRetriable, false)) {
      this.#endAttempts();
      this.replyTimeout();
    }
  }

  /** Begins the span of an attempt, if attempts have spans. */
  #startTrace(head: RequestHead, host: Host): AttemptTrace | undefined {
    const trace = this.context.startChildSpan ? this.callbacks.trace : undefined;
    return trace?.startAttempt(head, {
      cluster: this.cluster?.name ?? '',
      host: host.address,
      isTls: this.cluster?.config.tls !== undefined,
    });
  }

  /** Whether a response is thrown away, as a retry or another attempt may do better. */
  #discardsHead(retry: RetryRun, attempt: UpstreamRequest, head: ResponseHead): boolean {
    const isRetriable = isRetriableResponse(retry.conditions, head);
    if (!this.discards(retry, attempt, isRetriable, !isRetriable)) {
      return false;
    }
    attempt.discard();
    attempt.host.stats.rqError++;
    if (this.context.dynamicStats && !this.callbacks.isHealthCheck) {
      this.cluster?.stats.chargeRetriedResponse(head.status);
    }
    return true;
  }

  /** This attempt brings the answer: all others are given up. */
  #onAnswer(attempt: UpstreamRequest): void {
    this.isResponseStarted = true;
    if (attempt !== this.attempt) {
      this.attempt?.abort();
      this.attempt = attempt;
      this.noteHost(attempt.host, attempt.localAddress);
    }
    this.stopAttemptTimer();
    this.releaseResend();
    if (this.retry !== undefined) {
      this.retry.end();
      this.retry = undefined;
    }
    if (this.shadow === undefined) {
      this.replay = undefined;
    }
  }

  #onResponseEnd(): void {
    this.attempt = undefined;
    this.stopTimers();
  }

  /** Nothing more is sent, or wanted. Idempotent. */
  #endAttempts(): void {
    this.stopTimers();
    this.attempt?.abort();
    this.attempt = undefined;
    this.retry?.end();
    this.retry = undefined;
    this.releaseResend();
    this.replay = undefined;
    this.shadow = undefined;
  }
}
