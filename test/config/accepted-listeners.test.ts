import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../lib/config/config.js';
import { parseConfig } from '../../lib/config/parse-config.js';
import {
  defaultListener,
  defaultManager,
  defaultRoute,
  defaultRouteTable,
  defaultVirtualHost,
} from '../support/config-defaults.js';
import { httpListener, managerConfig, minimalDocument } from '../support/config-documents.js';

function parse(document: unknown, unsupported: 'error' | 'warn' = 'error'): Config {
  return parseConfig(document, { source: 'test', unsupported }).config;
}

test('a listener and its connection manager have the defaults of the schema', () => {
  const document = minimalDocument({ listeners: [httpListener(managerConfig())] });
  assert.deepEqual(parse(document).listeners, [defaultListener(defaultManager)]);
});

test('every key of a listener and its connection manager is read', () => {
  const routes = [
    { path: '/Exact', case_sensitive: false, cluster: 'a', priority: 'high' },
    { prefix: '', cluster: 'b' },
  ];
  const config = managerConfig({
    codec_type: 'http1',
    stat_prefix: 'egress',
    route_config: {
      validate_clusters: false,
      internal_only_headers: ['X-Internal', 'x-secret'],
      virtual_hosts: [
        { name: 'all', domains: ['*', '*.Example.com', 'Foo.com:8080'], routes },
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
  });
  const parts = {
    name: 'egress',
    address: 'tcp://[0:0:0:0:0:0:0:1]:9001',
    bind_to_port: false,
    per_connection_buffer_limit_bytes: 4096,
    drain_type: 'modify_only',
  };
  const virtualHosts = [
    {
      ...defaultVirtualHost,
      name: 'all',
      domains: ['*', '*.Example.com', 'Foo.com:8080'],
      routes: [
        defaultRoute(
          'a',
          { path: { kind: 'path', path: '/Exact', caseSensitive: false } },
          { priority: 'high' },
        ),
        {
          ...defaultRoute('b', { path: { kind: 'prefix', prefix: '', caseSensitive: true } }),
          index: 1,
        },
      ],
    },
    { ...defaultVirtualHost, name: 'none' },
  ];
  const manager = {
    ...defaultManager,
    codecType: 'http1',
    statPrefix: 'egress',
    routeConfig: {
      ...defaultRouteTable,
      virtualHosts,
      validateClusters: false,
      internalOnlyHeaders: ['x-internal', 'x-secret'],
    },
    filters: [{ name: 'router', config: { dynamicStats: false, startChildSpan: false } }],
    addUserAgent: true,
    serverName: 'pillion',
    accessLogs: ['/dev/null', '/var/log/access.log'].map((path) => ({
      path,
      format: undefined,
      filter: undefined,
    })),
    useRemoteAddress: true,
    forwardClientCert: 'append_forward',
    generateRequestId: false,
  } as const;
  assert.deepEqual(parse(minimalDocument({ listeners: [httpListener(config, parts)] })).listeners, [
    {
      ...defaultListener(manager),
      name: 'egress',
      address: { kind: 'tcp', host: '::1', port: 9001 },
      bindToPort: false,
      perConnectionBufferLimitBytes: 4096,
      drainType: 'modify_only',
    },
  ]);
});

test('use_original_dst is read', () => {
  const document = minimalDocument({
    listeners: [httpListener(managerConfig(), { use_original_dst: true })],
  });
  assert.deepEqual(parse(document, 'warn').listeners, [
    { ...defaultListener(defaultManager), useOriginalDst: true },
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

test('listeners on port 0 and listeners without a name do not collide', () => {
  const listener = httpListener(managerConfig(), { address: 'tcp://127.0.0.1:0', name: '' });
  const { listeners } = parse(minimalDocument({ listeners: [listener, listener] }));
  assert.deepEqual(
    listeners.map(({ name }) => name),
    ['tcp://127.0.0.1:0', 'tcp://127.0.0.1:0'],
  );
});
