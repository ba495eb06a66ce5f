import type { DiscoveryConfig } from '../config/cluster-config.js';
import { isSameConfig } from '../config/same-config.js';
import type { Cluster } from './cluster.js';
import { Host, healthFlag } from './host.js';

/**
 * Gives a cluster the hosts of the one that it replaces, if discovery has told it of none yet, as
 * when it could not be asked. The last good answer counts, whatever else is new about the cluster:
 * reference 4.9. It is forgotten with the next answer.
 */
export function inheritHosts(cluster: Cluster, previous: Cluster): void {
  const { discovery, healthCheck } = cluster.config;
  if (
    cluster.areHostsKnown ||
    !isSameConfig(originOf(discovery), originOf(previous.config.discovery))
  ) {
    return;
  }
  const hosts = previous.hostSet.hosts.flatMap((host) => {
    if (host.target === undefined) {
      return [];
    }
    const heir = new Host(cluster.hostContext, host.target, host);
    const isFailed = healthCheck !== undefined && host.hasHealthFlag(healthFlag.failedActiveHc);
    heir.setHealthFlag(healthFlag.failedActiveHc, isFailed);
    return [heir];
  });
  if (hosts.length > 0) {
    cluster.updateHosts(hosts);
  }
}

/** Whom the hosts belong to, but not who is asked for them, nor how often. */
function originOf(discovery: DiscoveryConfig): unknown {
  switch (discovery.type) {
    case 'sds':
      return discovery.serviceName;
    case 'strict_dns':
      return discovery.hosts;
    case 'logical_dns':
      return discovery.host;
    case 'static':
    case 'original_dst':
      // They ask nobody.
      return discovery;
  }
}
