import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import type { ConnectionManagerStats } from '../telemetry/stats/connection-manager-stats.js';
import type { ClusterManager } from '../upstream/cluster-manager.js';
import type { RetryContext } from './retry-state.js';

/** What all router filters of one listener share. */
export interface RouterContext extends RetryContext {
  readonly clusterManager: ClusterManager;
  readonly stats: ConnectionManagerStats;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the per-code statistics of clusters are kept: reference 8.3. */
  readonly dynamicStats: boolean;
  /** Whether each attempt has a span of its own: reference 3.1. */
  readonly startChildSpan: boolean;
}
