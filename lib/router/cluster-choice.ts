import { bytesOf } from '../base/byte-string.js';
import type { Runtime } from '../base/runtime.js';
import type { RouteTargetConfig } from '../config/route-action-config.js';
import type { WeightedClusterConfig } from '../config/weighted-clusters-config.js';
import type { RoutedRequest } from '../http/filter.js';
import { readRequestHeader } from './header-condition.js';

/** Names the cluster of a request; the name may be that of none. */
export type ClusterChoice = (request: RoutedRequest) => string;

/** Compiles how the cluster of a request is found: reference 2.6.4 and 2.6.5. */
export function createClusterChoice(target: RouteTargetConfig, runtime: Runtime): ClusterChoice {
  switch (target.kind) {
    case 'cluster': {
      const { cluster } = target;
      return () => cluster;
    }
    case 'cluster_header': {
      const { header } = target;
      // Without the header there is no cluster, which is answered like one that does not exist.
      return ({ requestHead }) =>
        bytesOf(readRequestHeader(requestHead, header) ?? '').toString('utf8');
    }
    case 'weighted_clusters':
      return createWeightedChoice(target.clusters, target.runtimeKeyPrefix, runtime);
  }
}

/**
 * Envoy walks the list, adding up the weights. Runtime values may make the sum another than 100:
 * above it, what comes after the hundredth starves, as in Envoy; below it, which Envoy leaves
 * undefined, the last cluster gets the rest.
 */
function createWeightedChoice(
  clusters: readonly WeightedClusterConfig[],
  keyPrefix: string | undefined,
  runtime: Runtime,
): ClusterChoice {
  const entries = clusters.map(({ name, weight }) => ({
    name,
    weight,
    key: `${keyPrefix}.${name}`,
  }));
  const last = entries.at(-1)?.name ?? '';
  return ({ stableRandom }) => {
    const selected = stableRandom % 100;
    let end = 0;
    for (const { name, weight, key } of entries) {
      end += keyPrefix === undefined ? weight : runtime.integer(key, weight);
      if (selected < end) {
        return name;
      }
    }
    return last;
  };
}
