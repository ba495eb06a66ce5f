import type { Cluster } from '../upstream/cluster.js';
import type { Resource } from '../upstream/resource-manager.js';
import type { RetryLoopOwner } from './retry-loop.js';
import type { RetryPolicy } from './retry-policy.js';
import { type RetryContext, type RetryParts, RetryState } from './retry-state.js';
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
 *
 * What is needed to try again is made when the first attempt has failed, as most do not.
 */
export class RetryRun implements RetryParts {
  readonly context: RetryContext;
  readonly owner: RetryLoopOwner;
  readonly policy: RetryPolicy;
  readonly cluster: Cluster;
  readonly resource: Resource;
  #state: RetryState | undefined = undefined;
  #rivals: UpstreamRequest[] | undefined = undefined;
  #isPending = false;
  #hasEnded = false;

  constructor(
    context: RetryContext,
    owner: RetryLoopOwner,
    policy: RetryPolicy,
    cluster: Cluster,
    resource: Resource,
  ) {
    this.context = context;
    this.owner = owner;
    this.policy = policy;
    this.cluster = cluster;
    this.resource = resource;
  }

  /** Bits of `retry-conditions`. */
  get conditions(): number {
    return this.policy.conditions;
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
    if (this.#hasEnded || (this.#state === undefined && !(isRetriable && canRetry))) {
      return 'answer';
    }
    const state = this.#begin();
    const isRival = this.#forget(attempt);
    if (isRival && !isUsable && (hasCurrent || this.#isPending)) {
      state.drop(attempt.isRetry);
      return 'discard';
    }
    const decision = state.decide(isRetriable, canRetry, attempt);
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
    if (this.#hasEnded || this.#begin().decideToHedge() !== 'retry') {
      return false;
    }
    this.#isPending = true;
    this.#rivals ??= [];
    this.#rivals.push(attempt);
    return true;
  }

  /** A retry found no host. Returns whether an attempt is left that may still bring an answer. */
  onNoHost(): boolean {
    this.#state?.drop(true);
    return this.hasRivals;
  }

  /** There is an answer, or nobody waits for one: aborts all rivals and ends a back-off. Idempotent. */
  end(): void {
    // Also for a result that is just being told: whoever hears of it may have given the request up.
    this.#hasEnded = true;
    this.#state?.end();
    const rivals = this.#rivals;
    this.#rivals = undefined;
    for (const rival of rivals ?? []) {
      rival.abort();
    }
  }

  #begin(): RetryState {
    this.#state ??= new RetryState(this);
    return this.#state;
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
