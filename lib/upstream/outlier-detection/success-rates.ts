/** What the success rates of a cluster's hosts are held against. */
export interface SuccessRateBounds {
  /** In percent. */
  readonly average: number;
  /** Hosts below it are outliers. */
  readonly ejectionThreshold: number;
}

/** Returns the average of the rates, and what is so many standard deviations below it. */
export function successRateBounds(
  rates: readonly number[],
  stdevFactor: number,
): SuccessRateBounds {
  const average = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  // That of the population, not of a sample: these are all hosts there are.
  const variance = rates.reduce((sum, rate) => sum + (rate - average) ** 2, 0) / rates.length;
  return { average, ejectionThreshold: average - stdevFactor * Math.sqrt(variance) };
}
