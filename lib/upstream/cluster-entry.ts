import type { ClusterConfig } from '../config/cluster-config.js';
import { ClusterStats } from '../telemetry/stats/cluster-stats.js';
import { StatsLease } from '../telemetry/stats/stats-lease.js';
import { Cluster } from './cluster.js';
import type { ClusterEntryContext } from './cluster-manager-context.js';
import { createDiscovery } from './create-discovery.js';
import type { Discovery } from './discovery/discovery.js';
import { HealthChecker } from './health-check/health-checker.js';
import { OutlierDetector } from './outlier-detection/outlier-detector.js';

/**
 * A cluster with all that keeps it going: what finds its hosts, and what watches them. It begins
 * with `start`, serves from `enter` to `retire`, and is gone with `close`.
 */
export class ClusterEntry {
  readonly cluster: Cluster;
  readonly #statsLease: StatsLease;
  /** Who waits for it to be ready. */
  #onInitialized: () => void = () => {};
  #isClosed = false;
  readonly #discovery: Discovery;
  readonly #healthChecker: HealthChecker | undefined;
  readonly #outlierDetector: OutlierDetector | undefined;

  constructor(config: ClusterConfig, context: ClusterEntryContext) {
    this.#statsLease = new StatsLease(context.stats);
    const clusterStats = this.#statsLease.share(`cluster.${config.name}.`, ClusterStats);
    this.cluster = new Cluster(config, { ...context, clusterStats });
    this.cluster.isInForce = false;
    this.#healthChecker = createHealthChecker(this.cluster, context);
    this.#outlierDetector = createOutlierDetector(this.cluster, context);
    this.cluster.breaker = context.breakers?.create(this.cluster);
    this.#discovery = createDiscovery(this.cluster, context);
  }

  /** Whether a service is asked for its hosts that is a cluster itself, and so has to be there first. */
  get isSecondary(): boolean {
    return this.cluster.config.discovery.type === 'sds';
  }

  /**
   * Begins; `onInitialized` is called once, after the first answer or failure, and when each host
   * that there is by then has had a first health check: reference 4.5.4. Or else when it is closed.
   */
  start(onInitialized: () => void): void {
    if (this.#isClosed) {
      // With others that it had to wait for.
      onInitialized();
      return;
    }
    this.#onInitialized = onInitialized;
    this.#discovery.start(() => {
      if (this.#healthChecker === undefined) {
        this.#settle();
      } else {
        this.#healthChecker.whenChecked(() => this.#settle());
      }
    });
  }

  /** It serves from now on, in the place of whatever had its name: its gauges are the ones to show. */
  enter(): void {
    const { stats, breaker, config } = this.cluster;
    const { type } = config.discovery;
    stats.breaker = breaker?.stats;
    stats.healthChecks = this.#healthChecker?.stats;
    stats.outlierDetection = this.#outlierDetector?.stats;
    if (type === 'static' || type === 'original_dst') {
      // The one before may have been discovered.
      stats.updateAge = undefined;
    }
    this.cluster.isInForce = true;
    this.cluster.showMembership();
    breaker?.showGauges();
    this.#healthChecker?.showGauges();
    this.#outlierDetector?.showGauges();
  }

  /**
   * It serves no new requests: nothing looks for its hosts or watches them any more, and connections
   * end with their requests. Idempotent.
   */
  retire(): void {
    this.#discovery.close();
    this.cluster.retire();
    this.#healthChecker?.close();
    this.#outlierDetector?.close();
    this.cluster.breaker?.close();
    this.#statsLease.release();
  }

  /** Ends everything: discovery, and every connection. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.retire();
    this.cluster.close();
    this.#settle();
  }

  #settle(): void {
    const onInitialized = this.#onInitialized;
    this.#onInitialized = () => {};
    this.cluster.onInitialized();
    onInitialized();
  }
}

/** An application that is mounted is not checked: it is there as long as we are. */
function createHealthChecker(
  cluster: Cluster,
  context: ClusterEntryContext,
): HealthChecker | undefined {
  const { healthCheck } = cluster.config;
  return healthCheck === undefined || context.mounts.has(cluster.name)
    ? undefined
    : new HealthChecker(cluster, healthCheck, context);
}

function createOutlierDetector(
  cluster: Cluster,
  context: ClusterEntryContext,
): OutlierDetector | undefined {
  const { outlierDetection } = cluster.config;
  if (outlierDetection === undefined) {
    return undefined;
  }
  const detector = new OutlierDetector(cluster, outlierDetection, context);
  cluster.outlierSummary = detector;
  cluster.addMemberObserver(detector);
  return detector;
}
