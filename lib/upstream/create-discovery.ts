import type { SdsConfig } from '../config/cluster-manager-config.js';
import type { Cluster } from './cluster.js';
import type { ClusterEntryContext } from './cluster-manager-context.js';
import type { Discovery } from './discovery/discovery.js';
import { LogicalDnsDiscovery } from './discovery/logical-dns.js';
import type { RestPollContext } from './discovery/rest-poll.js';
import { SdsDiscovery } from './discovery/sds.js';
import { StaticDiscovery } from './discovery/static.js';
import { MountDiscovery } from './mounted-host.js';

/** Returns what finds the hosts of a cluster. */
export function createDiscovery(cluster: Cluster, context: ClusterEntryContext): Discovery {
  const { clock, log, connector, resolver, mounts } = context;
  const mounted = mounts.get(cluster.name);
  if (mounted !== undefined) {
    return new MountDiscovery(cluster, mounted, log);
  }
  const { discovery } = cluster.config;
  switch (discovery.type) {
    case 'static':
      return new StaticDiscovery(cluster, discovery.hosts);
    case 'logical_dns': {
      const resolveConnectTo = connector.resolve.bind(connector);
      const dns = { clock, log, resolver, resolveConnectTo };
      return new LogicalDnsDiscovery(cluster, discovery, dns);
    }
    case 'sds': {
      const poll = sdsPollContext(context.sds, context);
      return poll === undefined
        ? // The configuration was checked for this; nothing to discover then.
          new StaticDiscovery(cluster, [])
        : new SdsDiscovery(cluster, discovery.serviceName, poll);
    }
    case 'strict_dns':
    case 'original_dst':
      // The parser leaves such clusters out.
      return new StaticDiscovery(cluster, []);
  }
}

function sdsPollContext(
  sds: SdsConfig | undefined,
  context: ClusterEntryContext,
): RestPollContext | undefined {
  return sds && context.restPollContext(sds.cluster.name, sds.refreshDelayMs);
}
