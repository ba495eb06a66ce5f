import { isIdempotent } from '../http/idempotence.js';
import type { ResetReason } from '../http/reset-reason.js';
import type { Cluster } from '../upstream/cluster.js';
import type { Resource } from '../upstream/resource-manager.js';
import type { ReplayBuffer } from './replay-buffer.js';
import type { RetryOptions } from './retry-options.js';
import type { UpstreamRequest } from './upstream-request.js';

/**
 * Whether a request may have died of nothing but the old age of its connection: docs/decisions 0002.
 * Only what is idempotent is sent again, since the host may have acted on it; unless the host has
 * said that it has not.
 */
export function isResendable(
  attempt: UpstreamRequest,
  reason: ResetReason,
  hadResponse: boolean,
  method: string,
  replay: ReplayBuffer | undefined,
): boolean {
  if (hadResponse || replay?.isComplete === false) {
    return false;
  }
  return (
    reason === 'refused-stream' ||
    (reason === 'connection-termination' && attempt.isReused && isIdempotent(method))
  );
}

/** The second sending of a request. It takes up a place among the retries of its cluster. */
export class Resend {
  readonly #retries: Resource;
  #isHeld = true;

  private constructor(retries: Resource) {
    this.#retries = retries;
    retries.active++;
  }

  /** Returns `undefined` if the circuit breaker admits none. */
  static begin(cluster: Cluster, retries: Resource, options: RetryOptions): Resend | undefined {
    if (!options.admitsRetry(cluster, retries)) {
      cluster.stats.upstreamRqReusedCxResendOverflow++;
      return undefined;
    }
    cluster.stats.upstreamRqReusedCxResend++;
    return new Resend(retries);
  }

  /** There is a result: gives the place back. Idempotent. */
  release(): void {
    if (this.#isHeld) {
      this.#isHeld = false;
      this.#retries.active--;
    }
  }
}
