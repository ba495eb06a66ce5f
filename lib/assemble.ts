import type { Clock } from './base/clock.js';
import { SidecarError } from './base/errors.js';
import type { Logger } from './base/log.js';
import type { Random } from './base/random.js';
import { defaultRuntime } from './base/runtime.js';
import { TimerWheel } from './base/timer-wheel.js';
import { type Address, formatAddress, type TcpAddress } from './config/address.js';
import type { Config } from './config/config.js';
import {
  type ConnectionManagerConfig,
  defaultConnectionManager,
} from './config/connection-manager-config.js';
import type { ListenerConfig } from './config/listener-config.js';
import { ConnectionManager } from './downstream/connection-manager.js';
import type { ConnectionManagerContext } from './downstream/connection-manager-context.js';
import { Listener } from './downstream/listener.js';
import { ListenerManager } from './downstream/listener-manager.js';
import { ClusterNameRoutes } from './egress/cluster-name-routes.js';
import { OutboundRoutes } from './egress/outbound-route.js';
import { createFilterFactories } from './filters/filter-registry.js';
import { ServerState } from './http/server-state.js';
import { type RouteMatch, RouteTable } from './router/route-table.js';
import type { AccessLog } from './telemetry/access-log/access-log.js';
import { AccessLogManager } from './telemetry/access-log/access-log-manager.js';
import { ConnectionManagerStats } from './telemetry/stats/connection-manager-stats.js';
import { ListenerHttpStats } from './telemetry/stats/listener-http-stats.js';
import { ListenerManagerStats } from './telemetry/stats/listener-manager-stats.js';
import { ListenerStats } from './telemetry/stats/listener-stats.js';
import { ServerStats } from './telemetry/stats/server-stats.js';
import { StatsStore } from './telemetry/stats/stats-store.js';
import { ClusterManager } from './upstream/cluster-manager.js';
import { SocketConnector } from './upstream/connection/connector.js';
import type { DnsResolver } from './upstream/discovery/dns-resolver.js';
import type { MountedApplication } from './upstream/mounted-host.js';

/** What a sidecar is built from, beside its configuration. */
export interface AssemblyOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly resolver: DnsResolver;
  readonly log: Logger;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly mounts: ReadonlyMap<string, MountedApplication>;
  /** Configured address, as a URL, to where to bind instead. */
  readonly listenOn: ReadonlyMap<string, TcpAddress>;
  /** Configured `host:port` to where to connect instead. */
  readonly connectTo: ReadonlyMap<string, Address>;
  /** Names of the listeners whose routes outbound calls take; `undefined` for all. */
  readonly outboundListeners: readonly string[] | undefined;
  readonly accessLogFlushIntervalMs: number | undefined;
}

/** What the connection managers of all listeners have in common. */
interface Shared {
  readonly options: AssemblyOptions;
  readonly wheel: TimerWheel;
  readonly stats: StatsStore;
  readonly serverState: ServerState;
  readonly accessLogs: AccessLogManager;
  readonly clusterManager: ClusterManager;
}

/** The parts of a sidecar, connected and not yet started. */
export interface Assembly extends Shared {
  readonly config: Config;
  readonly listenerManager: ListenerManager;
  readonly outboundRoutes: OutboundRoutes;
}

/**
 * Builds every object of a sidecar from its configuration, and connects them. Nothing is started:
 * no socket, no timer, no file but those of the access logs.
 *
 * A request meets the layers in this order, and each stands where it stands for a reason:
 *
 * 1. The codec, outermost: it alone knows the wire. What it cannot read never becomes a request.
 * 2. The connection manager: the checks of the head, the header rules and the route come before
 *    any filter, so that filters see only requests that are well formed and know whether they are
 *    trusted.
 * 3. The filters, in their configured order. Responses, local replies too, pass them in the same
 *    order.
 * 4. The router, last among the filters. Its time-out is outside of the attempts, so that all of
 *    them share it.
 * 5. The cluster's balancer, once for each attempt: a second attempt may get another host.
 * 6. The circuit breakers, behind the choice of the host: what is limited is what waits for this
 *    cluster, and a request that finds an idle connection is never refused.
 * 7. The connection, innermost. It reports how it ended as a value, and everything above decides.
 */
