import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import type { Config } from '../../lib/config/config.js';
import { parseConfig, parseConfigText } from '../../lib/config/parse-config.js';
import {
  clustersDocument,
  httpListener,
  type JsonObject,
  managerConfig,
  minimalDocument,
  readSeed,
  staticCluster,
} from '../support/config-documents.js';

const defaultBreaker = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
};

function parse(document: unknown): Config {
  return parseConfig(document, { source: 'test', unsupported: 'error' }).config;
}

function assertDeeplyFrozen(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) {
    return;
  }
  assert.ok(Object.isFrozen(value), `${path} is frozen`);
  for (const [key, member] of Object.entries(value)) {
    assertDeeplyFrozen(member, `${path}.${key}`);
  }
}

test('the edge seed is accepted as it is, with every default filled in', () => {
  const parsed = parseConfigText(readSeed('edge-envoy'), { source: 'test', unsupported: 'error' });
  assert.deepEqual(parsed, {
    config: {
      listeners: [
        {
          name: 'tcp://0.0.0.0:80',
          address: { kind: 'tcp', host: '0.0.0.0', port: 80 },
          bindToPort: true,
          perConnectionBufferLimitBytes: 1048576,
          connectionManager: {
            codecType: 'auto',
            statPrefix: 'ingress_http',
            routeConfig: {
              virtualHosts: [
                {
                  name: 'backend',
                  domains: ['foo.com'],
                  routes: [
                    {
                      match: { kind: 'prefix', prefix: '/', caseSensitive: true },
                      action: {
                        kind: 'cluster',
                        cluster: 'flask-app-envoy-service.default.svc.cluster.local',
                        timeoutMs: 0,
                        priority: 'default',
                      },
                    },
                  ],
                },
              ],
              validateClusters: true,
              internalOnlyHeaders: [],
            },
            filters: [{ name: 'router', dynamicStats: true }],
            addUserAgent: false,
            serverName: 'envoy',
            accessLogs: [{ path: '/dev/stdout' }],
            useRemoteAddress: false,
            forwardClientCert: 'sanitize',
            generateRequestId: true,
          },
        },
      ],
      admin: {
        accessLogPath: '/dev/stdout',
        address: { kind: 'tcp', host: '0.0.0.0', port: 8001 },
      },
      clusterManager: {
        clusters: [
          {
            name: 'flask-app-envoy-service.default.svc.cluster.local',
            discovery: {
              type: 'sds',
              serviceName: 'flask-app-envoy-service.default.svc.cluster.local',
            },
            connectTimeoutMs: 250,
            perConnectionBufferLimitBytes: 1048576,
            lbType: 'round_robin',
            maxRequestsPerConnection: 0,
            circuitBreakers: { default: defaultBreaker, high: defaultBreaker },
          },
        ],
        sds: {
          cluster: {
            name: 'kubernetes-envoy-sds.kube-system',
            discovery: {
              type: 'logical_dns',
              host: { kind: 'tcp', host: 'kubernetes-envoy-sds.kube-system', port: 80 },
              dnsRefreshRateMs: 5000,
              dnsLookupFamily: 'v4_only',
            },
            connectTimeoutMs: 250,
            perConnectionBufferLimitBytes: 1048576,
            lbType: 'round_robin',
            maxRequestsPerConnection: 0,
            circuitBreakers: { default: defaultBreaker, high: defaultBreaker },
          },
          refreshDelayMs: 1000,
        },
      },
    },
    warnings: [],
  });
});

test('the application seed is accepted as it is', () => {
  const { config, warnings } = parseConfigText(readSeed('flask-app-envoy'), {
    source: 'test',
    unsupported: 'error',
  });
  assert.deepEqual(config.clusterManager, {
    clusters: [
      {
        name: 'local_service',
        discovery: { type: 'static', hosts: [{ kind: 'tcp', host: '127.0.0.1', port: 5000 }] },
        connectTimeoutMs: 250,
        perConnectionBufferLimitBytes: 1048576,
        lbType: 'round_robin',
        maxRequestsPerConnection: 0,
        circuitBreakers: { default: defaultBreaker, high: defaultBreaker },
      },
    ],
    sds: undefined,
  });
  assert.deepEqual(config.listeners[0]?.connectionManager.accessLogs, []);
  assert.deepEqual(warnings, []);
});

