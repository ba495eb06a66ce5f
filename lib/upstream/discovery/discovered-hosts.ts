import { formatHostPort, type TcpAddress } from '../../config/address.js';
import type { SdsHostConfig } from '../../config/sds-response.js';
import type { Cluster } from '../cluster.js';
import { type Host, healthFlag } from '../host.js';
import { createUncheckedHost } from './unchecked-host.js';

/**
 * Makes the hosts that discovery has found the members of a cluster: reference 4.10.
 *
 * Hosts are matched by address; of a known one only the weight is updated, and of several with one
 * address the first counts. If the cluster checks the health of its hosts, one that discovery no
 * longer tells of stays a member as long as it passes: a registry may be wrong, and the host itself
 * knows better. It goes with the first answer after it has failed. Being ejected is no such failure.
 */
export function applyDiscoveredHosts(cluster: Cluster, found: readonly SdsHostConfig[]): void {
  const known = new Map(cluster.hostSet.hosts.map((host) => [host.address, host]));
  const hosts = new Map<string, Host>();
  for (const entry of found) {
    const target: TcpAddress = { kind: 'tcp', host: entry.address, port: entry.port };
    const address = formatHostPort(target);
    if (hosts.has(address)) {
      continue;
    }
    const { zone, canary: isCanary, weight } = entry;
    const host =
      known.get(address) ?? createUncheckedHost(cluster, target, { zone, isCanary, weight });
    host.weight = weight;
    hosts.set(address, host);
  }
  if (cluster.config.healthCheck !== undefined) {
    for (const [address, host] of known) {
      if (!hosts.has(address) && !host.hasHealthFlag(healthFlag.failedActiveHc)) {
        hosts.set(address, host);
      }
    }
  }
  cluster.updateHosts([...hosts.values()]);
}
