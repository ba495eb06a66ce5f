import { type AccessLogConfig, parseAccessLogs } from './access-log-config.js';
import { type CidrRange, readCidrRanges } from './cidr-range.js';
import {
  type ConnectionManagerConfig,
  parseConnectionManager,
} from './connection-manager-config.js';
import type { DocumentScope } from './document-scope.js';
import type { JsonReader } from './json-reader.js';
import { type PortRange, readPortRanges } from './port-range.js';
import { networkFilterUnion } from './schema/network-filter-schemas.js';
import { readClusterName, readFilePath } from './shared-keys.js';

/** A filter of a listener: reference 6.2. */
export type NetworkFilterConfig =
  | { readonly name: 'http_connection_manager'; readonly config: ConnectionManagerConfig }
  | { readonly name: 'tcp_proxy'; readonly config: TcpProxyConfig }
  | { readonly name: 'redis_proxy'; readonly config: RedisProxyConfig }
  | { readonly name: 'mongo_proxy'; readonly config: MongoProxyConfig }
  | { readonly name: 'ratelimit'; readonly config: NetworkRateLimitConfig }
  | { readonly name: 'client_ssl_auth'; readonly config: ClientSslAuthConfig }
  | { readonly name: 'echo' };

/** Where connections are sent, and which. An empty list is any. */
export interface TcpRouteConfig {
  readonly cluster: string;
  readonly destinationIps: readonly CidrRange[];
  readonly destinationPorts: readonly PortRange[];
  readonly sourceIps: readonly CidrRange[];
  readonly sourcePorts: readonly PortRange[];
}

/** `tcp_proxy`: reference 6.2.2. */
export interface TcpProxyConfig {
  readonly statPrefix: string;
  readonly routes: readonly TcpRouteConfig[];
  readonly accessLogs: readonly AccessLogConfig[];
}

/** `redis_proxy`: reference 6.2.5. */
export interface RedisProxyConfig {
  readonly cluster: string;
  readonly statPrefix: string;
  readonly opTimeoutMs: number;
}

/** `mongo_proxy`: reference 6.2.6. */
export interface MongoProxyConfig {
  readonly statPrefix: string;
  readonly accessLogPath: string | undefined;
  readonly fixedDelay: { readonly percent: number; readonly durationMs: number } | undefined;
}

/** One descriptor: its entries, in order. */
export type RateLimitDescriptorConfig = readonly {
  readonly key: string;
  readonly value: string;
}[];

/** The network filter `ratelimit`: reference 6.2.3. */
export interface NetworkRateLimitConfig {
  readonly statPrefix: string;
  readonly domain: string;
  readonly descriptors: readonly RateLimitDescriptorConfig[];
  readonly timeoutMs: number;
}

/** `client_ssl_auth`: reference 6.2.4. */
export interface ClientSslAuthConfig {
  readonly authApiCluster: string;
  readonly statPrefix: string;
  readonly refreshDelayMs: number;
  readonly ipWhiteList: readonly CidrRange[];
}

const managerName = 'http_connection_manager';

/** Parses the `filters` of a listener; `undefined` if they are broken, or the listener left out. */
export function parseNetworkFilters(
  reader: JsonReader,
  scope: DocumentScope,
): NetworkFilterConfig[] | undefined {
  const filters = reader.objects('filters');
  const parsed = filters.map((filter) => parseNetworkFilter(filter, scope));
  const managers = filters.filter((filter) => filter.variant === managerName);
  if (managers.length > 1) {
    reader.problem(`expected one ${managerName}, found ${managers.length}`, 'filters');
  }
  const isLeftOut = filters.some(
    (filter) =>
      filter.isLeftOut ||
      filter.object('config')?.isLeftOut === true ||
      (reader.collector.leavesOut &&
        networkFilterUnion.variants[filter.variant ?? '']?.unsupported?.leavesOut !== undefined),
  );
  const areUnderstood = reader.lengthOf('filters') === filters.length;
  if (managers.length === 0 && areUnderstood && !isLeftOut) {
    reader.unsupported('filters', {
      reason: `a listener serves nothing without an "${managerName}"`,
      instead: 'add one',
      leavesOut: 'the listener',
      without: 'as it would serve nothing',
    });
  }
  const config = parsed.flatMap((filter) => filter ?? []);
  return isLeftOut || config.length !== reader.lengthOf('filters') ? undefined : config;
}

