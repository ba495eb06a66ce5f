import type { RetryPolicyConfig } from '../config/retry-policy-config.js';
import { compileRetryConditions } from './retry-conditions.js';

/** After what, and how often, a request is tried again. Compiled once for each route. */
export interface RetryPolicy {
  /** Bits of `retry-conditions`; never 0. */
  readonly conditions: number;
  /** Attempts beyond the first. */
  readonly retries: number;
}

/** Returns `undefined` if nothing is ever tried again, so that requests need not ask. */
export function createRetryPolicy(config: RetryPolicyConfig | undefined): RetryPolicy | undefined {
  return config && toPolicy(compileRetryConditions(config.retryOn), config.numRetries);
}

/**
 * Unites the policy of a route with what the headers of a request ask for: all conditions of both,
 * and the larger number: reference 3.6.
 */
export function uniteRetryPolicies(
  route: RetryPolicy | undefined,
  conditions: number,
  retries: number,
): RetryPolicy | undefined {
  if (conditions === 0) {
    return route;
  }
  return toPolicy(conditions | (route?.conditions ?? 0), Math.max(retries, route?.retries ?? 0));
}

function toPolicy(conditions: number, retries: number): RetryPolicy | undefined {
  return conditions === 0 || retries === 0 ? undefined : { conditions, retries };
}

/**
 * Returns the time for one attempt that counts beside a time for the whole: none if it is not
 * shorter, and none without a time for the whole, which is 0 then: reference 3.5.
 */
export function effectivePerTryTimeoutMs(perTryTimeoutMs: number, timeoutMs: number): number {
  return perTryTimeoutMs < timeoutMs ? perTryTimeoutMs : 0;
}
