import type { Clock } from '../base/clock.js';
import type { Random } from '../base/random.js';
import type { Runtime } from '../base/runtime.js';
import type { TimerWheel } from '../base/timer-wheel.js';
import type { ServerState } from '../http/server-state.js';
import type { ConnectionManagerStats } from '../telemetry/stats/connection-manager-stats.js';
import type { StatsStore } from '../telemetry/stats/stats-store.js';
import type { ClusterManager } from '../upstream/cluster-manager.js';

/** What filters are made with; each takes what it needs. */
export interface FilterContext {
  readonly clusterManager: ClusterManager;
  readonly stats: ConnectionManagerStats;
  /** For statistics of a filter's own, under `scope`. */
  readonly statsStore: StatsStore;
  /** `http.<stat_prefix>`. */
  readonly scope: string;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly serverState: ServerState;
  readonly serviceCluster: string;
}
