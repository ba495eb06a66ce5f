import { SidecarError } from '../base/errors.js';
import type { ConnectionManagerConfig } from '../config/connection-manager-config.js';
import type { ListenerConfig } from '../config/listener-config.js';
import { defaultBufferLimitBytes } from '../config/shared-keys.js';
import { ConnectionManager } from '../downstream/connection-manager.js';
import type { ConnectionManagerContext } from '../downstream/connection-manager-context.js';
import { createFilterFactories } from '../filters/filter-registry.js';
import type { RouteMatch } from '../router/route-table.js';
import type { AccessLog } from '../telemetry/access-log/access-log.js';
import { ConnectionManagerScope } from '../telemetry/stats/connection-manager-scope.js';
import { ListenerHttpStats } from '../telemetry/stats/listener-http-stats.js';
import type { StatsLease } from '../telemetry/stats/stats-lease.js';
import type { ListenerFiles } from './listener-files.js';
import type { SharedParts } from './shared-parts.js';

/** What a connection manager is made from, beside what all share. */
export interface ConnectionManagerParts {
  readonly config: ConnectionManagerConfig;
  /** `undefined` for what belongs to no listener. */
  readonly listener: ListenerConfig | undefined;
  readonly routes: RouteMatch;
  readonly files: ListenerFiles;
  /** Its statistics go with this. */
  readonly statsLease: StatsLease;
  /** Its access logs are added here, for whoever gives them back. */
  readonly accessLogs: AccessLog[];
  /** `listener.<address>`, below which its responses are counted again; `undefined` for nowhere. */
  readonly listenerScope: string | undefined;
  readonly isOutbound: boolean;
}

/** Creates a connection manager. Rejects if an access log cannot be opened, or a filter be made. */
export async function createConnectionManager(
  parts: ConnectionManagerParts,
  shared: SharedParts,
): Promise<ConnectionManager> {
  const { config, listener, routes, files, statsLease, listenerScope, isOutbound } = parts;
  const { options, wheel, clusterManager, serverState, runtime } = shared;
  const { clock, random, log, serviceCluster, serviceNode } = options;
  // As in Envoy, connection managers with the same prefix count on the same counters.
  const scope = `http.${config.statPrefix}`;
  const { stats } = statsLease.share(scope, ConnectionManagerScope);
  const context: ConnectionManagerContext = {
    config,
    routeTable: routes,
    filterFactories: createFilterFactories(config.filters, {
      ...options,
      ...files,
      clusterManager,
      stats,
      statsLease,
      scope,
      wheel,
      runtime,
      serverState,
      rateLimitService: shared.rateLimitService,
    }),
    tunnels: { clusterManager, wheel, log, tracing: files.tracing },
    bufferLimitBytes: listener?.perConnectionBufferLimitBytes ?? defaultBufferLimitBytes,
    accessLogs: await openAccessLogs(parts, shared),
    tracer: files.tracing?.createTracer(config.tracing, isOutbound),
    stats,
    listenerStats:
      listenerScope === undefined
        ? new ListenerHttpStats()
        : statsLease.share(`${listenerScope}.${scope}`, ListenerHttpStats),
    serverState,
    clock,
    random,
    runtime,
    log,
    serviceCluster,
    serviceNode,
  };
  return new ConnectionManager(context);
}

async function openAccessLogs(
  { config, accessLogs }: ConnectionManagerParts,
  shared: SharedParts,
): Promise<readonly AccessLog[]> {
  const opened: AccessLog[] = [];
  for (const { path, format, filter } of config.accessLogs) {
    const accessLog = await shared.accessLogs.createAccessLog(path, format, filter);
    if (accessLog instanceof Error) {
      throw new SidecarError('SIDECAR_ACCESS_LOG_FAILED', accessLog.message, { cause: accessLog });
    }
    opened.push(accessLog);
    accessLogs.push(accessLog);
  }
  return opened;
}
