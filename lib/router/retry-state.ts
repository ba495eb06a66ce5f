import type { Random } from '../base/random.js';
import { isInShare, type Runtime } from '../base/runtime.js';
import type { TimerWheel } from '../base/timer-wheel.js';
import type { Cluster } from '../upstream/cluster.js';
import type { Resource } from '../upstream/resource-manager.js';
import { RetryLoop, type RetryLoopOwner } from './retry-loop.js';
import type { RetryOptions } from './retry-options.js';
import type { RetryPolicy } from './retry-policy.js';

/** What retries need from the sidecar. */
export interface RetryContext {
  readonly wheel: TimerWheel;
  readonly runtime: Runtime;
  readonly random: Random;
  readonly retryOptions: RetryOptions;
}

/** What the retries of one request go by. */
export interface RetryParts {
  readonly context: RetryContext;
  readonly owner: RetryLoopOwner;
  readonly policy: RetryPolicy;
  readonly cluster: Cluster;
  /** The places for retries, of the cluster and for the priority of the request. */
  readonly resource: Resource;
}

/**
 * - `retry`: another attempt follows; the result at hand is to be thrown away.
 * - `overflow`: it would, but the cluster admits no more retries. The result is the answer.
 * - `stop`: the result is the answer.
 */
export type RetryDecision = 'retry' | 'overflow' | 'stop';

/** What the decision needs to know of an attempt. */
export interface RetriedAttempt {
  /** Whether it was not the first. */
  readonly isRetry: boolean;
  /** Whether no connection to its host could be opened. */
  readonly isUnreached: boolean;
}

/** Beyond this the bound of a back-off grows no more: it is some years by then. */
const maxDoublings = 30;

/**
 * Returns how long to wait before retry number `retry`, counted from 1. `draw` is random in [0, 1).
 *
 * Full jitter, down to zero: callers that failed together must not come back together. As in Envoy
 * the bound is `(2^n - 1) * base`.
 */
export function backOffMs(retry: number, baseMs: number, draw: number): number {
  const bound = Math.max(0, baseMs) * (2 ** Math.min(retry, maxDoublings) - 1);
  return Math.floor(draw * bound);
}

/**
 * Decides whether one request is tried again, and holds its places among the retries of its cluster:
 * reference 3.6. A request without a policy has none.
 */
export class RetryState {
  readonly #parts: RetryParts;
  #left: number;
  #started = 0;
  /** Retries that were begun and have no result yet. Each holds a place of the circuit breaker. */
  #outstanding = 0;
  #loop: RetryLoop | undefined = undefined;

  constructor(parts: RetryParts) {
    this.#parts = parts;
    this.#left = parts.policy.retries;
  }

  /**
   * Takes the result of an attempt. With `retry` the back-off has begun, and the owner hears when it
   * is over. `canRetry`: the request can be sent again.
   */
  decide(
    isRetriable: boolean,
    canRetry: boolean,
    { isRetry, isUnreached }: RetriedAttempt,
  ): RetryDecision {
    if (this.#outstanding > 0 && !isRetriable) {
      this.#parts.cluster.stats.upstreamRqRetrySuccess++;
    }
    this.drop(isRetry);
    if (this.#left === 0) {
      return 'stop';
    }
    this.#left--;
    return isRetriable && canRetry ? this.#begin(isUnreached) : 'stop';
  }

  /** A result that decides nothing, as another attempt is under way. */
  drop(isRetry: boolean): void {
    if (isRetry) {
      this.#release(1);
    }
  }

  /** As `decide`, for an attempt that has no result yet and goes on beside the next. */
  decideToHedge(): RetryDecision {
    if (this.#left === 0) {
      return 'stop';
    }
    this.#left--;
    return this.#begin(false);
  }

  /** There are no more attempts: gives all places back, and ends a back-off. Idempotent. */
  end(): void {
    this.#release(this.#outstanding);
    this.#left = 0;
    this.#loop?.end();
  }

  #begin(isUnreached: boolean): RetryDecision {
    const { context, owner, policy, cluster, resource } = this.#parts;
    const { runtime, random, retryOptions, wheel } = context;
    const { stats } = cluster;
    if (!retryOptions.admitsRetry(cluster, resource)) {
      stats.upstreamRqRetryOverflow++;
      return 'overflow';
    }
    const share = runtime.integer('upstream.use_retry', 100);
    if (share < 100 && !isInShare(random.uint32(), share)) {
      return 'stop';
    }
    this.#outstanding++;
    resource.active++;
    stats.upstreamRqRetry++;
    this.#started++;
    const baseMs = runtime.integer('upstream.base_retry_backoff_ms', 25);
    const delayMs = this.#goesAtOnce(isUnreached)
      ? 0
      : backOffMs(this.#started, baseMs, random.fraction());
    if (this.#loop === undefined) {
      this.#loop = new RetryLoop(owner, wheel, policy.retries);
      this.#loop.start(delayMs);
    } else {
      this.#loop.next(delayMs);
    }
    return 'retry';
  }

  /**
   * A host that cannot be reached is no reason to wait for the others: a back-off spares those who are
   * overloaded, and this one had no load. The next attempt waits again, as many may be gone.
   * docs/decisions/0011.
   */
  #goesAtOnce(isUnreached: boolean): boolean {
    return isUnreached && this.#started === 1 && this.#parts.cluster.hostSet.hosts.length > 1;
  }

  #release(count: number): void {
    const released = Math.min(count, this.#outstanding);
    this.#outstanding -= released;
    this.#parts.resource.active -= released;
  }
}
