import type { SdsConfig } from '../config/cluster-manager-config.js';
import type { Cluster } from './cluster.js';
import type { ClusterEntryContext } from './cluster-manager-context.js';
import type { Discovery } from './discovery/discovery.js';
import { LogicalDnsDiscovery } from './discovery/logical-dns.js';
import { RegistrationsDiscovery } from './discovery/registrations.js';
import type { RestPollContext } from './discovery/rest-poll.js';
import { SdsDiscovery } from './discovery/sds.js';
import { StaticDiscovery } from './discovery/static.js';
import { StrictDnsDiscovery } from './discovery/strict-dns.js';
import { MountDiscovery } from './mounted-host.js';
import { SecuredDiscovery } from './tls/secured-discovery.js';

/** Returns what finds the hosts of a cluster, once it is known how to connect to them. */
export function createDiscovery(cluster: Cluster, context: ClusterEntryContext): Discovery {
  const mounted = context.mounts.get(cluster.name);
  if (mounted !== undefined) {
    const { clock, log, requestContext: policy } = context;
    return new MountDiscovery(cluster, mounted, log, {
      clock,
      policy,
      hasOtherClusters: () => hasOther(context.names(), cluster.name),
    });
  }
  const discovery = createHostDiscovery(cluster, context);
  return cluster.tls === undefined ? discovery : new SecuredDiscovery(cluster.tls, discovery);
}

function hasOther(names: Iterable<string>, own: string): boolean {
  for (const name of names) {
    if (name !== own) {
      return true;
    }
  }
  return false;
}

function createHostDiscovery(cluster: Cluster, context: ClusterEntryContext): Discovery {
  const { clock, log, connector, resolver } = context;
  const { discovery } = cluster.config;
  switch (discovery.type) {
    case 'static':
      return new StaticDiscovery(cluster, discovery.hosts);
    case 'strict_dns':
    case 'logical_dns': {
      const resolveConnectTo = connector.resolve.bind(connector);
      const dns = { clock, log, resolver, resolveConnectTo };
      return discovery.type === 'strict_dns'
        ? new StrictDnsDiscovery(cluster, discovery, dns)
        : new LogicalDnsDiscovery(cluster, discovery, dns);
    }
    case 'sds': {
      const { registrations } = context;
      if (registrations !== undefined) {
        const source = { registrations, clock, log };
        return new RegistrationsDiscovery(cluster, discovery.serviceName, source);
      }
      const poll = sdsPollContext(context.sds, context);
      return poll === undefined
        ? // The configuration was checked for this; nothing to discover then.
          new StaticDiscovery(cluster, [])
        : new SdsDiscovery(cluster, discovery.serviceName, poll);
    }
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