/** Parses one entry of `filters`; `undefined` if it is broken, or the listener left out. */
export function parseNetworkFilter(
  entry: JsonReader,
  scope: DocumentScope,
): NetworkFilterConfig | undefined {
  const reader = entry.object('config');
  if (reader === undefined) {
    return undefined;
  }
  switch (entry.variant) {
    case managerName: {
      const config = parseConnectionManager(reader, scope);
      return config && { name: managerName, config };
    }
    case 'tcp_proxy': {
      const config = parseTcpProxy(reader, scope);
      return config && { name: 'tcp_proxy', config };
    }
    case 'redis_proxy': {
      const config = parseRedisProxy(reader, scope);
      return config && { name: 'redis_proxy', config };
    }
    case 'mongo_proxy': {
      const config = parseMongoProxy(reader);
      return config && { name: 'mongo_proxy', config };
    }
    case 'ratelimit': {
      const config = parseRateLimit(reader);
      return config && { name: 'ratelimit', config };
    }
    case 'client_ssl_auth': {
      const config = parseClientSslAuth(reader, scope);
      return config && { name: 'client_ssl_auth', config };
    }
    default:
      return { name: 'echo' };
  }
}

const closed = 'its connections are closed';

function parseTcpProxy(reader: JsonReader, scope: DocumentScope): TcpProxyConfig | undefined {
  const statPrefix = reader.string('stat_prefix');
  const routeConfig = reader.object('route_config');
  const accessLogs = parseAccessLogs(reader);
  const routes = (routeConfig?.objects('routes') ?? []).flatMap((route) => {
    const cluster = readClusterName(route, 'cluster', scope, closed);
    const config = {
      destinationIps: readCidrRanges(route, 'destination_ip_list'),
      destinationPorts: readPortRanges(route, 'destination_ports'),
      sourceIps: readCidrRanges(route, 'source_ip_list'),
      sourcePorts: readPortRanges(route, 'source_ports'),
    };
    return cluster === undefined ? [] : [{ cluster, ...config }];
  });
  return statPrefix === undefined || routeConfig === undefined
    ? undefined
    : { statPrefix, routes, accessLogs };
}

function parseRedisProxy(reader: JsonReader, scope: DocumentScope): RedisProxyConfig | undefined {
  const cluster = readClusterName(reader, 'cluster_name', scope, 'its commands are refused');
  const statPrefix = reader.string('stat_prefix');
  const opTimeoutMs = reader.object('conn_pool')?.number('op_timeout_ms');
  return cluster === undefined || statPrefix === undefined || opTimeoutMs === undefined
    ? undefined
    : { cluster, statPrefix, opTimeoutMs };
}

function parseMongoProxy(reader: JsonReader): MongoProxyConfig | undefined {
  const statPrefix = reader.string('stat_prefix');
  const accessLogPath = readFilePath(reader, 'access_log', '/var/log/mongo.log');
  const delay = reader.object('fault')?.object('fixed_delay');
  const percent = delay?.number('percent');
  const durationMs = delay?.number('duration_ms');
  const fixedDelay =
    percent === undefined || durationMs === undefined ? undefined : { percent, durationMs };
  return statPrefix === undefined ? undefined : { statPrefix, accessLogPath, fixedDelay };
}

function parseRateLimit(reader: JsonReader): NetworkRateLimitConfig | undefined {
  const statPrefix = reader.string('stat_prefix');
  const domain = reader.string('domain');
  const descriptors = reader.lists('descriptors').map((entries) =>
    entries.flatMap((entry) => {
      const key = entry.string('key');
      const value = entry.string('value');
      return key === undefined || value === undefined ? [] : [{ key, value }];
    }),
  );
  return statPrefix === undefined || domain === undefined
    ? undefined
    : { statPrefix, domain, descriptors, timeoutMs: reader.number('timeout_ms') ?? 20 };
}

function parseClientSslAuth(
  reader: JsonReader,
  scope: DocumentScope,
): ClientSslAuthConfig | undefined {
  const authApiCluster = readClusterName(reader, 'auth_api_cluster', scope, 'nobody is let in');
  const statPrefix = reader.string('stat_prefix');
  const ipWhiteList = readCidrRanges(reader, 'ip_white_list');
  return authApiCluster === undefined || statPrefix === undefined
    ? undefined
    : {
        authApiCluster,
        statPrefix,
        refreshDelayMs: reader.number('refresh_delay_ms') ?? 60_000,
        ipWhiteList,
      };
}
