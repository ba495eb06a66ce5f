import type { TracerProvider } from '@opentelemetry/api';
import type { Clock } from './base/clock.js';
import { SidecarError } from './base/errors.js';
import type { Logger } from './base/log.js';
import type { Random } from './base/random.js';
import { LayeredRuntime, type RuntimeCounts } from './base/runtime/layered-runtime.js';
import { RuntimeLoader } from './base/runtime/runtime-loader.js';
import { TimerWheel } from './base/timer-wheel.js';
import { type Address, formatAddress, type TcpAddress } from './config/address.js';
import type { Config } from './config/config.js';
import {
  type ConnectionManagerConfig,
  defaultConnectionManager,
} from './config/connection-manager-config.js';
import type { ListenerConfig } from './config/listener-config.js';
import { defaultBufferLimitBytes } from './config/shared-keys.js';
import { ConnectionManager } from './downstream/connection-manager.js';
import type { ConnectionManagerContext } from './downstream/connection-manager-context.js';
import { Listener } from './downstream/listener.js';
import { ListenerManager } from './downstream/listener-manager.js';
import { ListenerTlsManager } from './downstream/tls/listener-tls-manager.js';
import { ClusterNameRoutes } from './egress/cluster-name-routes.js';
import { OutboundRoutes } from './egress/outbound-route.js';
import { createFilterFactories } from './filters/filter-registry.js';
import { type LuaScripts, loadLuaScripts } from './filters/lua/load-lua-scripts.js';
import { loadTranscoders, type Transcoders } from './filters/transcoder/load-transcoders.js';
import type { HttpFilterFactory } from './http/own-filter.js';
import { ServerState } from './http/server-state.js';
import { createRoutes } from './router/create-routes.js';
import { DiscoveredRoutes } from './router/discovered-routes.js';
import type { RetryOptions } from './router/retry-options.js';
import type { RouteMatch } from './router/route-table.js';
import type { AccessLog } from './telemetry/access-log/access-log.js';
import { AccessLogManager } from './telemetry/access-log/access-log-manager.js';
import { ConnectionManagerStats } from './telemetry/stats/connection-manager-stats.js';
import { ListenerHttpStats } from './telemetry/stats/listener-http-stats.js';
import { ListenerManagerStats } from './telemetry/stats/listener-manager-stats.js';
import { ListenerStats } from './telemetry/stats/listener-stats.js';
import { ListenerTlsStats } from './telemetry/stats/listener-tls-stats.js';
import { RuntimeStats } from './telemetry/stats/runtime-stats.js';
import { ServerStats } from './telemetry/stats/server-stats.js';
import { StatsStore } from './telemetry/stats/stats-store.js';
import { VirtualClusterStats } from './telemetry/stats/virtual-cluster-stats.js';
import { Tracing } from './telemetry/tracing/tracing.js';
import { ClusterManager } from './upstream/cluster-manager.js';
import { SocketConnector } from './upstream/connection/connector.js';
import type { Discovery } from './upstream/discovery/discovery.js';
import type { DnsResolver } from './upstream/discovery/dns-resolver.js';
import type { MountedApplication } from './upstream/mounted-host.js';
import { RateLimitService } from './upstream/rate-limit/rate-limit-service.js';

/** What a sidecar is built from, beside its configuration. */
export interface AssemblyOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly resolver: DnsResolver;
  readonly log: Logger;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly serviceZone: string;
  readonly tracerProvider: TracerProvider | undefined;
  readonly mounts: ReadonlyMap<string, MountedApplication>;
  /** Configured address, as a URL, to where to bind instead. */
  readonly listenOn: ReadonlyMap<string, TcpAddress>;
  /** Configured `host:port` to where to connect instead. */
  readonly connectTo: ReadonlyMap<string, Address>;
  /** Names of the listeners whose routes outbound calls take; `undefined` for all. */
  readonly outboundListeners: readonly string[] | undefined;
  readonly accessLogFlushIntervalMs: number | undefined;
  /** What an unsupported key does in what is discovered. */
  readonly unsupported: 'error' | 'warn';
  readonly retryOptions: RetryOptions;
  /** The filters that the application brings itself, by name. */
  readonly httpFilters: ReadonlyMap<string, HttpFilterFactory>;
}

