import { type HeaderList, removeHeader } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { AttemptTrace } from '../http/request-trace.js';
import { flagOfReset, type ResetReason } from '../http/reset-reason.js';
import { responseFlag } from '../http/response-flag.js';
import type { NativePassage, RequestEncoder } from '../http/stream.js';
import type { Cluster } from '../upstream/cluster.js';
import type { Host } from '../upstream/host.js';
import { HostChoice } from './host-choice.js';
import { isIdempotent, type ReplayBuffer } from './replay-buffer.js';
import { isResendable, Resend } from './resend.js';
import { isRetriableFailure, isRetriableResponse } from './retry-conditions.js';
import type { RetryLoopOwner } from './retry-loop.js';
import type { RetryRun } from './retry-run.js';
import { RouterDeadlines } from './router-deadlines.js';
import type { ShadowPolicy } from './shadow-policy.js';
import { type AttemptObserver, UpstreamRequest } from './upstream-request.js';

/**
 * The attempts of one request, from the first to the one that brings the response: reference 3.6.
 * What only some requests need, as retries, is there for those alone.
 */
export abstract class RouterAttempts
  extends RouterDeadlines
  implements AttemptObserver, RetryLoopOwner
{
  protected head: RequestHead | undefined = undefined;
  /** The latest attempt; once a response has begun, the one that brings it. */
  protected attempt: UpstreamRequest | undefined = undefined;
  /** Set if the balancer is to be told something of the request. */
  protected hostChoice: HostChoice | undefined = undefined;
  protected replay: ReplayBuffer | undefined = undefined;
  /** Set until there is an answer, if the request may be tried again. */
  protected retry: RetryRun | undefined = undefined;
  /** Set until the copy is sent, if there is to be one. */
  protected shadow: ShadowPolicy | undefined = undefined;
  protected requestTrailers: HeaderList | undefined = undefined;
  #resend: Resend | undefined = undefined;

  abstract get native(): NativePassage | undefined;

  onDestroy(): void {
    this.#endAttempts();
  }

  /** The route's time is up: reference 3.5. */
  onDeadline(): void {
    const host = this.attempt?.host;
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
      this.#endAttempts();
      this.callbacks.setResponseFlag(flagOfReset(reason));
      this.callbacks.resetStream();
      return;
    }
    if (this.#triesResend(attempt, reason, hadResponse)) {
      return;
    }
    attempt.host.stats.rqError++;
    const retry = this.retry;
    const isRetriable = retry !== undefined && isRetriableFailure(retry.conditions, reason);
    if (retry !== undefined && this.#discards(retry, attempt, isRetriable, false)) {
      return;
    }
    this.#endAttempts();
    this.callbacks.setResponseFlag(flagOfReset(reason));
    this.replyFailure(reason === 'overflow');
  }

  setRequestPaused(isPaused: boolean): void {
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
    const host = cluster?.chooseHost(this.hostChoice);
    if (route === undefined || head === undefined || host === undefined) {
      this.attempt = undefined;
      if (!isRetry || this.retry?.onNoHost() !== true) {
        this.#endAttempts();
        this.replyNoHost();
      }
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
    this.attempt = attempt;
    if (isRetry && !isFresh) {
      this.startAttemptTimer();
    }
    attempt.start(this.replay?.chunks, this.requestTrailers, isFresh);
  }

  protected override onAttemptDeadline(): void {
    const attempt = this.attempt;
    const retry = this.retry;
    if (attempt === undefined || this.cluster === undefined) {
      return;
    }
    this.cluster.stats.upstreamRqPerTryTimeout++;
    attempt.host.stats.rqTimeout++;
    if (retry !== undefined && this.#isHedged(this.cluster)) {
      if (retry.hedge(attempt)) {
        this.attempt = undefined;
        this.#avoid(attempt);
      }
      return;
    }
    attempt.trace?.end('per-try-timeout');
    attempt.abort();
    attempt.host.stats.rqError++;
    const isRetriable =
      retry !== undefined && isRetriableFailure(retry.conditions, 'per-try-timeout');
    if (retry === undefined || !this.#discards(retry, attempt, isRetriable, false)) {
      this.#endAttempts();
      this.replyTimeout();
    }
  }

  /** Begins the span of an attempt, if attempts have spans. */
  #startTrace(head: RequestHead, host: Host): AttemptTrace | undefined {
    return this.context.startChildSpan
      ? this.callbacks.trace?.startAttempt(head, this.cluster?.name ?? '', host.address)
      : undefined;
  }

  #isHedged(cluster: Cluster): boolean {
    return (
      this.context.retryOptions.isHedged(cluster.name) && isIdempotent(this.head?.method ?? '')
    );
  }

  /** Whether a response is thrown away, as a retry or another attempt may do better. */
  #discardsHead(retry: RetryRun, attempt: UpstreamRequest, head: ResponseHead): boolean {
    const isRetriable = isRetriableResponse(retry.conditions, head);
    if (!this.#discards(retry, attempt, isRetriable, !isRetriable)) {
      return false;
    }
    attempt.discard();
    attempt.host.stats.rqError++;
    if (this.context.dynamicStats && !this.callbacks.isHealthCheck) {
      this.cluster?.stats.chargeRetriedResponse(head.status);
    }
    return true;
  }

  /** The same for any result of an attempt. `isUsable`: it would do as an answer. */
  #discards(
    retry: RetryRun,
    attempt: UpstreamRequest,
    isRetriable: boolean,
    isUsable: boolean,
  ): boolean {
    this.#resend?.release();
    if (attempt === this.attempt) {
      this.attempt = undefined;
      this.stopAttemptTimer();
    }
    const canRetry = isRetriable && this.isRequestEnded;
    const hasCurrent = this.attempt !== undefined;
    const verdict = retry.takeResult(attempt, hasCurrent, canRetry, isUsable);
    if (verdict === 'answer-overflow') {
      this.callbacks.setResponseFlag(responseFlag.upstreamOverflow);
    }
    if (verdict !== 'discard') {
      return false;
    }
    this.#avoid(attempt);
    return true;
  }

  /** The next attempt prefers another host. */
  #avoid(attempt: UpstreamRequest): void {
    this.hostChoice ??= new HostChoice(undefined);
    this.hostChoice.addTried(attempt.host);
  }

  #triesResend(attempt: UpstreamRequest, reason: ResetReason, hadResponse: boolean): boolean {
    const { cluster } = this;
    const method = this.head?.method;
    if (
      this.#resend !== undefined ||
      attempt !== this.attempt ||
      cluster === undefined ||
      method === undefined ||
      !isResendable(attempt, reason, hadResponse, method, this.replay)
    ) {
      return false;
    }
    this.#resend = Resend.begin(
      cluster,
      cluster.resourcesOf(this.route?.priority).retries,
      this.context.retryOptions,
    );
    if (this.#resend === undefined) {
      return false;
    }
    this.startAttempt(true, attempt.isRetry);
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
    this.#resend?.release();
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
    this.#resend?.release();
    this.replay = undefined;
    this.shadow = undefined;
  }
}
