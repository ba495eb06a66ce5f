/** When one failure-rate breaker opens, and how it closes again. */
export interface BreakerPolicy {
  /** Opens when a larger share of the results are failures, in percent. */
  readonly errorThresholdPercentage: number;
  /** Milliseconds from opening until probes are let through. */
  readonly resetTimeout: number;
  /** Fewer results than this never open it. */
  readonly volumeThreshold: number;
  /** How far back results count, in milliseconds. */
  readonly rollingCountTimeout: number;
  /** In how many steps old results are forgotten. */
  readonly rollingCountBuckets: number;
  /** How many probes may be under way at a time. */
  readonly halfOpenProbes: number;
}

/** What holds where an option says nothing. */
export const defaultBreakerPolicy: BreakerPolicy = {
  errorThresholdPercentage: 50,
  resetTimeout: 30_000,
  volumeThreshold: 10,
  rollingCountTimeout: 10_000,
  rollingCountBuckets: 10,
  halfOpenProbes: 1,
};

/** More would cost memory and make nothing more exact. */
export const maxRollingCountBuckets = 100;

/** A step of the window is not shorter than this: all breakers share the timer of the steps. */
export const minBucketMs = 10;

/** How long a step of the window is, in milliseconds. */
export function bucketMs({ rollingCountTimeout, rollingCountBuckets }: BreakerPolicy): number {
  return Math.floor(rollingCountTimeout / rollingCountBuckets);
}
