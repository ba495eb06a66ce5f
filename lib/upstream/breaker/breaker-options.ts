import { maxTimerDelayMs } from '../../base/clock.js';
import { describeValue } from '../../config/describe-value.js';
import { entriesOf, listNames, optionInvalid, unknownOption } from '../../config/option-check.js';
import {
  type BreakerPolicy,
  bucketMs,
  defaultBreakerPolicy,
  maxRollingCountBuckets,
  minBucketMs,
} from './breaker-policy.js';

/** When the failure-rate breaker of a cluster opens, and how it closes again: docs/circuit-breakers.md. */
export interface BreakerOptions {
  /**
   * The breaker opens when a larger share of the results are failures, in percent: 0 to less than
   * 100. Default 50.
   */
  readonly errorThresholdPercentage?: number;
  /** Milliseconds from opening until probes are let through. Default 30000. */
  readonly resetTimeout?: number;
  /** Fewer results than this in the window never open the breaker. Default 10. */
  readonly volumeThreshold?: number;
  /** How far back results count, in milliseconds. Default 10000. */
  readonly rollingCountTimeout?: number;
  /** In how many steps old results are forgotten, 1 to 100. Default 10. */
  readonly rollingCountBuckets?: number;
  /** How many probes may be under way at a time while the breaker is half-open. Default 1. */
  readonly halfOpenProbes?: number;
}

/** The values of one option: whole numbers, but for the share. */
const ranges: Readonly<Record<keyof BreakerPolicy, readonly [min: number, max: number]>> = {
  errorThresholdPercentage: [0, 100],
  resetTimeout: [1, maxTimerDelayMs],
  volumeThreshold: [1, 1e9],
  rollingCountTimeout: [minBucketMs, maxTimerDelayMs],
  rollingCountBuckets: [1, maxRollingCountBuckets],
  halfOpenProbes: [1, 1e9],
};

/**
 * Checks the option `breakers` against the names of the clusters; returns the policies by name, `*`
 * among them if it is there. Throws `SIDECAR_OPTION_INVALID`.
 */
export function checkBreakers(
  breakers: unknown,
  clusters: readonly string[],
): ReadonlyMap<string, BreakerPolicy> {
  const policies = new Map<string, BreakerPolicy>();
  for (const [name, value] of entriesOf('breakers', breakers)) {
    if (name !== '*' && !clusters.includes(name)) {
      throw optionInvalid(
        `breakers names the cluster "${name}", but the clusters are: ${listNames(clusters)}; ` +
          '"*" stands for all',
      );
    }
    policies.set(name, checkPolicy(`breakers["${name}"]`, value));
  }
  return policies;
}

function checkPolicy(option: string, value: unknown): BreakerPolicy {
  const policy: Record<keyof BreakerPolicy, number> = { ...defaultBreakerPolicy };
  for (const [key, number] of entriesOf(option, value)) {
    if (!isPolicyKey(key)) {
      throw unknownOption(key, Object.keys(policy), `${option}.`);
    }
    policy[key] = checkNumber(`${option}.${key}`, key, number);
  }
  const stepMs = bucketMs(policy);
  if (stepMs < minBucketMs) {
    throw optionInvalid(
      `${option} has ${policy.rollingCountBuckets} steps in ${policy.rollingCountTimeout} ms, ` +
        `which is less than ${minBucketMs} ms for each; ` +
        'make rollingCountTimeout longer, or rollingCountBuckets fewer',
    );
  }
  return policy;
}

function isPolicyKey(key: string): key is keyof BreakerPolicy {
  return Object.hasOwn(ranges, key);
}

function checkNumber(option: string, key: keyof BreakerPolicy, value: unknown): number {
  const [min, max] = ranges[key];
  const isShare = key === 'errorThresholdPercentage';
  // Left out by hand, as in `{ resetTimeout: undefined }`, is no number either.
  const isValid =
    typeof value === 'number' &&
    value >= min &&
    (isShare ? value < max : value <= max && Number.isInteger(value));
  if (!isValid) {
    const expected = isShare
      ? 'a number from 0 to less than 100; at 100 it could never open'
      : `a whole number from ${min} to ${max}`;
    throw optionInvalid(`${option} is ${describeValue(value)}, expected ${expected}`);
  }
  return value;
}