test('a seed parsed as an object gives the same as its text', () => {
  const text = readSeed('edge-envoy').toString();
  const options = { source: 'test', unsupported: 'error' } as const;
  assert.deepEqual(parseConfig(JSON.parse(text), options), parseConfigText(text, options));
});

test('the result is frozen to its leaves and is not the input', () => {
  const document: JsonObject = JSON.parse(readSeed('edge-envoy').toString());
  const parsed = parseConfig(document, { source: 'test', unsupported: 'error' });
  assertDeeplyFrozen(parsed, 'parsed');
  assert.ok(!Object.isFrozen(document));
});

test('every key of a listener and its connection manager is read', () => {
  const document = minimalDocument({
    listeners: [
      httpListener(
        {
          codec_type: 'http1',
          stat_prefix: 'egress',
          route_config: {
            validate_clusters: false,
            internal_only_headers: ['X-Internal', 'x-secret'],
            virtual_hosts: [
              {
                name: 'all',
                domains: ['*', '*.Example.com', 'Foo.com:8080'],
                routes: [
                  { path: '/Exact', case_sensitive: false, cluster: 'a', priority: 'high' },
                  { prefix: '', cluster: 'b' },
                ],
              },
              { name: 'none', domains: [], routes: [] },
            ],
          },
          filters: [{ name: 'router', config: { dynamic_stats: false, start_child_span: false } }],
          add_user_agent: true,
          server_name: 'pillion',
          access_log: [{ path: '/dev/null' }, { path: '/var/log/access.log' }],
          use_remote_address: true,
          forward_client_cert: 'append_forward',
          generate_request_id: false,
        },
        {
          name: 'egress',
          address: 'tcp://[0:0:0:0:0:0:0:1]:9001',
          bind_to_port: false,
          per_connection_buffer_limit_bytes: 4096,
          drain_type: 'modify_only',
        },
      ),
    ],
  });
  assert.deepEqual(parse(document).listeners, [
    {
      name: 'egress',
      address: { kind: 'tcp', host: '::1', port: 9001 },
      bindToPort: false,
      perConnectionBufferLimitBytes: 4096,
      connectionManager: {
        codecType: 'http1',
        statPrefix: 'egress',
        routeConfig: {
          virtualHosts: [
            {
              name: 'all',
              domains: ['*', '*.Example.com', 'Foo.com:8080'],
              routes: [
                {
                  match: { kind: 'path', path: '/Exact', caseSensitive: false },
                  action: { kind: 'cluster', cluster: 'a', timeoutMs: 15000, priority: 'high' },
                },
                {
                  match: { kind: 'prefix', prefix: '', caseSensitive: true },
                  action: { kind: 'cluster', cluster: 'b', timeoutMs: 15000, priority: 'default' },
                },
              ],
            },
            { name: 'none', domains: [], routes: [] },
          ],
          validateClusters: false,
          internalOnlyHeaders: ['x-internal', 'x-secret'],
        },
        filters: [{ name: 'router', dynamicStats: false }],
        addUserAgent: true,
        serverName: 'pillion',
        accessLogs: [{ path: '/dev/null' }, { path: '/var/log/access.log' }],
        useRemoteAddress: true,
        forwardClientCert: 'append_forward',
        generateRequestId: false,
      },
    },
  ]);
});

