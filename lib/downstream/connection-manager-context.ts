import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { Runtime } from '../base/runtime.js';
import type { ConnectionManagerConfig } from '../config/connection-manager-config.js';
import type { FilterFactory } from '../http/filter.js';
import type { ServerState } from '../http/server-state.js';
import type { RouteMatch } from '../router/route-table.js';
import type { AccessLog } from '../telemetry/access-log/access-log.js';
import type { ConnectionManagerStats } from '../telemetry/stats/connection-manager-stats.js';
import type { ListenerHttpStats } from '../telemetry/stats/listener-http-stats.js';
import type { RequestTracer } from '../telemetry/tracing/request-tracer.js';
import type { HeaderRules } from './forwarded-headers.js';
import type { CustomResponseHeaders } from './response-headers.js';
import type { TunnelContext } from './upgrade/websocket-tunnel.js';

/** What a connection manager is made of. */
export interface ConnectionManagerContext {
  readonly config: ConnectionManagerConfig;
  readonly routeTable: RouteMatch;
  /** One for each entry of the filter chain; the last makes routers. */
  readonly filterFactories: readonly FilterFactory[];
  /** How much of a body filters may buffer, unless they say otherwise; 0 for no limit. */
  readonly bufferLimitBytes: number;
  /** What WebSocket tunnels are made with; without it there are none. */
  readonly tunnels?: TunnelContext | undefined;
  readonly accessLogs: readonly AccessLog[];
  /** Begins the spans of the requests that are traced; without it there are none. */
  readonly tracer?: RequestTracer | undefined;
  readonly stats: ConnectionManagerStats;
  readonly listenerStats: ListenerHttpStats;
  readonly serverState: ServerState;
  readonly clock: Clock;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly serviceCluster: string;
  readonly serviceNode: string;
}

/** What a request needs of the connection manager that it belongs to. */
export interface StreamOwner {
  readonly context: ConnectionManagerContext;
  readonly headerRules: HeaderRules;
  /** `undefined` if the route table changes nothing on responses. */
  readonly customResponseHeaders: CustomResponseHeaders | undefined;
  /** Whether an access log shows the details of requests. */
  readonly keepsDetails: boolean;
  /** Whether responses are to end their connections: reference 5.11. */
  readonly isDraining: boolean;
  /** A request is over, and has been logged. Called once for each. */
  onStreamEnd(): void;
  /** Says once that something of ours is broken; the request at hand has been ended. */
  reportInternalError(error: unknown): void;
}
