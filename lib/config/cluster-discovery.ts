import {
  type Address,
  formatAddress,
  isIpAddress,
  parseAddress,
  parseHostPort,
  type TcpAddress,
} from './address.js';
import { quoteText } from './describe-value.js';
import type { JsonItem, JsonReader } from './json-reader.js';
import { type discoveryTypes, dnsLookupFamilies } from './schema/cluster-schema.js';

/** Which addresses a name may resolve to. */
export type DnsLookupFamily = (typeof dnsLookupFamilies)[number];

/** How the names of a DNS cluster are resolved. */
export interface DnsConfig {
  readonly dnsRefreshRateMs: number;
  readonly dnsLookupFamily: DnsLookupFamily;
  /** Empty for those of the system. */
  readonly dnsResolvers: readonly TcpAddress[];
}

/** How a cluster finds its hosts: reference 4.1. */
export type DiscoveryConfig =
  | { readonly type: 'static'; readonly hosts: readonly Address[] }
  | ({ readonly type: 'strict_dns'; readonly hosts: readonly TcpAddress[] } & DnsConfig)
  | ({ readonly type: 'logical_dns'; readonly host: TcpAddress } & DnsConfig)
  | { readonly type: 'sds'; readonly serviceName: string }
  | { readonly type: 'original_dst'; readonly cleanupIntervalMs: number };

/** The values of a cluster's `type`. */
export type DiscoveryType = (typeof discoveryTypes)[number];

/**
 * What a cluster of type `sds` may build on: `cluster_manager.sds` is there, is missing, or is
 * left out; or the cluster is the one in it, which cannot ask itself.
 */
export type SdsState = 'present' | 'absent' | 'left out' | 'itself';

/** The keys that only some types read. */
const keysOfTypes: readonly { readonly key: string; readonly types: readonly DiscoveryType[] }[] = [
  { key: 'service_name', types: ['sds'] },
  { key: 'dns_refresh_rate_ms', types: ['strict_dns', 'logical_dns'] },
  { key: 'dns_lookup_family', types: ['strict_dns', 'logical_dns'] },
  { key: 'dns_resolvers', types: ['strict_dns', 'logical_dns'] },
  { key: 'cleanup_interval_ms', types: ['original_dst'] },
];

/** Parses what the `type` of a cluster needs; `undefined` if broken or left out. */
export function parseDiscovery(
  reader: JsonReader,
  type: DiscoveryType,
  sds: SdsState,
): DiscoveryConfig | undefined {
  warnOfUnreadKeys(reader, type);
  switch (type) {
    case 'static':
      return { type, hosts: requireHosts(reader, type).map((host) => host.value) };
    case 'strict_dns':
      return { type, hosts: requireTcpHosts(reader, type), ...readDns(reader) };
    case 'logical_dns': {
      const host = requireOneHost(reader, type);
      return host && { type, host, ...readDns(reader) };
    }
    case 'sds':
      return parseSds(reader, sds);
    case 'original_dst':
      return parseOriginalDst(reader);
  }
}

function warnOfUnreadKeys(reader: JsonReader, type: DiscoveryType): void {
  for (const { key, types } of keysOfTypes) {
    if (reader.has(key) && !types.includes(type)) {
      reader.warning(`not read, as the type of this cluster is "${type}"; remove it`, key);
    }
  }
}

function parseOriginalDst(reader: JsonReader): DiscoveryConfig {
  if (reader.has('hosts')) {
    reader.problem('a cluster of type "original_dst" takes no hosts; remove them', 'hosts');
  }
  return { type: 'original_dst', cleanupIntervalMs: reader.number('cleanup_interval_ms') ?? 5000 };
}

function parseSds(reader: JsonReader, sds: SdsState): DiscoveryConfig | undefined {
  if (reader.has('hosts')) {
    reader.warning('not read, as the hosts of a cluster of type "sds" are discovered', 'hosts');
  }
  const serviceName = reader.string('service_name');
  if (!reader.has('service_name')) {
    reader.missing('service_name');
  } else if (serviceName !== undefined && !/^[\x21-\x7e]+$/.test(serviceName)) {
    reader.problem(
      `${quoteText(serviceName)} cannot stand in the path of a request; use ASCII without blanks`,
      'service_name',
    );
  }
  if (sds === 'absent') {
    reader.problem(
      'a cluster of type "sds" needs a discovery service; add it as "sds" of the cluster_manager, ' +
        'for example "sds": { "cluster": { ... }, "refresh_delay_ms": 1000 }, or bring the hosts by ' +
        'the option registrations (--registrations)',
      'type',
    );
  } else if (sds === 'itself') {
    reader.problem(
      'the cluster of the discovery service cannot be discovered itself; use "static" or "logical_dns"',
      'type',
    );
  } else if (sds === 'left out') {
    reader.warning('the cluster is left out, as cluster_manager.sds is', 'type');
    return undefined;
  }
  return serviceName === undefined ? undefined : { type: 'sds', serviceName };
}

