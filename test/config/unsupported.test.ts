import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectShapes } from '../../lib/config/object-shape.js';
import { parseConfig } from '../../lib/config/parse-config.js';
import {
  unsupportedHttpFilters,
  unsupportedNetworkFilters,
} from '../../lib/config/unsupported-values.js';
import {
  clustersDocument,
  httpListener,
  type JsonObject,
  managerConfig,
  managerDocument,
  minimalDocument,
  problemsOf,
  readSeed,
  routePath,
  routesDocument,
  staticCluster,
  warningsOf,
} from '../support/config-documents.js';

const known = 'known but not supported yet';

/** Keys that cannot stand beside those that an object of these tests has anyway. */
const replacedKeys: Readonly<Record<string, string>> = {
  regex: 'prefix',
  cluster_header: 'cluster',
  weighted_clusters: 'cluster',
  host_redirect: 'cluster',
  path_redirect: 'cluster',
  rds: 'route_config',
};

function routeWith(key: string): JsonObject {
  return routesDocument(withKey(key, { prefix: '/', cluster: 'a' }));
}

function withKey(key: string, base: JsonObject): JsonObject {
  return { ...base, [replacedKeys[key] ?? key]: undefined, [key]: 'something' };
}

/** Documents that hold one unsupported key, by the kind of object that has it. */
const documentWith: Readonly<Record<string, (key: string) => JsonObject>> = {
  document: (key) => minimalDocument({ [key]: 'something' }),
  listener: (key) =>
    minimalDocument({ listeners: [httpListener(managerConfig(), { [key]: 'something' })] }),
  connectionManager: (key) => managerDocument(withKey(key, {})),
  accessLog: (key) => managerDocument({ access_log: [{ path: '/a', [key]: 'something' }] }),
  routeConfig: (key) =>
    managerDocument({ route_config: { virtual_hosts: [], [key]: 'something' } }),
  virtualHost: (key) =>
    managerDocument({
      route_config: {
        virtual_hosts: [{ name: 'v', domains: ['*'], routes: [], [key]: 'something' }],
      },
    }),
  route: routeWith,
  clusterManager: (key) => clustersDocument([], { [key]: 'something' }),
  cluster: (key) => clustersDocument([staticCluster({ [key]: 'something' })]),
};

test('every unsupported key is a problem with its path, the reason and what to do', () => {
  for (const [kind, shape] of Object.entries(objectShapes)) {
    for (const [key, feature] of Object.entries(shape.unsupported)) {
      const document = documentWith[kind]?.(key);
      assert.ok(document, `this test has a document for ${kind}`);
      const problem = problemsOf(document).find((line) => line.includes(known)) ?? '';
      assert.ok(problem.includes(`${key}: ${known} (${feature.reason}); `), `${kind}: ${problem}`);
      assert.ok(problem.includes("or set unsupported: 'warn' and accept that "), problem);
    }
  }
});

test('where unsupported keys are left out, every one is a warning', () => {
  for (const [kind, shape] of Object.entries(objectShapes)) {
    for (const [key, feature] of Object.entries(shape.unsupported)) {
      const warnings = warningsOf(documentWith[kind]?.(key));
      const rest = `so ${feature.leavesOut ?? 'it'} is left out`;
      assert.ok(warnings[0]?.includes(`${key}: ${known} (${feature.reason}), ${rest}`), `${key}`);
    }
  }
});

test('the messages for an unsupported key', () => {
  assert.deepEqual(problemsOf(routeWith('retry_policy')), [
    `${routePath}.retry_policy: ${known} (there are no retries); remove it, ` +
      "or set unsupported: 'warn' and accept that no request is tried again",
  ]);
  assert.deepEqual(warningsOf(routeWith('retry_policy')), [
    `${routePath}.retry_policy: ${known} (there are no retries), so it is left out: ` +
      'no request is tried again',
  ]);
  assert.deepEqual(problemsOf(routesDocument({ regex: '/.*', cluster: 'a' })), [
    `${routePath}.regex: ${known} (only "prefix" and "path" are matched); ` +
      'write "prefix" or "path" in its place, or set unsupported: \'warn\' and accept that ' +
      'the route is left out, and its requests fall to the routes after it',
  ]);
  assert.deepEqual(warningsOf(routesDocument({ regex: '/.*', cluster: 'a' })), [
    `${routePath}.regex: ${known} (only "prefix" and "path" are matched), ` +
      'so the route is left out, and its requests fall to the routes after it',
  ]);
});

