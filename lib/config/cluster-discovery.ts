import {
  type Address,
  formatAddress,
  isIpAddress,
  parseAddress,
  type TcpAddress,
} from './address.js';
import { quoteText } from './describe-value.js';
import type { JsonItem, JsonReader } from './json-reader.js';
import { UniqueValues } from './unique-values.js';
import { unsupportedValues } from './unsupported-values.js';

/** Which addresses a name may resolve to. */
export type DnsLookupFamily = 'v4_only' | 'v6_only' | 'auto';

/** How a cluster finds its hosts: reference 4.1. */
export type DiscoveryConfig =
  | { readonly type: 'static'; readonly hosts: readonly Address[] }
  | {
      readonly type: 'logical_dns';
      readonly host: TcpAddress;
      readonly dnsRefreshRateMs: number;
      readonly dnsLookupFamily: DnsLookupFamily;
    }
  | { readonly type: 'sds'; readonly serviceName: string };

/** The values of a cluster's `type`. */
export type DiscoveryType = (typeof discoveryTypes)[number];

const discoveryTypes = ['static', 'strict_dns', 'logical_dns', 'sds', 'original_dst'] as const;

/**
 * What a cluster of type `sds` may build on: `cluster_manager.sds` is there, is missing, or is
 * left out; or the cluster is the one in it, which cannot ask itself.
 */
export type SdsState = 'present' | 'absent' | 'left out' | 'itself';

/** Envoy's default of `dns_refresh_rate_ms`. */
const defaultDnsRefreshRateMs = 5000;

const hostsExample = '[{ "url": "tcp://127.0.0.1:8080" }]';

/** The keys that only some types read. */
const keysOfTypes: readonly { readonly key: string; readonly types: readonly DiscoveryType[] }[] = [
  { key: 'service_name', types: ['sds'] },
  { key: 'dns_refresh_rate_ms', types: ['strict_dns', 'logical_dns'] },
  { key: 'dns_lookup_family', types: ['strict_dns', 'logical_dns'] },
];

/** Reads the `type` of a cluster. */
export function requireDiscoveryType(reader: JsonReader): DiscoveryType | undefined {
  return reader.requireOneOf('type', discoveryTypes);
}

/** Parses what the `type` of a cluster needs; `undefined` if broken or left out. */
export function parseDiscovery(
  reader: JsonReader,
  type: DiscoveryType,
  sds: SdsState,
): DiscoveryConfig | undefined {
  warnOfUnreadKeys(reader, type);
  const dnsRefreshRateMs = reader.optionalInteger('dns_refresh_rate_ms', { min: 1 });
  const dnsLookupFamily = reader.optionalOneOf('dns_lookup_family', ['v4_only', 'v6_only', 'auto']);
  switch (type) {
    case 'static':
      return { type, hosts: requireHosts(reader, type).map((host) => host.value) };
    case 'strict_dns':
      requireHosts(reader, type);
      reader.unsupported('type', unsupportedValues.strictDns);
      return undefined;
    case 'logical_dns': {
      const host = requireOneHost(reader, type);
      return (
        host && {
          type,
          host,
          dnsRefreshRateMs: dnsRefreshRateMs ?? defaultDnsRefreshRateMs,
          dnsLookupFamily: dnsLookupFamily ?? 'v4_only',
        }
      );
    }
    case 'sds':
      return parseSds(reader, sds);
    case 'original_dst':
      if (reader.has('hosts')) {
        reader.problem('a cluster of type "original_dst" takes no hosts; remove them', 'hosts');
      }
      reader.unsupported('type', unsupportedValues.originalDst);
      return undefined;
  }
}

function warnOfUnreadKeys(reader: JsonReader, type: DiscoveryType): void {
  for (const { key, types } of keysOfTypes) {
    if (reader.has(key) && !types.includes(type)) {
      reader.warning(`not read, as the type of this cluster is "${type}"; remove it`, key);
    }
  }
}

function parseSds(reader: JsonReader, sds: SdsState): DiscoveryConfig | undefined {
  if (reader.has('hosts')) {
    reader.warning('not read, as the hosts of a cluster of type "sds" are discovered', 'hosts');
  }
  const serviceName = reader.requireString('service_name', 'backend.default.svc.cluster.local');
  if (serviceName !== undefined && !/^[\x21-\x7e]+$/.test(serviceName)) {
    reader.problem(
      `${quoteText(serviceName)} cannot stand in the path of a request; use ASCII without blanks`,
      'service_name',
    );
  }
  if (sds === 'absent') {
    reader.problem(
      'a cluster of type "sds" needs a discovery service; add it as "sds" of the cluster_manager, ' +
        'for example "sds": { "cluster": { ... }, "refresh_delay_ms": 1000 }',
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

/** The host of a `logical_dns` cluster: Envoy refuses any other number. */
function requireOneHost(reader: JsonReader, type: DiscoveryType): TcpAddress | undefined {
  const hosts = requireHosts(reader, type);
  const count = reader.lengthOf('hosts') ?? 0;
  if (count > 1) {
    reader.problem(
      `a cluster of type "logical_dns" takes exactly one host, found ${count}; keep one`,
      'hosts',
    );
  }
  const host = hosts[0]?.value;
  return host?.kind === 'tcp' ? host : undefined;
}

function requireHosts(reader: JsonReader, type: DiscoveryType): JsonItem<Address>[] {
  const unique = new UniqueValues(reader.collector, 'every host stands once');
  const hosts = reader
    .requireObjects('hosts', 'host', hostsExample, 1)
    .flatMap((host) => parseHost(host, type) ?? []);
  for (const { value, path } of hosts) {
    unique.add(formatAddress(value), path);
  }
  return hosts;
}

function parseHost(host: JsonReader, type: DiscoveryType): JsonItem<Address> | undefined {
  const url = host.requireString('url', 'tcp://127.0.0.1:8080');
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
  return { value: address, path: host.pathOf('url') };
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
        `${quoteText(address.host)}; use "type": "logical_dns" to have the name resolved`,
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
