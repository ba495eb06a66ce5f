import type { RetryState } from './retry-state.js';
import type { UpstreamRequest } from './upstream-request.js';

/** What has become of an attempt. */
export interface AttemptResult {
  /** It fulfils a condition of the policy. */
  readonly isRetriable: boolean;
  /** The request can be sent again. */
  readonly canRetry: boolean;
  /** It would do as an answer. */
  readonly isUsable: boolean;
}

/**
 * The attempts of one request that may be tried again: which result is thrown away, and who races.
 *
 * Mostly one attempt is under way, or none while a retry backs off. With hedging, attempts that have
 * taken too long go on as rivals of the one that came after them. The first good response wins; a
 * bad one counts only if nobody is left who might do better.
 */
export class RetryRun {
  readonly #state: RetryState;
  #rivals: UpstreamRequest[] | undefined = undefined;
  #isPending = false;

  constructor(state: RetryState) {
    this.#state = state;
  }

  /** Bits of `retry-conditions`. */
  get conditions(): number {
    return this.#state.conditions;
  }

  /** Whether attempts are under way that have taken too long. */
  get hasRivals(): boolean {
    return this.#rivals !== undefined && this.#rivals.length > 0;
  }

  /** The back-off is over, and the next attempt is the current one. */
  onRetryStart(): void {
    this.#isPending = false;
  }

  /**
   * Takes the result of an attempt; says whether it is thrown away, since the request is tried again
   * or another attempt may still do better. `hasCurrent`: an attempt is under way that is no rival.
   */
  takeResult(
    attempt: UpstreamRequest,
    hasCurrent: boolean,
    { isRetriable, canRetry, isUsable }: AttemptResult,
  ): RetryVerdict {
    const isRival = this.#forget(attempt);
    if (isRival && !isUsable && (hasCurrent || this.#isPending)) {
      this.#state.drop(attempt.isRetry);
      return 'discard';
    }
    const decision = this.#state.decide(isRetriable, canRetry, attempt);
    if (decision === 'retry') {
      this.#isPending = true;
      return 'discard';
    }
    if (!isUsable && this.hasRivals) {
      return 'discard';
    }
    return decision === 'overflow' ? 'answer-overflow' : 'answer';
  }

  /** The attempt has taken too long. Returns whether another one is to race it, after a back-off. */
  hedge(attempt: UpstreamRequest): boolean {
    if (this.#state.decideToHedge() !== 'retry') {
      return false;
    }
    this.#isPending = true;
    this.#rivals ??= [];
    this.#rivals.push(attempt);
    return true;
  }

  /** A retry found no host. Returns whether an attempt is left that may still bring an answer. */
  onNoHost(): boolean {
    this.#state.drop(true);
    return this.hasRivals;
  }

  /** There is an answer, or nobody waits for one: aborts all rivals and ends a back-off. Idempotent. */
  end(): void {
    this.#state.end();
    const rivals = this.#rivals;
    this.#rivals = undefined;
    for (const rival of rivals ?? []) {
      rival.abort();
    }
  }

  /** Returns whether it was a rival. */
  #forget(attempt: UpstreamRequest): boolean {
    const index = this.#rivals?.indexOf(attempt) ?? -1;
    if (index === -1) {
      return false;
    }
    this.#rivals?.splice(index, 1);
    return true;
  }
}

/**
 * - `discard`: the result is thrown away.
 * - `answer`: it goes downstream.
 * - `answer-overflow`: likewise, though it would have been tried again if the cluster had let it.
 */
export type RetryVerdict = 'discard' | 'answer' | 'answer-overflow';
