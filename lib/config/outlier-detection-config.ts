import type { JsonReader } from './json-reader.js';

/** `outlier_detection` of a cluster: reference 1.6.4. Shares are in percent. */
export interface OutlierDetectionConfig {
  readonly consecutive5xx: number;
  readonly consecutiveGatewayFailure: number;
  readonly intervalMs: number;
  readonly baseEjectionTimeMs: number;
  readonly maxEjectionPercent: number;
  readonly enforcingConsecutive5xx: number;
  readonly enforcingConsecutiveGatewayFailure: number;
  readonly enforcingSuccessRate: number;
  readonly successRateMinimumHosts: number;
  readonly successRateRequestVolume: number;
  /** Thousandths of a standard deviation. */
  readonly successRateStdevFactor: number;
}

/** Parses `outlier_detection` of a cluster; `undefined` if it is not there. */
export function parseOutlierDetection(
  reader: JsonReader | undefined,
): OutlierDetectionConfig | undefined {
  if (reader === undefined) {
    return undefined;
  }
  const read = (key: string, fallback: number): number => reader.number(key) ?? fallback;
  return {
    consecutive5xx: read('consecutive_5xx', 5),
    consecutiveGatewayFailure: read('consecutive_gateway_failure', 5),
    intervalMs: read('interval_ms', 10_000),
    baseEjectionTimeMs: read('base_ejection_time_ms', 30_000),
    maxEjectionPercent: read('max_ejection_percent', 10),
    enforcingConsecutive5xx: read('enforcing_consecutive_5xx', 100),
    enforcingConsecutiveGatewayFailure: read('enforcing_consecutive_gateway_failure', 0),
    enforcingSuccessRate: read('enforcing_success_rate', 100),
    successRateMinimumHosts: read('success_rate_minimum_hosts', 5),
    successRateRequestVolume: read('success_rate_request_volume', 100),
    successRateStdevFactor: read('success_rate_stdev_factor', 1900),
  };
}
