import { ConfigError } from '../base/errors.js';
import type { Config } from '../config/config.js';
import { configuredClusters } from '../upstream/plan-cluster-changes.js';
import { RateLimitService } from '../upstream/rate-limit/rate-limit-service.js';
import type { SharedParts } from './shared-parts.js';

/**
 * Creates the client of the rate limit service; `undefined` if the configuration names none. Rejects
 * if the package for gRPC is missing, or if the cluster is to be spoken to by TLS: what is to be
 * encrypted must not leave in the clear.
 */
export async function loadRateLimitService(
  { rateLimitCluster: name, clusterManager: clusters }: Config,
  { clusterManager, connector }: Pick<SharedParts, 'clusterManager' | 'connector'>,
): Promise<RateLimitService | undefined> {
  if (name === undefined) {
    return undefined;
  }
  const cluster = configuredClusters(clusters).find((found) => found.name === name);
  if (cluster === undefined && clusters.cds === undefined) {
    // It is left out, of which the parser has warned.
    return undefined;
  }
  if (cluster?.tls !== undefined) {
    const path = 'rate_limit_service.config.cluster_name';
    const message = `the cluster "${name}" has an ssl_context, but gRPC is sent without TLS`;
    throw new ConfigError([{ path, message }], 'The configuration');
  }
  return RateLimitService.load(() => clusterManager.get(name), connector);
}
