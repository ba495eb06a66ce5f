import type { RequestHead } from '../http/message.js';
import { compileCheckedPattern } from '../router/checked-pattern.js';
import { catchAllVirtualCluster } from '../router/virtual-clusters.js';
import type { VirtualHost } from '../router/virtual-host.js';
import type { Explanation } from './explanation.js';

/** Says which domain chose a virtual host, and as what the request is counted. */
export function explainVirtualHost(
  { config }: VirtualHost,
  head: RequestHead,
): NonNullable<Explanation['virtualHost']> {
  return {
    name: config.name,
    domain: findDomain(config.domains, head.authority.toLowerCase()),
    virtualCluster: findVirtualCluster(config.virtualClusters, head),
  };
}

/** The same order as in the route table: exact, the longest suffix, the star. */
function findDomain(domains: readonly string[], authority: string): string {
  const exact = domains.find((domain) => domain.toLowerCase() === authority);
  const suffixes = domains
    .filter((domain) => domain.length > 1 && domain.startsWith('*'))
    .filter((domain) => authority.length >= domain.length)
    .filter((domain) => authority.endsWith(domain.slice(1).toLowerCase()))
    .sort((a, b) => b.length - a.length);
  return exact ?? suffixes[0] ?? '*';
}

function findVirtualCluster(
  clusters: VirtualHost['config']['virtualClusters'],
  { method, path }: RequestHead,
): string | undefined {
  if (clusters.length === 0) {
    return undefined;
  }
  const found = clusters.find(
    (cluster) =>
      (cluster.method === undefined || cluster.method === method) &&
      compileCheckedPattern(cluster.pattern).matchesWhole(path),
  );
  return found?.name ?? catchAllVirtualCluster;
}