test('every key of a cluster is read', () => {
  const document = clustersDocument([
    staticCluster({
      per_connection_buffer_limit_bytes: 1,
      max_requests_per_connection: 10,
      circuit_breakers: {
        default: { max_connections: 0, max_pending_requests: 1, max_requests: 2, max_retries: 4 },
        high: { max_retries: 5 },
      },
      hosts: [{ url: 'tcp://[2001:DB8::0:1]:80' }, { url: 'unix:///run/app.sock' }],
    }),
    staticCluster({
      name: 'named',
      type: 'logical_dns',
      hosts: [{ url: 'tcp://Service.Example:8080/' }],
      dns_refresh_rate_ms: 1,
      dns_lookup_family: 'auto',
    }),
  ]);
  assert.deepEqual(parse(document).clusterManager.clusters, [
    {
      name: 'backend',
      discovery: {
        type: 'static',
        hosts: [
          { kind: 'tcp', host: '2001:db8::1', port: 80 },
          { kind: 'unix', path: '/run/app.sock' },
        ],
      },
      connectTimeoutMs: 250,
      perConnectionBufferLimitBytes: 1,
      lbType: 'round_robin',
      maxRequestsPerConnection: 10,
      circuitBreakers: {
        default: { maxConnections: 0, maxPendingRequests: 1, maxRequests: 2, maxRetries: 4 },
        high: { ...defaultBreaker, maxRetries: 5 },
      },
    },
    {
      name: 'named',
      discovery: {
        type: 'logical_dns',
        host: { kind: 'tcp', host: 'service.example', port: 8080 },
        dnsRefreshRateMs: 1,
        dnsLookupFamily: 'auto',
      },
      connectTimeoutMs: 250,
      perConnectionBufferLimitBytes: 1048576,
      lbType: 'round_robin',
      maxRequestsPerConnection: 0,
      circuitBreakers: { default: defaultBreaker, high: defaultBreaker },
    },
  ]);
});

test('obsolete filter types, a profile path and all modes of forward_client_cert are accepted', () => {
  const modes = [
    'forward_only',
    'append_forward',
    'sanitize',
    'sanitize_set',
    'always_forward_only',
  ];
  for (const mode of modes) {
    const config = managerConfig({
      forward_client_cert: mode,
      filters: [{ type: 'decoder', name: 'router', config: {} }],
    });
    const document = minimalDocument({
      listeners: [
        httpListener(config, {
          filters: [{ type: 'both', name: 'http_connection_manager', config }],
        }),
      ],
      admin: {
        access_log_path: '/dev/null',
        address: 'tcp://127.0.0.1:0',
        profile_path: '/var/log/profile',
      },
    });
    assert.equal(parse(document).listeners[0]?.connectionManager.forwardClientCert, mode);
  }
});

test('keys that ask for what is done anyway are accepted although they are not supported', () => {
  const document = minimalDocument({
    listeners: [
      httpListener(
        managerConfig({
          http1_settings: {},
          route_config: {
            validate_clusters: false,
            virtual_hosts: [
              {
                name: 'backend',
                domains: ['*'],
                routes: [
                  { prefix: '/', cluster: 'a', use_websocket: false, auto_host_rewrite: false },
                ],
              },
            ],
          },
        }),
        { use_proxy_proto: false, use_original_dst: false },
      ),
    ],
    tracing: {},
    watchdog_kill_timeout_ms: 0,
  });
  assert.equal(parse(document).listeners.length, 1);
});

test('keys with the value undefined count as absent', () => {
  const document = minimalDocument({ lds: undefined, unheard_of: undefined, listeners: [] });
  assert.deepEqual(parse(document).listeners, []);
});

test('objects without a prototype and objects of another realm are read', () => {
  const bare: unknown = Object.assign(Object.create(null), minimalDocument());
  assert.deepEqual(parse(bare).listeners, []);
  const foreign: unknown = runInNewContext(`(${JSON.stringify(minimalDocument())})`);
  assert.deepEqual(parse(foreign).listeners, []);
});

test('listeners on port 0 and listeners without a name do not collide', () => {
  const listener = httpListener(managerConfig(), { address: 'tcp://127.0.0.1:0', name: '' });
  const { listeners } = parse(minimalDocument({ listeners: [listener, listener] }));
  assert.deepEqual(
    listeners.map(({ name }) => name),
    ['tcp://127.0.0.1:0', 'tcp://127.0.0.1:0'],
  );
});

test('a route may send requests to the cluster of cluster_manager.sds', () => {
  const document: JsonObject = JSON.parse(
    readSeed('edge-envoy')
      .toString()
      .replace(
        '"cluster": "flask-app-envoy-service.default.svc.cluster.local"',
        '"cluster": "kubernetes-envoy-sds.kube-system"',
      ),
  );
  assert.equal(parse(document).listeners.length, 1);
});
