import { type DiscoveryConfig, parseDiscovery, type SdsState } from './cluster-discovery.js';
import type { DocumentScope } from './document-scope.js';
import { type HealthCheckConfig, parseHealthCheck } from './health-check-config.js';
import { type Http2SettingsConfig, parseHttp2Settings } from './http-settings-config.js';
import type { JsonReader } from './json-reader.js';
import { type OutlierDetectionConfig, parseOutlierDetection } from './outlier-detection-config.js';
import { discoveryTypes, lbTypes } from './schema/cluster-schema.js';
import { checkNameLength, readBufferLimit } from './shared-keys.js';
import { type ClusterTlsConfig, parseClusterTls } from './tls-config.js';

export type { DiscoveryConfig, DnsLookupFamily } from './cluster-discovery.js';

/** How a cluster balances. */
export type LbType = (typeof lbTypes)[number];

/** Limits of one routing priority: reference 1.6.2. */
export interface CircuitBreakerConfig {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

/** `ring_hash_lb_config`: reference 1.6. */
export interface RingHashConfig {
  readonly minimumRingSize: number;
  readonly useStdHash: boolean;
}

/** A cluster: reference 1.6. */
export interface ClusterConfig {
  readonly name: string;
  readonly discovery: DiscoveryConfig;
  readonly connectTimeoutMs: number;
  readonly perConnectionBufferLimitBytes: number;
  readonly lbType: LbType;
  readonly ringHash: RingHashConfig;
  /** 0 means without limit. */
  readonly maxRequestsPerConnection: number;
  readonly circuitBreakers: {
    readonly default: CircuitBreakerConfig;
    readonly high: CircuitBreakerConfig;
  };
  readonly healthCheck: HealthCheckConfig | undefined;
  readonly outlierDetection: OutlierDetectionConfig | undefined;
  /** `undefined` for plain text. */
  readonly tls: ClusterTlsConfig | undefined;
  /** `undefined` for HTTP/1.1: `features: http2` and `http2_settings` each ask for HTTP/2. */
  readonly http2: Http2SettingsConfig | undefined;
}

/** Parses a cluster; `undefined` if it is broken or left out. */
export function parseCluster(
  reader: JsonReader,
  scope: DocumentScope,
  sds: SdsState,
): ClusterConfig | undefined {
  const name = readClusterName(reader, scope);
  const type = reader.oneOf('type', discoveryTypes);
  const connectTimeoutMs = reader.number('connect_timeout_ms');
  const lbType = readLbType(reader);
  const discovery = type && parseDiscovery(reader, type, sds);
  const healthCheckReader = reader.object('health_check');
  const healthCheck = healthCheckReader && parseHealthCheck(healthCheckReader);
  const tlsReader = reader.object('ssl_context');
  const tls = tlsReader && parseClusterTls(tlsReader);
  if (name !== undefined && (discovery === undefined || reader.isLeftOut)) {
    scope.clusters.leaveOut(name);
  }
  if (
    name === undefined ||
    discovery === undefined ||
    connectTimeoutMs === undefined ||
    lbType === undefined ||
    reader.isLeftOut
  ) {
    return undefined;
  }
  return {
    name,
    discovery,
    connectTimeoutMs,
    perConnectionBufferLimitBytes: readBufferLimit(reader),
    lbType,
    ringHash: parseRingHash(reader.object('ring_hash_lb_config')),
    maxRequestsPerConnection: reader.number('max_requests_per_connection') ?? 0,
    circuitBreakers: parseCircuitBreakers(reader.object('circuit_breakers')),
    healthCheck,
    outlierDetection: parseOutlierDetection(reader.object('outlier_detection')),
    tls,
    http2: readHttp2(reader, tls),
  };
}

function readClusterName(reader: JsonReader, scope: DocumentScope): string | undefined {
  const name = reader.string('name');
  if (name === undefined) {
    scope.clusters.markIncomplete();
    return undefined;
  }
  checkNameLength(reader, name);
  scope.clusters.add(name, reader.placeOf('name'), reader.string('type') === 'sds');
  return name;
}

/** `original_dst_lb` and the type `original_dst` only go together: reference 1.6. */
function readLbType(reader: JsonReader): LbType | undefined {
  const lbType = reader.oneOf('lb_type', lbTypes);
  const type = reader.oneOf('type', discoveryTypes);
  if (lbType === undefined) {
    return undefined;
  }
  if (type !== undefined && (lbType === 'original_dst_lb') !== (type === 'original_dst')) {
    reader.problem(
      `"${lbType}" does not go with the type "${type}"; ` +
        '"original_dst_lb" and the type "original_dst" only go together',
      'lb_type',
    );
  }
  if (lbType !== 'ring_hash' && reader.has('ring_hash_lb_config')) {
    reader.warning(`not read, as the lb_type is "${lbType}"; remove it`, 'ring_hash_lb_config');
  }
  return lbType;
}

function parseRingHash(reader: JsonReader | undefined): RingHashConfig {
  return {
    minimumRingSize: reader?.number('minimum_ring_size') ?? 1024,
    useStdHash: reader?.boolean('use_std_hash') ?? true,
  };
}

function parseCircuitBreakers(reader: JsonReader | undefined): ClusterConfig['circuitBreakers'] {
  return {
    default: parseCircuitBreaker(reader?.object('default')),
    high: parseCircuitBreaker(reader?.object('high')),
  };
}

/** Both priorities have the same defaults, whether or not their object is there. */
function parseCircuitBreaker(reader: JsonReader | undefined): CircuitBreakerConfig {
  return {
    maxConnections: reader?.number('max_connections') ?? 1024,
    maxPendingRequests: reader?.number('max_pending_requests') ?? 1024,
    maxRequests: reader?.number('max_requests') ?? 1024,
    maxRetries: reader?.number('max_retries') ?? 3,
  };
}

function readHttp2(
  reader: JsonReader,
  tls: ClusterTlsConfig | undefined,
): Http2SettingsConfig | undefined {
  const settings = reader.object('http2_settings');
  if (settings === undefined && reader.string('features') === undefined) {
    return undefined;
  }
  if (tls?.alpnProtocols.includes('h2') === false) {
    reader.warning(
      'hosts that go by ALPN will not speak HTTP/2; add "alpn_protocols": "h2"',
      'ssl_context',
    );
  }
  if (reader.object('health_check')?.string('type') === 'http') {
    reader.warning(
      'hosts are checked by HTTP/1.1, so they must speak that too; or write the type "tcp"',
      'health_check',
    );
  }
  return parseHttp2Settings(settings);
}