/** What the connection managers of all listeners have in common. */
interface Shared {
  readonly options: AssemblyOptions;
  readonly wheel: TimerWheel;
  readonly stats: StatsStore;
  readonly serverState: ServerState;
  /** One for all: a share means the same wherever it is asked for. */
  readonly runtime: LayeredRuntime;
  readonly accessLogs: AccessLogManager;
  readonly listenerTls: ListenerTlsManager;
  readonly clusterManager: ClusterManager;
  /** `undefined` if the configuration names no such service. */
  readonly rateLimitService: RateLimitService | undefined;
  readonly transcoders: Transcoders;
  readonly luaScripts: LuaScripts;
  /** `undefined` if no listener traces. */
  readonly tracing: Tracing | undefined;
}

/** The parts of a sidecar, connected and not yet started. */
export interface Assembly extends Shared {
  readonly config: Config;
  /** `undefined` if the configuration names no tree of runtime values. */
  readonly runtimeLoader: RuntimeLoader | undefined;
  readonly listenerManager: ListenerManager;
  readonly outboundRoutes: OutboundRoutes;
  /** The routes of each listener. */
  readonly routes: ReadonlyMap<ListenerConfig, RouteMatch>;
  /** What discovers route tables, once the clusters have their hosts. */
  readonly routeDiscoveries: readonly Discovery[];
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
  // Before all that could be left open: its files are the likeliest to be wrong.
  const listenerTls = await ListenerTlsManager.load(config.listeners, { clock, wheel, log });
  const luaScripts = await loadLuaScripts(config.listeners, { clock, log });
  const transcoders = await loadTranscoders(config.listeners, log);
  const tracing = await Tracing.load(config.listeners, options);
  const stats = new StatsStore();
  const serverState = new ServerState(clock);
  const runtimeStats = new RuntimeStats();
  const runtime = new LayeredRuntime(runtimeStats);
  const accessLogs = new AccessLogManager({
    clock,
    runtime,
    ...(options.accessLogFlushIntervalMs === undefined
      ? {}
      : { flushIntervalMs: options.accessLogFlushIntervalMs }),
  });
  stats.register(
    'server',
    new ServerStats(serverState, () => listenerTls.daysUntilFirstCertExpiring()),
  );
  stats.register('filesystem', accessLogs.stats);
  stats.register('runtime', runtimeStats);
  const connector = new SocketConnector(options.connectTo);
  const clusterManager = new ClusterManager(config.clusterManager, {
    clock,
    wheel,
    random,
    runtime,
    log,
    stats,
    connector,
    resolver,
    mounts,
  });
  const rateLimitCluster = clusterManager.get(config.rateLimitCluster ?? '');
  const shared: Shared = {
    options,
    wheel,
    stats,
    serverState,
    runtime,
    accessLogs,
    listenerTls,
    clusterManager,
    luaScripts,
    rateLimitService:
      rateLimitCluster && (await RateLimitService.load(rateLimitCluster, connector)),
    transcoders,
    tracing,
  };
  try {
    const runtimeLoader = createRuntimeLoader(config, options, runtime, runtimeStats);
    return { config, ...shared, runtimeLoader, ...(await createDoors(config, shared)) };
  } catch (error) {
    // One of several access logs cannot be opened; the others are.
    await accessLogs.close();
    throw error;
  }
}

function createRuntimeLoader(
  { runtime: config }: Config,
  { serviceCluster, log }: AssemblyOptions,
  runtime: LayeredRuntime,
  counts: RuntimeCounts,
): RuntimeLoader | undefined {
  if (config === undefined) {
    return undefined;
  }
  const { symlinkRoot, subdirectory, overrideSubdirectory } = config;
  // The name of one folder: without one, Envoy would take the folders of all service clusters for keys.
  const isFolderName = !/^\.{0,2}$|\//.test(serviceCluster);
  const override =
    overrideSubdirectory !== undefined && isFolderName
      ? `${overrideSubdirectory}/${serviceCluster}`
      : undefined;
  const folders = { symlinkRoot, subdirectory, override };
  return new RuntimeLoader({ folders, runtime, counts, log });
}

