import { formatAddress } from '../config/address.js';
import type { ListenerConfig } from '../config/listener-config.js';
import type { ConnectionManager } from '../downstream/connection-manager.js';
import { Listener } from '../downstream/listener.js';
import { ListenerEntry } from '../downstream/listener-entry.js';
import type { ListenerTls } from '../downstream/tls/listener-tls.js';
import { createRoutes } from '../router/create-routes.js';
import { DiscoveredRoutes } from '../router/discovered-routes.js';
import type { RouteMatch } from '../router/route-table.js';
import type { AccessLog } from '../telemetry/access-log/access-log.js';
import { ListenerStats } from '../telemetry/stats/listener-stats.js';
import { StatsLease } from '../telemetry/stats/stats-lease.js';
import { TlsStats } from '../telemetry/stats/tls-stats.js';
import { defaultCallTracing } from '../telemetry/tracing/tracing.js';
import type { ClusterDirectory } from '../upstream/cluster-directory.js';
import { createConnectionManager } from './create-connection-manager.js';
import type { ListenerFiles } from './listener-files.js';
import type { SharedParts } from './shared-parts.js';

/**
 * Creates a listener with all that is behind it; nothing is bound or asked yet. `clusters` are those
 * that its routes are for. Rejects if an access log cannot be opened, or a filter be made; nothing
 * is held then.
 */
export async function createListenerEntry(
  config: ListenerConfig,
  files: ListenerFiles,
  clusters: ClusterDirectory,
  shared: SharedParts,
): Promise<ListenerEntry> {
  const belongings = new Belongings(shared);
  try {
    const { statsLease } = belongings;
    const context = { ...shared.options, ...shared, clusters };
    const routes = createRoutes(config.connectionManager, context, statsLease);
    const routeDiscovery = routes instanceof DiscoveredRoutes ? routes : undefined;
    belongings.routeDiscovery = routeDiscovery;
    const building: Building = { config, routes, files, belongings, shared };
    const listener = await createListener(building);
    const outboundManager = await createOutboundManager(building);
    const release = (): void => belongings.release();
    return new ListenerEntry({ listener, routes, routeDiscovery, outboundManager, release });
  } catch (error) {
    belongings.release();
    throw error;
  }
}

/** What a listener that is being created is made from. */
interface Building {
  readonly config: ListenerConfig;
  readonly routes: RouteMatch;
  readonly files: ListenerFiles;
  readonly belongings: Belongings;
  readonly shared: SharedParts;
}

/** What a listener holds, and gives back when it is gone. */
class Belongings {
  readonly statsLease: StatsLease;
  readonly accessLogs: AccessLog[] = [];
  routeDiscovery: DiscoveredRoutes | undefined = undefined;
  tls: ListenerTls | undefined = undefined;
  readonly #shared: SharedParts;

  constructor(shared: SharedParts) {
    this.#shared = shared;
    this.statsLease = new StatsLease(shared.stats);
  }

  release(): void {
    this.statsLease.release();
    this.routeDiscovery?.release();
    for (const accessLog of this.accessLogs.splice(0)) {
      void this.#shared.accessLogs.release(accessLog);
    }
    if (this.tls !== undefined) {
      this.#shared.listenerTls.remove(this.tls);
    }
  }
}

async function createListener(building: Building): Promise<Listener> {
  const { config, routes, files, belongings, shared } = building;
  const { statsLease } = belongings;
  const scope = `listener.${formatAddress(config.address).replace('tcp://', '')}`;
  const manager = await createConnectionManager(
    {
      ...belongings,
      config: config.connectionManager,
      listener: config,
      routes,
      files,
      listenerScope: scope,
      isOutbound: false,
    },
    shared,
  );
  const tlsStats = config.tls && statsLease.share(`${scope}.ssl`, TlsStats);
  belongings.tls = tlsStats && shared.listenerTls.create(config, files.tlsMaterials, tlsStats);
  const stats = statsLease.share(scope, ListenerStats);
  return new Listener(config, manager, stats, shared.wheel, belongings.tls);
}

/**
 * Outbound calls take a listener's routes and filters as the requests of an internal peer would:
 * the application's own `x-envoy-...` headers are to work. Traced they are as what goes out, also
 * where the listener does not say so: it speaks of the requests that come in by it.
 */
async function createOutboundManager(building: Building): Promise<ConnectionManager | undefined> {
  const { config: listener, routes, files, belongings, shared } = building;
  if (shared.options.outboundListeners?.includes(listener.name) === false) {
    return undefined;
  }
  const { tracing: inbound } = listener.connectionManager;
  const { operationName } = defaultCallTracing;
  const tracing = files.tracing && { ...defaultCallTracing, ...inbound, operationName };
  const config = { ...listener.connectionManager, useRemoteAddress: true, tracing };
  return createConnectionManager(
    { ...belongings, config, listener, routes, files, listenerScope: undefined, isOutbound: true },
    shared,
  );
}