export async function assemble(config: Config, options: AssemblyOptions): Promise<Assembly> {
  const { clock, random, log, resolver, mounts } = options;
  const wheel = new TimerWheel(clock);
  const stats = new StatsStore();
  const serverState = new ServerState(clock);
  const accessLogs = new AccessLogManager({
    clock,
    ...(options.accessLogFlushIntervalMs === undefined
      ? {}
      : { flushIntervalMs: options.accessLogFlushIntervalMs }),
  });
  stats.register('server', new ServerStats(serverState));
  stats.register('filesystem', accessLogs.stats);
  const clusterManager = new ClusterManager(config.clusterManager, {
    clock,
    wheel,
    random,
    log,
    stats,
    connector: new SocketConnector(options.connectTo),
    resolver,
    mounts,
  });
  const shared: Shared = { options, wheel, stats, serverState, accessLogs, clusterManager };
  try {
    return { config, ...shared, ...(await createDoors(config, shared)) };
  } catch (error) {
    // One of several access logs cannot be opened; the others are.
    await accessLogs.close();
    throw error;
  }
}

/** Creates what requests come in by: the listeners, and the routes of outbound calls. */
async function createDoors(
  config: Config,
  shared: Shared,
): Promise<Pick<Assembly, 'listenerManager' | 'outboundRoutes'>> {
  const { options, stats, clusterManager } = shared;
  const listeners: Listener[] = [];
  const outboundManagers: ConnectionManager[] = [];
  for (const listenerConfig of config.listeners) {
    const routes = new RouteTable(listenerConfig.connectionManager.routeConfig);
    listeners.push(await createListener(listenerConfig, routes, shared));
    if (options.outboundListeners?.includes(listenerConfig.name) ?? true) {
      outboundManagers.push(await createOutboundManager(listenerConfig, routes, shared));
    }
  }
  outboundManagers.push(
    await createManager(byNameConfig, new ClusterNameRoutes(clusterManager), shared),
  );
  const listenerManagerStats = new ListenerManagerStats();
  stats.register('listener_manager', listenerManagerStats);
  return {
    listenerManager: new ListenerManager(listeners, options.listenOn, listenerManagerStats),
    outboundRoutes: new OutboundRoutes(outboundManagers),
  };
}

async function createListener(
  config: ListenerConfig,
  routes: RouteTable,
  shared: Shared,
): Promise<Listener> {
  const manager = await createManager(config.connectionManager, routes, shared);
  const address = formatAddress(config.address).replace('tcp://', '');
  const scope = `listener.${address}`;
  const listenerStats = new ListenerStats();
  shared.stats.register(scope, listenerStats);
  const { statPrefix } = config.connectionManager;
  shared.stats.register(`${scope}.http.${statPrefix}`, manager.context.listenerStats);
  return new Listener(config, manager, listenerStats, shared.wheel);
}

/**
 * Outbound calls take a listener's routes and filters as the requests of an internal peer would:
 * the application's own `x-envoy-...` headers are to work.
 */
function createOutboundManager(
  config: ListenerConfig,
  routes: RouteTable,
  shared: Shared,
): Promise<ConnectionManager> {
  return createManager({ ...config.connectionManager, useRemoteAddress: true }, routes, shared);
}

async function createManager(
  config: ConnectionManagerConfig,
  routeTable: RouteMatch,
  shared: Shared,
): Promise<ConnectionManager> {
  const { options, wheel, clusterManager, serverState } = shared;
  const stats = new ConnectionManagerStats();
  shared.stats.register(`http.${config.statPrefix}`, stats);
  const accessLogs: AccessLog[] = [];
  for (const { path } of config.accessLogs) {
    const accessLog = await shared.accessLogs.createAccessLog(path);
    if (accessLog instanceof Error) {
      throw new SidecarError('SIDECAR_ACCESS_LOG_FAILED', accessLog.message, { cause: accessLog });
    }
    accessLogs.push(accessLog);
  }
  const context: ConnectionManagerContext = {
    config,
    routeTable,
    filterFactories: createFilterFactories(config.filters, {
      clusterManager,
      stats,
      statsStore: shared.stats,
      scope: `http.${config.statPrefix}`,
      clock: options.clock,
      wheel,
      random: options.random,
      runtime: defaultRuntime,
      serverState,
      serviceCluster: options.serviceCluster,
    }),
    accessLogs,
    stats,
    listenerStats: new ListenerHttpStats(),
    serverState,
    clock: options.clock,
    random: options.random,
    log: options.log,
    serviceCluster: options.serviceCluster,
    serviceNode: options.serviceNode,
  };
  return new ConnectionManager(context);
}

/** The connection manager of outbound calls that go to a cluster by its name. */
const byNameConfig: ConnectionManagerConfig = {
  ...defaultConnectionManager,
  statPrefix: 'outbound',
  useRemoteAddress: true,
};
