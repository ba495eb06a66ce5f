import { toByteString } from '../../base/byte-string.js';
import type { Clock } from '../../base/clock.js';
import type { AccessLogFile } from '../../telemetry/access-log/access-log-file.js';
import { formatStartTime } from '../../telemetry/access-log/start-time.js';
import type { HostOutlierMonitor } from './host-outlier-monitor.js';
import type { EjectionType } from './outlier-settings.js';
import type { SuccessRateBounds } from './success-rates.js';

/**
 * Writes what happens to hosts to the file of `cluster_manager.outlier_detection`, one JSON object
 * for each line: reference 4.6.6. Nothing waits for the file.
 *
 * Names and forms are those of Envoy's source: all values of an ejection are strings, and the number
 * of ejections in the line of a return is a number.
 */
export class OutlierEventLog {
  readonly #file: Pick<AccessLogFile, 'write'>;
  readonly #clock: Clock;

  constructor(file: Pick<AccessLogFile, 'write'>, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  /** A host has been found. `bounds`: of the cluster, if it was by its success rate. */
  logEjection(
    cluster: string,
    monitor: HostOutlierMonitor,
    type: EjectionType,
    isEnforced: boolean,
    bounds: SuccessRateBounds | undefined,
  ): void {
    const rates =
      bounds === undefined
        ? {}
        : {
            host_success_rate: String(monitor.successRate),
            cluster_average_success_rate: String(bounds.average),
            cluster_success_rate_ejection_threshold: String(bounds.ejectionThreshold),
          };
    this.#write(cluster, monitor, monitor.lastUnejectionMs, {
      action: 'eject',
      type,
      num_ejections: String(monitor.ejections),
      enforced: String(isEnforced),
      ...rates,
    });
  }

  /** A host is back in use. */
  logUnejection(cluster: string, monitor: HostOutlierMonitor): void {
    this.#write(cluster, monitor, monitor.lastEjectionMs, {
      action: 'uneject',
      num_ejections: monitor.ejections,
    });
  }

  #write(
    cluster: string,
    monitor: HostOutlierMonitor,
    lastActionMs: number | undefined,
    more: Readonly<Record<string, string | number>>,
  ): void {
    const sinceMs = lastActionMs === undefined ? -1 : this.#clock.now() - lastActionMs;
    const values = {
      time: formatStartTime(this.#clock.wallNow()),
      secs_since_last_action: String(sinceMs < 0 ? -1 : Math.floor(sinceMs / 1000)),
      cluster,
      upstream_url: monitor.host.address,
      ...more,
    };
    const members = Object.entries(values).map(
      ([name, value]) => `"${name}": ${JSON.stringify(value)}`,
    );
    this.#file.write(toByteString(`{${members.join(', ')}}\n`));
  }
}
