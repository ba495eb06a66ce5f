import type { HeaderList } from '../http/headers.js';
import { isIdempotent } from '../http/idempotence.js';
import type { RequestHead } from '../http/message.js';
import type { ResetReason } from '../http/reset-reason.js';
import { responseFlag } from '../http/response-flag.js';
import type { Cluster } from '../upstream/cluster.js';
import { HostChoice } from './host-choice.js';
import type { ReplayBuffer } from './replay-buffer.js';
import { isResendable, Resend } from './resend.js';
import type { RetryRun } from './retry-run.js';
import { RouterDeadlines } from './router-deadlines.js';
import type { ShadowPolicy } from './shadow-policy.js';
import type { UpstreamRequest } from './upstream-request.js';

/** What is needed to send a request again, and the decision whether that is done. */
export abstract class RouterRetries extends RouterDeadlines {
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

  /** Starts the next attempt, or answers if there can be none. */
  protected abstract startAttempt(isFresh: boolean, isRetry: boolean): void;

  protected isHedged(cluster: Cluster): boolean {
    return (
      this.context.retryOptions.isHedged(cluster.name) && isIdempotent(this.head?.method ?? '')
    );
  }

  /**
   * Whether the result of an attempt is thrown away, as a retry or another attempt may do better.
   * `isUsable`: it would do as an answer.
   */
  protected discards(
    retry: RetryRun,
    attempt: UpstreamRequest,
    isRetriable: boolean,
    isUsable: boolean,
  ): boolean {
    this.releaseResend();
    if (attempt === this.attempt) {
      this.attempt = undefined;
      this.stopAttemptTimer();
    }
    // Of what a host was not even told, nothing has gone but into the buffer.
    const canRetry = this.isRequestEnded || attempt.isUnreached;
    const hasCurrent = this.attempt !== undefined;
    const verdict = retry.takeResult(attempt, hasCurrent, { isRetriable, canRetry, isUsable });
    if (verdict === 'answer-overflow') {
      this.callbacks.setResponseFlag(responseFlag.upstreamOverflow);
    }
    if (verdict !== 'discard') {
      return false;
    }
    this.avoid(attempt);
    return true;
  }

  /** The next attempt prefers another host. */
  protected avoid(attempt: UpstreamRequest): void {
    this.hostChoice ??= new HostChoice(undefined);
    this.hostChoice.addTried(attempt.host);
  }

  /** Whether the request is sent once more, as its connection was merely stale. */
  protected triesResend(
    attempt: UpstreamRequest,
    reason: ResetReason,
    hadResponse: boolean,
  ): boolean {
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
    // What has met a stale connection says nothing of host or cluster.
    attempt.pass?.release();
    this.startAttempt(true, attempt.isRetry);
    return true;
  }

  /** There is a result, whatever it is. Idempotent. */
  protected releaseResend(): void {
    this.#resend?.release();
  }
}