function readDns(reader: JsonReader): DnsConfig {
  return {
    dnsRefreshRateMs: reader.number('dns_refresh_rate_ms') ?? 5000,
    dnsLookupFamily: reader.oneOf('dns_lookup_family', dnsLookupFamilies) ?? 'v4_only',
    dnsResolvers: reader.strings('dns_resolvers').flatMap((item) => parseResolver(reader, item)),
  };
}

/** A resolver is `ip:port`, without the scheme that other addresses have: reference 1.6. */
function parseResolver(reader: JsonReader, { value, place }: JsonItem<string>): TcpAddress[] {
  const { address, problem } = parseHostPort(value.replace(/^(?:tcp|udp):\/\//, ''), 53);
  if (problem !== undefined) {
    reader.collector.problem(place, problem);
    return [];
  }
  if (value.includes('://') || !isIpAddress(address.host) || address.port === 0) {
    reader.collector.problem(
      place,
      `expected an IP address and a port, such as "10.0.0.2:53", found ${quoteText(value)}`,
    );
    return [];
  }
  return [address];
}

/** The host of a `logical_dns` cluster: Envoy refuses any other number. */
function requireOneHost(reader: JsonReader, type: DiscoveryType): TcpAddress | undefined {
  const hosts = requireTcpHosts(reader, type);
  const count = reader.lengthOf('hosts') ?? 0;
  if (count > 1) {
    reader.problem(
      `a cluster of type "logical_dns" takes exactly one host, found ${count}; keep one`,
      'hosts',
    );
  }
  return hosts[0];
}

function requireTcpHosts(reader: JsonReader, type: DiscoveryType): TcpAddress[] {
  return requireHosts(reader, type).flatMap(({ value }) => (value.kind === 'tcp' ? [value] : []));
}

/** A host, with its URL as it is written. */
interface HostItem extends JsonItem<Address> {
  readonly url: string;
}

function requireHosts(reader: JsonReader, type: DiscoveryType): HostItem[] {
  if (!reader.has('hosts')) {
    reader.missing('hosts');
  }
  const hosts = reader.objects('hosts').flatMap((host) => parseHost(host, type) ?? []);
  const first = new Map<string, string>();
  return hosts.filter(({ value, place, url }) => {
    const address = formatAddress(value);
    const before = first.get(address);
    if (before === undefined) {
      first.set(address, url);
    } else if (before !== url) {
      reader.collector.warning(place, `the same host as ${quoteText(before)}, which counts once`);
    }
    return before === undefined;
  });
}

function parseHost(host: JsonReader, type: DiscoveryType): HostItem | undefined {
  const url = host.string('url');
  if (url === undefined) {
    return undefined;
  }
  const { address, problem } = parseAddress(url);
  if (problem !== undefined) {
    host.problem(problem, 'url');
    return undefined;
  }
  if (address.kind === 'tcp') {
    checkTcpHost(host, address, type);
  } else if (type !== 'static') {
    host.problem(
      `expected "tcp://name:port", as the type of the cluster is "${type}", found a Unix socket; ` +
        'use "type": "static"',
      'url',
    );
  }
  return { value: address, place: host.placeOf('url'), url };
}

function checkTcpHost(host: JsonReader, address: TcpAddress, type: DiscoveryType): void {
  if (address.port === 0) {
    host.problem('expected a port from 1 to 65535, found 0', 'url');
  }
  if (isIpAddress(address.host)) {
    return;
  }
  if (type === 'static') {
    host.problem(
      `expected an IP address, as the type of the cluster is "static", found the name ` +
        `${quoteText(address.host)}; use "type": "strict_dns" to have the name resolved`,
      'url',
    );
  } else if (!isPlausibleDnsName(address.host)) {
    host.warning(`${quoteText(address.host)} is no name that DNS can resolve`, 'url');
  }
}

/** Labels of at most 63 letters, digits, hyphens and underscores, and no IP address gone wrong. */
function isPlausibleDnsName(name: string): boolean {
  const labels = name.replace(/\.$/, '').split('.');
  return (
    name.length <= 254 &&
    labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? '')
  );
}
