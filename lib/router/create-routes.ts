import type { Logger } from '../base/log.js';
import type { Runtime } from '../base/runtime.js';
import type { ConnectionManagerConfig } from '../config/connection-manager-config.js';
import type { RouteTableConfig } from '../config/route-table-config.js';
import { CodeStats } from '../telemetry/stats/code-stats.js';
import { DiscoveryStats } from '../telemetry/stats/discovery-stats.js';
import { StatsLease } from '../telemetry/stats/stats-lease.js';
import type { StatsStore } from '../telemetry/stats/stats-store.js';
import type { ClusterDirectory } from '../upstream/cluster-directory.js';
import { DiscoveredRoutes } from './discovered-routes.js';
import { RouteTable } from './route-table.js';

/** What the routes of all connection managers have in common. */
export interface RoutesContext {
  /** The clusters that the routes are for, of which some may be yet to come into force. */
  readonly clusters: ClusterDirectory;
  readonly runtime: Runtime;
  readonly stats: StatsStore;
  readonly log: Logger;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  /** What an unsupported key does in what is discovered. */
  readonly unsupported: 'error' | 'warn';
}

/**
 * Returns the routes of a connection manager: its own table, or the one that is discovered. Their
 * statistics go with the lease.
 */
export function createRoutes(
  { rds, routeConfig, statPrefix }: ConnectionManagerConfig,
  context: RoutesContext,
  statsLease: StatsLease,
): RouteTable | DiscoveredRoutes {
  const { clusters, runtime, stats, log, serviceCluster, serviceNode, unsupported } = context;
  const createTable = (config: RouteTableConfig, lease: StatsLease): RouteTable =>
    // Counters belong to their names: a table that replaces another counts on.
    new RouteTable(config, runtime, (virtualHost, name) =>
      lease.share(`vhost.${virtualHost}.vcluster.${name}`, CodeStats),
    );
  const poll = rds && clusters.restPollContext(rds.cluster, rds.refreshDelayMs);
  if (rds === undefined || poll === undefined) {
    return createTable(routeConfig, statsLease);
  }
  const { routeConfigName } = rds;
  return new DiscoveredRoutes(routeConfig, {
    poll,
    log,
    stats: statsLease.share(`http.${statPrefix}.rds.${routeConfigName}`, DiscoveryStats),
    routeConfigName,
    serviceCluster,
    serviceNode,
    unsupported,
    hasCds: () => clusters.areDiscovered,
    clusterNames: () => clusters.names(),
    createLease: () => new StatsLease(stats),
    createTable,
  });
}