test('a route that means nothing without the key is left out, and the others stay', () => {
  const document = routesDocument(
    { regex: '/.*', cluster: 'a' },
    { prefix: '/', host_redirect: 'b.com' },
    { prefix: '/', cluster: 'a', headers: [{ name: 'x' }] },
    { prefix: '/stays', cluster: 'a', retry_policy: { retry_on: '5xx' } },
  );
  const { config, warnings } = parseConfig(document, { source: 'test', unsupported: 'warn' });
  const [host] = config.listeners[0]?.connectionManager.routeConfig.virtualHosts ?? [];
  assert.deepEqual(host?.routes, [
    {
      match: { kind: 'prefix', prefix: '/stays', caseSensitive: true },
      action: { kind: 'cluster', cluster: 'a', timeoutMs: 15000, priority: 'default' },
    },
  ]);
  assert.equal(warnings.length, 4);
});

test('what would let through more than the file allows is left out as a whole', () => {
  const { config } = parseConfig(
    minimalDocument({
      listeners: [
        httpListener(managerConfig(), { ssl_context: { cert_chain_file: 'a' } }),
        httpListener(
          managerConfig({
            route_config: {
              virtual_hosts: [{ name: 'v', domains: ['*'], routes: [], require_ssl: 'all' }],
            },
          }),
          { name: 'stays', address: 'tcp://127.0.0.1:81' },
        ),
      ],
      cluster_manager: { clusters: [staticCluster({ ssl_context: {} })] },
    }),
    { source: 'test', unsupported: 'warn' },
  );
  assert.deepEqual(
    config.listeners.map((listener) => listener.name),
    ['stays'],
  );
  assert.deepEqual(config.listeners[0]?.connectionManager.routeConfig.virtualHosts, []);
  assert.deepEqual(config.clusterManager.clusters, []);
});

