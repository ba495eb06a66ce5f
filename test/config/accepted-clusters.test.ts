import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterConfig } from '../../lib/config/cluster-config.js';
import { parseConfig } from '../../lib/config/parse-config.js';
import { defaultCluster, defaultDns } from '../support/config-defaults.js';
import { clustersDocument, type JsonObject, staticCluster } from '../support/config-documents.js';

/** The clusters of a document; keys that are not supported yet are read all the same. */
function parseClusters(...clusters: JsonObject[]): readonly ClusterConfig[] {
  const options = { source: 'test', unsupported: 'warn' } as const;
  return parseConfig(clustersDocument(clusters), options).config.clusterManager.clusters;
}

const hosts = [{ kind: 'tcp', host: '127.0.0.1', port: 5000 }] as const;
const staticHosts = { type: 'static', hosts } as const;

test('a cluster has the defaults of the schema', () => {
  assert.deepEqual(parseClusters(staticCluster()), [
    { ...defaultCluster, name: 'backend', discovery: staticHosts },
  ]);
});

test('every key of a static cluster is read', () => {
  const parts = {
    connect_timeout_ms: 1,
    per_connection_buffer_limit_bytes: 1,
    max_requests_per_connection: 10,
    circuit_breakers: {
      default: { max_connections: 0, max_pending_requests: 1, max_requests: 2, max_retries: 4 },
      high: { max_retries: 5 },
    },
    hosts: [{ url: 'tcp://[2001:DB8::0:1]:80' }, { url: 'unix:///run/app.sock' }],
  };
  assert.deepEqual(parseClusters(staticCluster(parts)), [
    {
      ...defaultCluster,
      name: 'backend',
      discovery: {
        type: 'static',
        hosts: [
          { kind: 'tcp', host: '2001:db8::1', port: 80 },
          { kind: 'unix', path: '/run/app.sock' },
        ],
      },
      connectTimeoutMs: 1,
      perConnectionBufferLimitBytes: 1,
      maxRequestsPerConnection: 10,
      circuitBreakers: {
        default: { maxConnections: 0, maxPendingRequests: 1, maxRequests: 2, maxRetries: 4 },
        high: { ...defaultCluster.circuitBreakers.high, maxRetries: 5 },
      },
    },
  ]);
});

test('every key of a DNS cluster is read', () => {
  const parts = {
    type: 'logical_dns',
    hosts: [{ url: 'tcp://Service.Example:8080/' }],
    dns_refresh_rate_ms: 1,
    dns_lookup_family: 'auto',
    dns_resolvers: ['10.0.0.2:53', '[::1]:5353'],
  };
  const host = { kind: 'tcp', host: 'service.example', port: 8080 };
  const [cluster] = parseClusters(staticCluster(parts));
  assert.deepEqual(cluster?.discovery, {
    type: 'logical_dns',
    host,
    dnsRefreshRateMs: 1,
    dnsLookupFamily: 'auto',
    dnsResolvers: [
      { kind: 'tcp', host: '10.0.0.2', port: 53 },
      { kind: 'tcp', host: '::1', port: 5353 },
    ],
  });
  const [plain] = parseClusters(staticCluster({ type: 'logical_dns', hosts: parts.hosts }));
  assert.deepEqual(plain?.discovery, { type: 'logical_dns', host, ...defaultDns });
});

test('the settings of ring_hash are read, whatever is done with them', () => {
  const ring = (settings: JsonObject): unknown =>
    parseClusters(staticCluster({ lb_type: 'ring_hash', ring_hash_lb_config: settings }))[0]
      ?.ringHash;
  assert.deepEqual(ring({ minimum_ring_size: 0, use_std_hash: false }), {
    minimumRingSize: 0,
    useStdHash: false,
  });
  assert.deepEqual(ring({}), defaultCluster.ringHash);
});

test('an empty outlier_detection turns it on with all defaults', () => {
  const [cluster] = parseClusters(staticCluster({ outlier_detection: {} }));
  assert.deepEqual(cluster?.outlierDetection, {
    consecutive5xx: 5,
    consecutiveGatewayFailure: 5,
    intervalMs: 10000,
    baseEjectionTimeMs: 30000,
    maxEjectionPercent: 10,
    enforcingConsecutive5xx: 100,
    enforcingConsecutiveGatewayFailure: 0,
    enforcingSuccessRate: 100,
    successRateMinimumHosts: 5,
    successRateRequestVolume: 100,
    successRateStdevFactor: 1900,
  });
});

test('every key of outlier_detection is read', () => {
  const settings = {
    consecutive_5xx: 1,
    consecutive_gateway_failure: 2,
    interval_ms: 3,
    base_ejection_time_ms: 4,
    max_ejection_percent: 0,
    enforcing_consecutive_5xx: 6,
    enforcing_consecutive_gateway_failure: 7,
    enforcing_success_rate: 8,
    success_rate_minimum_hosts: 9,
    success_rate_request_volume: 10,
    success_rate_stdev_factor: 11,
  };
  const [cluster] = parseClusters(staticCluster({ outlier_detection: settings }));
  assert.deepEqual(cluster?.outlierDetection, {
    consecutive5xx: 1,
    consecutiveGatewayFailure: 2,
    intervalMs: 3,
    baseEjectionTimeMs: 4,
    maxEjectionPercent: 0,
    enforcingConsecutive5xx: 6,
    enforcingConsecutiveGatewayFailure: 7,
    enforcingSuccessRate: 8,
    successRateMinimumHosts: 9,
    successRateRequestVolume: 10,
    successRateStdevFactor: 11,
  });
});
