import {
  type DiscoveryConfig,
  type DiscoveryType,
  parseDiscovery,
  requireDiscoveryType,
  type SdsState,
} from './cluster-discovery.js';
import type { DocumentScope } from './document-scope.js';
import type { JsonReader } from './json-reader.js';
import { checkNameLength, readBufferLimit } from './shared-keys.js';
import { unsupportedValues } from './unsupported-values.js';

export type { DiscoveryConfig, DnsLookupFamily } from './cluster-discovery.js';

/** How a cluster balances. */
export type LbType = 'round_robin';

/** Limits of one routing priority: reference 1.6.2. */
export interface CircuitBreakerConfig {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

/** A cluster: reference 1.6. */
export interface ClusterConfig {
  readonly name: string;
  readonly discovery: DiscoveryConfig;
  readonly connectTimeoutMs: number;
  readonly perConnectionBufferLimitBytes: number;
  readonly lbType: LbType;
  /** 0 means without limit. */
  readonly maxRequestsPerConnection: number;
  readonly circuitBreakers: {
    readonly default: CircuitBreakerConfig;
    readonly high: CircuitBreakerConfig;
  };
}

/** `cluster_manager.sds`: reference 1.5. */
export interface SdsConfig {
  readonly cluster: ClusterConfig;
  readonly refreshDelayMs: number;
}

/** `cluster_manager`: reference 1.5. */
export interface ClusterManagerConfig {
  readonly clusters: readonly ClusterConfig[];
  readonly sds: SdsConfig | undefined;
}

const lbTypes = ['round_robin', 'least_request', 'random', 'ring_hash', 'original_dst_lb'] as const;

/** Parses `cluster_manager`. What is broken or left out is missing in the result. */
export function parseClusterManager(
  reader: JsonReader,
  scope: DocumentScope,
): ClusterManagerConfig {
  const sds = parseSdsConfig(reader, scope);
  const sdsState = sds !== undefined ? 'present' : reader.has('sds') ? 'left out' : 'absent';
  const found = reader.requireObjects('clusters', 'cluster', '[]');
  if (found.length !== reader.lengthOf('clusters')) {
    scope.clusters.markIncomplete();
  }
  const clusters = found.flatMap((cluster) => parseCluster(cluster, scope, sdsState) ?? []);
  return { clusters, sds };
}

function parseSdsConfig(reader: JsonReader, scope: DocumentScope): SdsConfig | undefined {
  const sds = reader.optionalObject('sds', 'sds');
  if (sds === undefined) {
    return undefined;
  }
  const clusterReader = sds.requireObject('cluster', 'cluster', '{ "name": ..., "type": ... }');
  const cluster = clusterReader && parseCluster(clusterReader, scope, 'itself');
  const refreshDelayMs = sds.requireInteger('refresh_delay_ms', { min: 1, example: 1000 });
  return cluster === undefined || refreshDelayMs === undefined
    ? undefined
    : { cluster, refreshDelayMs };
}

/** Parses a cluster; `undefined` if it is broken or left out. */
export function parseCluster(
  reader: JsonReader,
  scope: DocumentScope,
  sds: SdsState,
): ClusterConfig | undefined {
  const name = requireClusterName(reader, scope);
  const type = requireDiscoveryType(reader);
  const connectTimeoutMs = reader.requireInteger('connect_timeout_ms', { min: 1, example: 250 });
  const perConnectionBufferLimitBytes = readBufferLimit(reader);
  checkLbType(reader, type);
  const discovery = type && parseDiscovery(reader, type, sds);
  const maxRequests = reader.optionalInteger('max_requests_per_connection', { min: 1 });
  const circuitBreakers = parseCircuitBreakers(reader);
  if (name !== undefined && (discovery === undefined || reader.isLeftOut)) {
    scope.clusters.leaveOut(name);
  }
  if (
    name === undefined ||
    discovery === undefined ||
    connectTimeoutMs === undefined ||
    reader.isLeftOut
  ) {
    return undefined;
  }
  return {
    name,
    discovery,
    connectTimeoutMs,
    perConnectionBufferLimitBytes,
    lbType: 'round_robin',
    maxRequestsPerConnection: maxRequests ?? 0,
    circuitBreakers,
  };
}

function requireClusterName(reader: JsonReader, scope: DocumentScope): string | undefined {
  const name = reader.requireString('name', 'backend');
  if (name === undefined) {
    scope.clusters.markIncomplete();
    return undefined;
  }
  if (name === '') {
    reader.problem('a cluster needs a name, found an empty string', 'name');
  }
  checkNameLength(reader, name);
  scope.clusters.add(name, reader.pathOf('name'));
  return name;
}

/** `original_dst_lb` and the type `original_dst` only go together: reference 1.6. */
function checkLbType(reader: JsonReader, type: DiscoveryType | undefined): void {
  const lbType = reader.requireOneOf('lb_type', lbTypes);
  if (lbType === undefined) {
    return;
  }
  if (type !== undefined && (lbType === 'original_dst_lb') !== (type === 'original_dst')) {
    reader.problem(
      `"${lbType}" does not go with the type "${type}"; ` +
        '"original_dst_lb" and the type "original_dst" only go together',
      'lb_type',
    );
  } else if (lbType !== 'round_robin' && lbType !== 'original_dst_lb') {
    reader.unsupported('lb_type', unsupportedValues.loadBalancing);
  }
}

function parseCircuitBreakers(reader: JsonReader): ClusterConfig['circuitBreakers'] {
  const breakers = reader.optionalObject('circuit_breakers', 'circuitBreakers');
  return {
    default: parseCircuitBreaker(breakers?.optionalObject('default', 'circuitBreaker')),
    high: parseCircuitBreaker(breakers?.optionalObject('high', 'circuitBreaker')),
  };
}

/** Both priorities have the same defaults, whether or not their object is there. */
function parseCircuitBreaker(reader: JsonReader | undefined): CircuitBreakerConfig {
  const read = (key: string, fallback: number): number =>
    reader?.optionalInteger(key, { min: 0 }) ?? fallback;
  return {
    maxConnections: read('max_connections', 1024),
    maxPendingRequests: read('max_pending_requests', 1024),
    maxRequests: read('max_requests', 1024),
    maxRetries: read('max_retries', 3),
  };
}