test('values that are known but not supported are told apart from wrong ones', () => {
  const only = (document: JsonObject): string => {
    const problems = problemsOf(document);
    assert.equal(problems.length, 1, problems.join('\n'));
    return problems[0]?.replace(/ \(.*/, '') ?? '';
  };
  const listener = (parts: JsonObject): JsonObject =>
    minimalDocument({ listeners: [httpListener(managerConfig(), parts)] });
  const cluster = (parts: JsonObject): JsonObject => clustersDocument([staticCluster(parts)]);
  const manager = 'listeners[0].filters[0].config';
  assert.equal(only(listener({ address: 'unix:///run/a' })), `listeners[0].address: ${known}`);
  assert.equal(only(listener({ filters: [] })), `listeners[0].filters: ${known}`);
  assert.equal(only(managerDocument({ codec_type: 'http2' })), `${manager}.codec_type: ${known}`);
  assert.equal(
    only(managerDocument({ filters: [{ name: 'router', config: { start_child_span: true } }] })),
    `${manager}.filters[0].config.start_child_span: ${known}`,
  );
  assert.equal(only(cluster({ type: 'strict_dns' })), `cluster_manager.clusters[0].type: ${known}`);
  assert.equal(
    only(cluster({ type: 'original_dst', lb_type: 'original_dst_lb', hosts: undefined })),
    `cluster_manager.clusters[0].type: ${known}`,
  );
  for (const lbType of ['least_request', 'random', 'ring_hash']) {
    const problem = only(cluster({ lb_type: lbType }));
    assert.equal(problem, `cluster_manager.clusters[0].lb_type: ${known}`);
  }
});

test('every other filter of v1 is known', () => {
  for (const name of Object.keys(unsupportedNetworkFilters)) {
    const filters = [
      { name, config: {} },
      { name: 'http_connection_manager', config: managerConfig() },
    ];
    const [problem = '', ...rest] = problemsOf(
      minimalDocument({ listeners: [httpListener({}, { filters })] }),
    );
    assert.ok(problem.startsWith(`listeners[0].filters[0].name: ${known} (`), problem);
    assert.deepEqual(rest, []);
  }
  for (const name of Object.keys(unsupportedHttpFilters)) {
    const filters = [
      { name, config: {} },
      { name: 'router', config: {} },
    ];
    const [problem = '', ...rest] = problemsOf(managerDocument({ filters }));
    assert.ok(problem.startsWith(`listeners[0].filters[0].config.filters[0].name: ${known} (`));
    assert.deepEqual(rest, []);
  }
});

test('a filter that is left out leaves the others in place', () => {
  const config = managerConfig({
    filters: [
      { name: 'cors', config: {} },
      { name: 'router', config: {} },
    ],
  });
  const filters = [
    { name: 'ratelimit', config: {} },
    { name: 'http_connection_manager', config },
  ];
  const parsed = parseConfig(minimalDocument({ listeners: [httpListener({}, { filters })] }), {
    source: 'test',
    unsupported: 'warn',
  });
  assert.deepEqual(parsed.config.listeners[0]?.connectionManager.filters, [
    { name: 'router', dynamicStats: true },
  ]);
  assert.deepEqual(
    parsed.warnings.map((warning) => warning.path),
    ['listeners[0].filters[0].name', 'listeners[0].filters[1].config.filters[0].name'],
  );
});

test('a listener without a connection manager is left out and never in silence', () => {
  for (const names of [[], ['mongo_proxy'], ['tcp_proxy'], ['mongo_proxy', 'tcp_proxy']]) {
    const filters = names.map((name) => ({ name, config: {} }));
    const document = minimalDocument({ listeners: [httpListener({}, { filters })] });
    const { config, warnings } = parseConfig(document, { source: 'test', unsupported: 'warn' });
    assert.deepEqual(config.listeners, []);
    assert.ok(warnings.some(({ message }) => message.includes('so the listener is left out')));
  }
});

test('least_request, random and ring_hash become round_robin where things are left out', () => {
  for (const lbType of ['least_request', 'random', 'ring_hash']) {
    const document = clustersDocument([staticCluster({ lb_type: lbType })]);
    const { config } = parseConfig(document, { source: 'test', unsupported: 'warn' });
    assert.equal(config.clusterManager.clusters[0]?.lbType, 'round_robin');
  }
});

test('without its cluster, the discovery service and all that it discovers are left out', () => {
  const text = readSeed('edge-envoy').toString().replace('"logical_dns"', '"strict_dns"');
  const document: unknown = JSON.parse(text);
  const { config } = parseConfig(document, { source: 'test', unsupported: 'warn' });
  assert.deepEqual(config.clusterManager, { clusters: [], sds: undefined });
  assert.equal(config.listeners.length, 1);
  assert.deepEqual(warningsOf(document), [
    `${routePath}.cluster: the cluster "flask-app-envoy-service.default.svc.cluster.local" is ` +
      'left out, so requests that take this route get status 404',
    'cluster_manager.clusters[0].type: the cluster is left out, as cluster_manager.sds is',
    `cluster_manager.sds.cluster.type: ${known} (clusters of type "strict_dns" are not built), ` +
      'so the cluster is left out, as its hosts are not found',
  ]);
});

test('what is wrong in a part that would be left out is still wrong', () => {
  const document = routesDocument({ regex: '/.*', cluster: 'a', timeout_ms: 'x' });
  assert.deepEqual(problemsOf(document, 'warn'), [
    `${routePath}.timeout_ms: expected an integer of at least 0, found "x"`,
  ]);
});

test('an unknown key of an HTTP filter entry is a warning, as Envoy passes over it', () => {
  // It stands for no other key, so the one that was meant is missing.
  assert.deepEqual(problemsOf(managerDocument({ filters: [{ name: 'router', confg: {} }] })), [
    'listeners[0].filters[0].config.filters[0]: the key "config" is missing; add it, for example ' +
      '"config": {}',
  ]);
  const filters = [{ name: 'router', config: {}, confg: {}, deprecated: true }];
  assert.deepEqual(warningsOf(managerDocument({ filters }), 'error'), [
    'listeners[0].filters[0].config.filters[0].confg: unknown key, which is ignored; ' +
      'a filter of an http_connection_manager takes name, config, type',
    'listeners[0].filters[0].config.filters[0].deprecated: unknown key, which is ignored; ' +
      'a filter of an http_connection_manager takes name, config, type',
  ]);
});
