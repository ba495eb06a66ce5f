import type { Address } from '../../config/address.js';
import type { Cluster } from '../cluster.js';
import { Host, type HostMetadata, healthFlag } from '../host.js';

/**
 * Makes a host that the configuration or a discovery service tells of. If its cluster checks the
 * health of its hosts, it counts as failed until it has passed its first check: reference 4.1 and
 * 4.10. Hosts that DNS tells of begin healthy.
 */
export function createUncheckedHost(
  cluster: Cluster,
  target: Address,
  metadata?: Partial<HostMetadata>,
): Host {
  const host = new Host(cluster.hostContext, target, metadata);
  if (cluster.config.healthCheck !== undefined) {
    host.setHealthFlag(healthFlag.failedActiveHc, true);
  }
  return host;
}
