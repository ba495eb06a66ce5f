import { defaultRuntime, type Runtime } from '../../base/runtime.js';
import type { OutlierDetectionConfig } from '../../config/outlier-detection-config.js';

/** What can find that a host is an outlier. */
export type EjectionType = '5xx' | 'GatewayFailure' | 'SuccessRate';

/**
 * The settings of one cluster's outlier detection, as they are in force now: a runtime value takes
 * the place of what is configured, for all clusters alike: reference 1.6.4.
 */
export class OutlierSettings {
  readonly #config: OutlierDetectionConfig;
  readonly #runtime: Runtime;

  constructor(config: OutlierDetectionConfig, runtime: Runtime = defaultRuntime) {
    this.#config = config;
    this.#runtime = runtime;
  }

  get consecutive5xx(): number {
    return this.#read('consecutive_5xx', this.#config.consecutive5xx);
  }

  get consecutiveGatewayFailure(): number {
    return this.#read('consecutive_gateway_failure', this.#config.consecutiveGatewayFailure);
  }

  /** At least 1: a runtime value of 0 must not keep the process busy. */
  get intervalMs(): number {
    return Math.max(1, this.#read('interval_ms', this.#config.intervalMs));
  }

  get baseEjectionTimeMs(): number {
    return this.#read('base_ejection_time_ms', this.#config.baseEjectionTimeMs);
  }

  get maxEjectionPercent(): number {
    return Math.min(100, this.#read('max_ejection_percent', this.#config.maxEjectionPercent));
  }

  get successRateMinimumHosts(): number {
    return this.#read('success_rate_minimum_hosts', this.#config.successRateMinimumHosts);
  }

  get successRateRequestVolume(): number {
    return this.#read('success_rate_request_volume', this.#config.successRateRequestVolume);
  }

  /** Standard deviations. */
  get successRateStdevFactor(): number {
    return this.#read('success_rate_stdev_factor', this.#config.successRateStdevFactor) / 1000;
  }

  /** How many of the hosts that are found so are ejected, in percent. */
  enforcingPercent(type: EjectionType): number {
    switch (type) {
      case '5xx':
        return this.#read('enforcing_consecutive_5xx', this.#config.enforcingConsecutive5xx);
      case 'GatewayFailure':
        return this.#read(
          'enforcing_consecutive_gateway_failure',
          this.#config.enforcingConsecutiveGatewayFailure,
        );
      case 'SuccessRate':
        return this.#read('enforcing_success_rate', this.#config.enforcingSuccessRate);
    }
  }

  #read(key: string, configured: number): number {
    return this.#runtime.integer(`outlier_detection.${key}`, configured);
  }
}