/** Creates what requests come in by: the listeners, and the routes of outbound calls. */
async function createDoors(
  config: Config,
  shared: Shared,
): Promise<Pick<Assembly, 'listenerManager' | 'outboundRoutes' | 'routes' | 'routeDiscoveries'>> {
  const { options, stats, clusterManager } = shared;
  const listeners: Listener[] = [];
  const outboundManagers: ConnectionManager[] = [];
  const routesOf = new Map<ListenerConfig, RouteMatch>();
  const routeDiscoveries: Discovery[] = [];
  const routesContext = { ...options, ...shared, virtualClusters: new VirtualClusterStats(stats) };
  for (const listenerConfig of config.listeners) {
    const { connectionManager } = listenerConfig;
    const routes = createRoutes(connectionManager, routesContext);
    routesOf.set(listenerConfig, routes);
    if (routes instanceof DiscoveredRoutes) {
      routeDiscoveries.push(routes);
    }
    listeners.push(await createListener(listenerConfig, routes, shared));
    if (options.outboundListeners?.includes(listenerConfig.name) ?? true) {
      outboundManagers.push(await createOutboundManager(listenerConfig, routes, shared));
    }
  }
  outboundManagers.push(
    await createManager(byNameConfig, undefined, new ClusterNameRoutes(clusterManager), shared),
  );
  const listenerManagerStats = new ListenerManagerStats();
  stats.register('listener_manager', listenerManagerStats);
  return {
    listenerManager: new ListenerManager(listeners, options.listenOn, listenerManagerStats),
    outboundRoutes: new OutboundRoutes(outboundManagers),
    routes: routesOf,
    routeDiscoveries,
  };
}

async function createListener(
  config: ListenerConfig,
  routes: RouteMatch,
  shared: Shared,
): Promise<Listener> {
  const manager = await createManager(config.connectionManager, config, routes, shared);
  const address = formatAddress(config.address).replace('tcp://', '');
  const scope = `listener.${address}`;
  const listenerStats = new ListenerStats();
  shared.stats.register(scope, listenerStats);
  const { statPrefix } = config.connectionManager;
  shared.stats.register(`${scope}.http.${statPrefix}`, manager.context.listenerStats);
  const tlsStats = new ListenerTlsStats();
  const tls = shared.listenerTls.create(config, tlsStats);
  if (tls !== undefined) {
    shared.stats.register(`${scope}.ssl`, tlsStats);
  }
  return new Listener(config, manager, listenerStats, shared.wheel, tls);
}

/**
 * Outbound calls take a listener's routes and filters as the requests of an internal peer would:
 * the application's own `x-envoy-...` headers are to work. Traced they are as what goes out.
 */
function createOutboundManager(
  config: ListenerConfig,
  routes: RouteMatch,
  shared: Shared,
): Promise<ConnectionManager> {
  const { tracing: inbound } = config.connectionManager;
  const tracing = inbound && { ...inbound, operationName: 'egress' as const };
  const managerConfig = { ...config.connectionManager, useRemoteAddress: true, tracing };
  return createManager(managerConfig, config, routes, shared, true);
}

async function createManager(
  config: ConnectionManagerConfig,
  listener: ListenerConfig | undefined,
  routeTable: RouteMatch,
  shared: Shared,
  isOutbound = false,
): Promise<ConnectionManager> {
  const { options, wheel, clusterManager, serverState } = shared;
  const stats = new ConnectionManagerStats();
  const scope = `http.${config.statPrefix}`;
  shared.stats.register(scope, stats);
  shared.stats.register(`${scope}.tracing`, stats.tracing);
  shared.stats.register(`${scope}.user_agent.ios`, stats.ios);
  shared.stats.register(`${scope}.user_agent.android`, stats.android);
  const accessLogs: AccessLog[] = [];
  for (const { path, format, filter } of config.accessLogs) {
    const accessLog = await shared.accessLogs.createAccessLog(path, format, filter);
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
      scope,
      clock: options.clock,
      wheel,
      random: options.random,
      runtime: shared.runtime,
      retryOptions: options.retryOptions,
      serverState,
      serviceCluster: options.serviceCluster,
      serviceNode: options.serviceNode,
      log: options.log,
      httpFilters: options.httpFilters,
      rateLimitService: shared.rateLimitService,
      transcoders: shared.transcoders,
      luaScripts: shared.luaScripts,
    }),
    tunnels: { clusterManager, wheel, log: options.log },
    bufferLimitBytes: listener?.perConnectionBufferLimitBytes ?? defaultBufferLimitBytes,
    accessLogs,
    tracer: shared.tracing?.createTracer(config.tracing, isOutbound),
    stats,
    listenerStats: new ListenerHttpStats(),
    serverState,
    clock: options.clock,
    random: options.random,
    runtime: shared.runtime,
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
