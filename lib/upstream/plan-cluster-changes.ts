import type { ClusterConfig } from '../config/cluster-config.js';
import type { ClusterManagerConfig, SdsConfig } from '../config/cluster-manager-config.js';
import { isSameConfig } from '../config/same-config.js';
import type { Cluster } from './cluster.js';
import type { ClusterChanges } from './cluster-update.js';

/** Returns every cluster of a configuration: that of a discovery service is an ordinary one, too. */
export function configuredClusters({
  clusters,
  sds,
  cds,
}: ClusterManagerConfig): readonly ClusterConfig[] {
  return [
    ...(sds === undefined ? [] : [sds.cluster]),
    ...(cds === undefined ? [] : [cds.cluster]),
    ...clusters,
  ];
}

/** Compares a configuration with the one in force, whose clusters are `current`. */
export function planClusterChanges(
  from: ClusterManagerConfig,
  config: ClusterManagerConfig,
  current: Iterable<Cluster>,
): ClusterChanges {
  const wanted = new Map(configuredClusters(config).map((cluster) => [cluster.name, cluster]));
  const asksAnew = !isSameSource(from.sds, config.sds);
  const removed = new Set<string>();
  for (const { name, addedViaApi, config: known } of current) {
    const isDiscovered = addedViaApi && config.cds !== undefined;
    const found = wanted.get(name) ?? (isDiscovered ? known : undefined);
    if (found === undefined) {
      removed.add(name);
    } else if (isSameConfig(found, known) && !(asksAnew && known.discovery.type === 'sds')) {
      wanted.delete(name);
    } else {
      wanted.set(name, found);
    }
  }
  return { config, changed: [...wanted.values()], removed };
}

/** Whether clusters of type `sds` ask the same service as often; it may be defined anew. */
function isSameSource(a: SdsConfig | undefined, b: SdsConfig | undefined): boolean {
  return a?.cluster.name === b?.cluster.name && a?.refreshDelayMs === b?.refreshDelayMs;
}
