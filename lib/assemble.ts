import type { AssemblyOptions } from './assembly/assembly-options.js';
import { CallTracing } from './assembly/call-tracing.js';
import { ConfigurationUpdater } from './assembly/configuration-updater.js';
import { createConnectionManager } from './assembly/create-connection-manager.js';
import { createListenerEntry } from './assembly/create-listener-entry.js';
import { type ListenerFiles, loadListenerFiles } from './assembly/listener-files.js';
import { loadClusterParts } from './assembly/load-cluster-parts.js';
import { loadRateLimitService } from './assembly/load-rate-limit-service.js';
import { loadedCertificates } from './assembly/loaded-certificates.js';
import type { SharedParts } from './assembly/shared-parts.js';
import { LayeredRuntime } from './base/runtime/layered-runtime.js';
import { TimerWheel } from './base/timer-wheel.js';
import { daysUntilFirstExpiry } from './base/tls/loaded-certificate.js';
import type { Config } from './config/config.js';
import {
  type ConnectionManagerConfig,
  defaultConnectionManager,
} from './config/connection-manager-config.js';
import type { ConnectionManager } from './downstream/connection-manager.js';
import type { ListenerEntry } from './downstream/listener-entry.js';
import { ListenerManager } from './downstream/listener-manager.js';
import { ListenerTlsManager } from './downstream/tls/listener-tls-manager.js';
import { ClusterNameRoutes } from './egress/cluster-name-routes.js';
import { OutboundRoutes } from './egress/outbound-route.js';
import { ServerState } from './http/server-state.js';
import { AccessLogManager } from './telemetry/access-log/access-log-manager.js';
import { ListenerManagerStats } from './telemetry/stats/listener-manager-stats.js';
import { RuntimeStats } from './telemetry/stats/runtime-stats.js';
import { ServerStats } from './telemetry/stats/server-stats.js';
import { StatsLease } from './telemetry/stats/stats-lease.js';
import { StatsStore } from './telemetry/stats/stats-store.js';
import { defaultCallTracing } from './telemetry/tracing/tracing.js';
import { ClusterManager } from './upstream/cluster-manager.js';
import { SocketConnector } from './upstream/connection/connector.js';
import { createDnsClient } from './upstream/dns/dns-client.js';
import { CurrentRateLimitService } from './upstream/rate-limit/current-rate-limit-service.js';

/** The parts of a sidecar, connected and not yet started. */
export interface Assembly extends SharedParts {
  readonly listenerManager: ListenerManager;
  readonly outboundRoutes: OutboundRoutes;
  /** Holds the configuration that is in force, and replaces it. */
  readonly updater: ConfigurationUpdater;
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
 * 5. The failure-rate breaker, where there is one, once for each attempt: an attempt that it refuses
 *    takes nobody's turn, and one that it lets through has to say what became of it.
 * 6. The cluster's balancer, likewise: a second attempt may get another host.
 * 7. The circuit breakers, behind the choice of the host: what is limited is what waits for this
 *    cluster, and a request that finds an idle connection is never refused.
 * 8. The connection, innermost. It reports how it ended as a value, and everything above decides.
 *
 * What there is once is made here. What comes and goes with its configuration is made in `assembly/`,
 * in the same way at the start and by an update: each listener with its layers 1 to 4. Clusters with
 * their layers 5 to 8 are the cluster manager's.
 */
export async function assemble(config: Config, options: AssemblyOptions): Promise<Assembly> {
  // Before all that could be left open: its files are the likeliest to be wrong.
  const files = await loadListenerFiles(config.listeners, options);
  const basics = createBasics(options, files);
  try {
    const shared = await createSharedParts(config, basics);
    return await createDoors(config, files, shared);
  } catch (error) {
    // One of several logs cannot be opened, say; the others are.
    await basics.accessLogs.close();
    throw error;
  }
}

/** What depends on no cluster. */
type Basics = Omit<SharedParts, 'clusterManager' | 'rateLimitService'>;

function createBasics(options: AssemblyOptions, { tracing }: ListenerFiles): Basics {
  const { clock, log, accessLogFlushIntervalMs: flushIntervalMs } = options;
  const wheel = new TimerWheel(clock);
  const runtimeStats = new RuntimeStats();
  const runtime = new LayeredRuntime(runtimeStats);
  return {
    options,
    wheel,
    stats: new StatsStore(),
    serverState: new ServerState(clock),
    runtime,
    runtimeStats,
    accessLogs: new AccessLogManager({
      clock,
      runtime,
      ...(flushIntervalMs === undefined ? {} : { flushIntervalMs }),
    }),
    listenerManagerStats: new ListenerManagerStats(),
    listenerTls: new ListenerTlsManager({ clock, wheel, log }),
    connector: new SocketConnector(options.connectTo),
    callTracing: new CallTracing(tracing),
  };
}

async function createSharedParts(config: Config, basics: Basics): Promise<SharedParts> {
  const { options, wheel, stats, accessLogs, listenerTls, connector } = basics;
  const { clock } = options;
  const clusterParts = await loadClusterParts(config.clusterManager, options, wheel, accessLogs);
  const clusterManager = new ClusterManager(config.clusterManager, {
    ...options,
    ...basics,
    ...clusterParts,
    resolver: options.resolver ?? createDnsClient(clock, stats),
  });
  const daysUntilExpiry = (): number =>
    daysUntilFirstExpiry(loadedCertificates({ listenerTls, clusterManager }), clock.wallNow());
  stats.register('server', new ServerStats(basics.serverState, daysUntilExpiry));
  stats.register('filesystem', accessLogs.stats);
  stats.register('runtime', basics.runtimeStats);
  stats.register('listener_manager', basics.listenerManagerStats);
  const rateLimit = await loadRateLimitService(config, { clusterManager, connector });
  return { ...basics, clusterManager, rateLimitService: new CurrentRateLimitService(rateLimit) };
}

/** Creates what requests come in by: the listeners, and the routes of outbound calls. */
async function createDoors(
  config: Config,
  files: ListenerFiles,
  shared: SharedParts,
): Promise<Assembly> {
  const { options, clusterManager, listenerManagerStats } = shared;
  const entries: ListenerEntry[] = [];
  for (const listener of config.listeners) {
    entries.push(await createListenerEntry(listener, files, clusterManager, shared));
  }
  const byName = await createByNameManager(files, shared);
  const outboundRoutes = new OutboundRoutes([]);
  const listenerManager = new ListenerManager({
    ...options,
    stats: listenerManagerStats,
    onChanged: () => {
      const current = listenerManager.entries();
      const managers = [...current.flatMap((entry) => entry.outboundManager ?? []), byName];
      shared.callTracing.extendTo(managers, current);
      outboundRoutes.replace(managers);
    },
  });
  listenerManager.replace('configured', entries);
  const updater = new ConfigurationUpdater(config, shared, listenerManager);
  return { ...shared, listenerManager, outboundRoutes, updater };
}

/** Creates the connection manager of outbound calls that go to a cluster by its name. */
function createByNameManager(
  files: ListenerFiles,
  shared: SharedParts,
): Promise<ConnectionManager> {
  return createConnectionManager(
    {
      config: { ...byNameConfig, tracing: files.tracing && defaultCallTracing },
      listener: undefined,
      routes: new ClusterNameRoutes(shared.clusterManager),
      files,
      statsLease: new StatsLease(shared.stats),
      accessLogs: [],
      listenerScope: undefined,
      isOutbound: true,
    },
    shared,
  );
}

const byNameConfig: ConnectionManagerConfig = {
  ...defaultConnectionManager,
  statPrefix: 'outbound',
  useRemoteAddress: true,
};
