import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { Runtime } from '../base/runtime.js';
import type { TimerWheel } from '../base/timer-wheel.js';
import type { HttpFilterFactory } from '../http/own-filter.js';
import type { RateLimitClient } from '../http/rate-limit.js';
import type { ServerState } from '../http/server-state.js';
import type { RetryOptions } from '../router/retry-options.js';
import type { ConnectionManagerStats } from '../telemetry/stats/connection-manager-stats.js';
import type { StatsLease } from '../telemetry/stats/stats-lease.js';
import type { ClusterManager } from '../upstream/cluster-manager.js';
import type { LuaScripts } from './lua/load-lua-scripts.js';
import type { Transcoders } from './transcoder/load-transcoders.js';

/** What filters are made with; each takes what it needs. */
export interface FilterContext {
  readonly clusterManager: ClusterManager;
  readonly stats: ConnectionManagerStats;
  /** For statistics of a filter's own, under `scope`; it ends with the connection manager. */
  readonly statsLease: StatsLease;
  /** `http.<stat_prefix>`. */
  readonly scope: string;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly retryOptions: RetryOptions;
  readonly serverState: ServerState;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly log: Logger;
  /** The filters that the application brings itself, by name. */
  readonly httpFilters: ReadonlyMap<string, HttpFilterFactory>;
  /** `undefined` if the configuration has no `rate_limit_service`. */
  readonly rateLimitService: RateLimitClient | undefined;
  /** Of all `grpc_json_transcoder` filters. */
  readonly transcoders: Transcoders;
  /** The scripts of the filters lua. */
  readonly luaScripts: LuaScripts;
}
