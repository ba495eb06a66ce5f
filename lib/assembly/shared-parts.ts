import type { LayeredRuntime } from '../base/runtime/layered-runtime.js';
import type { TimerWheel } from '../base/timer-wheel.js';
import type { ListenerTlsManager } from '../downstream/tls/listener-tls-manager.js';
import type { ServerState } from '../http/server-state.js';
import type { AccessLogManager } from '../telemetry/access-log/access-log-manager.js';
import type { ListenerManagerStats } from '../telemetry/stats/listener-manager-stats.js';
import type { RuntimeStats } from '../telemetry/stats/runtime-stats.js';
import type { StatsStore } from '../telemetry/stats/stats-store.js';
import type { ClusterManager } from '../upstream/cluster-manager.js';
import type { SocketConnector } from '../upstream/connection/connector.js';
import type { CurrentRateLimitService } from '../upstream/rate-limit/current-rate-limit-service.js';
import type { AssemblyOptions } from './assembly-options.js';
import type { CallTracing } from './call-tracing.js';

/** What all listeners have in common, whichever configuration they come from. */
export interface SharedParts {
  readonly options: AssemblyOptions;
  readonly wheel: TimerWheel;
  readonly stats: StatsStore;
  readonly serverState: ServerState;
  /** One for all: a share means the same wherever it is asked for. */
  readonly runtime: LayeredRuntime;
  readonly runtimeStats: RuntimeStats;
  readonly accessLogs: AccessLogManager;
  readonly listenerManagerStats: ListenerManagerStats;
  readonly listenerTls: ListenerTlsManager;
  readonly connector: SocketConnector;
  readonly clusterManager: ClusterManager;
  readonly rateLimitService: CurrentRateLimitService;
  readonly callTracing: CallTracing;
}
