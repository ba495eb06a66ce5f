import type { Logger } from '../base/log.js';
import type { Runtime } from '../base/runtime.js';
import type { ConnectionManagerConfig } from '../config/connection-manager-config.js';
import type { RouteTableConfig } from '../config/route-table-config.js';
import { RouteDiscoveryStats } from '../telemetry/stats/route-discovery-stats.js';
import type { StatsStore } from '../telemetry/stats/stats-store.js';
import type { VirtualClusterStats } from '../telemetry/stats/virtual-cluster-stats.js';
import type { ClusterManager } from '../upstream/cluster-manager.js';
import { DiscoveredRoutes } from './discovered-routes.js';
import { RouteTable } from './route-table.js';

/** What the routes of all connection managers have in common. */
export interface RoutesContext {
  readonly clusterManager: ClusterManager;
  readonly runtime: Runtime;
  readonly stats: StatsStore;
  readonly virtualClusters: VirtualClusterStats;
  readonly log: Logger;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  /** What an unsupported key does in what is discovered. */
  readonly unsupported: 'error' | 'warn';
}

/** Returns the routes of a connection manager: its own table, or the one that is discovered. */
export function createRoutes(
  { rds, routeConfig, statPrefix }: ConnectionManagerConfig,
  context: RoutesContext,
): RouteTable | DiscoveredRoutes {
  const { clusterManager, runtime, stats, virtualClusters } = context;
  const { log, serviceCluster, serviceNode, unsupported } = context;
  const createTable = (config: RouteTableConfig): RouteTable =>
    new RouteTable(config, runtime, (host, name) => virtualClusters.of(host, name));
  const poll = rds && clusterManager.restPollContext(rds.cluster, rds.refreshDelayMs);
  if (rds === undefined || poll === undefined) {
    return createTable(routeConfig);
  }
  const { routeConfigName } = rds;
  const discoveryStats = new RouteDiscoveryStats();
  stats.register(`http.${statPrefix}.rds.${routeConfigName}`, discoveryStats);
  return new DiscoveredRoutes(routeConfig, {
    poll,
    log,
    stats: discoveryStats,
    routeConfigName,
    serviceCluster,
    serviceNode,
    unsupported,
    clusterNames: () => Array.from(clusterManager.clusters(), ({ name }) => name),
    createTable,
  });
}
