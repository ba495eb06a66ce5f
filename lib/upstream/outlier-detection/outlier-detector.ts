import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { isInShare, type Runtime } from '../../base/runtime.js';
import { type Deadline, type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import type { OutlierDetectionConfig } from '../../config/outlier-detection-config.js';
import { OutlierDetectionStats } from '../../telemetry/stats/outlier-detection-stats.js';
import type { Cluster, MemberObserver, OutlierSummary } from '../cluster.js';
import { type Host, healthFlag } from '../host.js';
import { type ConsecutiveErrorObserver, HostOutlierMonitor } from './host-outlier-monitor.js';
import type { OutlierEventLog } from './outlier-event-log.js';
import { type EjectionType, OutlierSettings } from './outlier-settings.js';
import { type SuccessRateBounds, successRateBounds } from './success-rates.js';

/** What outlier detection needs from the sidecar. */
export interface OutlierDetectorContext {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  /** Default: one without values. */
  readonly runtime?: Runtime;
  /** Set if events are written to a file. */
  readonly outlierEventLog?: OutlierEventLog | undefined;
}

/**
 * Ejects the hosts of one cluster that answer worse than the others, or only with errors, and takes
 * them back after a while: reference 4.6.
 *
 * Errors in a row are seen with the result that completes them. All else happens in a sweep over the
 * hosts at the end of each interval. Without hosts there is no interval.
 */
export class OutlierDetector
  implements MemberObserver, OutlierSummary, ConsecutiveErrorObserver, Deadline
{
  /** Counts on where the detector of a cluster of the same name has stopped. */
  readonly stats: OutlierDetectionStats;
  readonly #cluster: Cluster;
  readonly #settings: OutlierSettings;
  readonly #context: OutlierDetectorContext;
  readonly #monitors = new Map<Host, HostOutlierMonitor>();
  readonly #timer: WheelTimer = new WheelTimer(this);
  #ejectedHosts = 0;
  #bounds: SuccessRateBounds | undefined = undefined;
  #isClosed = false;

  constructor(cluster: Cluster, config: OutlierDetectionConfig, context: OutlierDetectorContext) {
    this.stats = cluster.stats.outlierDetection ?? new OutlierDetectionStats();
    this.#cluster = cluster;
    this.#settings = new OutlierSettings(config, context.runtime);
    this.#context = context;
  }

  get successRateAverage(): number {
    return this.#bounds?.average ?? -1;
  }

  get successRateEjectionThreshold(): number {
    return this.#bounds?.ejectionThreshold ?? -1;
  }

  /** Writes the gauge, which was that of another cluster until this one took its place. */
  showGauges(): void {
    this.stats.ejectionsActive = this.#ejectedHosts;
  }

  onMembersChanged(added: readonly Host[], removed: readonly Host[]): void {
    if (this.#isClosed) {
      // A cluster of original destinations has hosts come and go until its last request is done.
      return;
    }
    for (const host of removed) {
      this.#forget(host);
    }
    for (const host of added) {
      const monitor = new HostOutlierMonitor(host, this.#settings, this);
      this.#monitors.set(host, monitor);
      host.outlierMonitor = monitor;
    }
    if (this.#monitors.size === 0) {
      this.#timer.stop();
    } else if (this.#timer.queue === undefined) {
      this.#startInterval();
    }
  }

  onConsecutiveErrors(monitor: HostOutlierMonitor, type: EjectionType): void {
    if (monitor.host.hasHealthFlag(healthFlag.failedOutlierCheck)) {
      return;
    }
    if (type === '5xx') {
      this.stats.ejectionsConsecutive5xx++;
      this.stats.ejectionsDetectedConsecutive5xx++;
    } else {
      this.stats.ejectionsDetectedConsecutiveGatewayFailure++;
    }
    this.#eject(monitor, type);
    monitor.onDetected(type);
  }

  /** The interval is over. */
  onDeadline(): void {
    for (const monitor of this.#monitors.values()) {
      this.#unejectIfDue(monitor);
      monitor.rotate();
    }
    this.#compareSuccessRates();
    this.#startInterval();
  }

  /** Watches nothing any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#timer.stop();
    for (const host of [...this.#monitors.keys()]) {
      this.#forget(host);
    }
  }

  #startInterval(): void {
    this.#context.wheel.start(this.#timer, this.#settings.intervalMs);
  }

  #forget(host: Host): void {
    this.#monitors.delete(host);
    host.outlierMonitor = undefined;
    if (host.hasHealthFlag(healthFlag.failedOutlierCheck)) {
      this.#countEjected(-1);
      // Should it ever be a member again, it starts anew.
      host.setHealthFlag(healthFlag.failedOutlierCheck, false);
    }
  }

  #unejectIfDue(monitor: HostOutlierMonitor): void {
    const { host, ejections, lastEjectionMs } = monitor;
    if (!host.hasHealthFlag(healthFlag.failedOutlierCheck) || lastEjectionMs === undefined) {
      return;
    }
    const now = this.#context.clock.now();
    if (this.#settings.baseEjectionTimeMs * ejections > now - lastEjectionMs) {
      return;
    }
    this.#countEjected(-1);
    // The one of the two counters that has not ejected it may be close to its limit.
    monitor.resetConsecutiveErrors();
    monitor.lastUnejectionMs = now;
    host.setHealthFlag(healthFlag.failedOutlierCheck, false);
    this.#context.outlierEventLog?.logUnejection(this.#cluster.name, monitor);
  }

  #compareSuccessRates(): void {
    this.#bounds = undefined;
    const minimumHosts = this.#settings.successRateMinimumHosts;
    if (this.#monitors.size < minimumHosts) {
      return;
    }
    const minimumRequests = this.#settings.successRateRequestVolume;
    const measured = [...this.#monitors.values()].filter(
      (monitor) =>
        !monitor.host.hasHealthFlag(healthFlag.failedOutlierCheck) &&
        monitor.measureSuccessRate(minimumRequests),
    );
    if (measured.length === 0 || measured.length < minimumHosts) {
      return;
    }
    const rates = measured.map(({ successRate }) => successRate);
    this.#bounds = successRateBounds(rates, this.#settings.successRateStdevFactor);
    for (const monitor of measured) {
      if (monitor.successRate < this.#bounds.ejectionThreshold) {
        this.stats.ejectionsSuccessRate++;
        this.stats.ejectionsDetectedSuccessRate++;
        this.#eject(monitor, 'SuccessRate');
      }
    }
  }

  #eject(monitor: HostOutlierMonitor, type: EjectionType): void {
    const { stats } = this;
    // Without the host itself: one is ejected in any case, however small the cluster.
    const ejectedPercent = (100 * this.#ejectedHosts) / this.#monitors.size;
    if (!(ejectedPercent < this.#settings.maxEjectionPercent)) {
      stats.ejectionsOverflow++;
      return;
    }
    if (type !== 'GatewayFailure') {
      stats.ejectionsTotal++;
    }
    const isEnforced = this.#isEnforced(type);
    if (isEnforced) {
      this.#countEjected(1);
      this.#countEnforced(type);
      monitor.ejections++;
      monitor.lastEjectionMs = this.#context.clock.now();
      monitor.host.setHealthFlag(healthFlag.failedOutlierCheck, true);
    }
    const bounds = type === 'SuccessRate' ? this.#bounds : undefined;
    const { outlierEventLog } = this.#context;
    outlierEventLog?.logEjection(this.#cluster.name, monitor, type, isEnforced, bounds);
  }

  #countEjected(change: 1 | -1): void {
    this.#ejectedHosts += change;
    if (this.#cluster.isInForce) {
      this.showGauges();
    }
  }

  #isEnforced(type: EjectionType): boolean {
    const percent = this.#settings.enforcingPercent(type);
    return percent >= 100 || (percent > 0 && isInShare(this.#context.random.uint32(), percent));
  }

  #countEnforced(type: EjectionType): void {
    this.stats.ejectionsEnforcedTotal++;
    switch (type) {
      case '5xx':
        this.stats.ejectionsEnforcedConsecutive5xx++;
        break;
      case 'GatewayFailure':
        this.stats.ejectionsEnforcedConsecutiveGatewayFailure++;
        break;
      case 'SuccessRate':
        this.stats.ejectionsEnforcedSuccessRate++;
        break;
    }
  }
}
