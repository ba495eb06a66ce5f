import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../lib/config/config.js';
import { type ParsedConfig, parseConfig } from '../../lib/config/parse-config.js';
import { networkFilterUnion } from '../../lib/config/schema/network-filter-schemas.js';
import {
  clustersDocument,
  httpListener,
  type JsonObject,
  managerConfig,
  managerDocument,
  minimalDocument,
  problemsOf,
  routePath,
  routesDocument,
  staticCluster,
  warningsOf,
} from '../support/config-documents.js';
import { sampleVariant } from '../support/schema-samples.js';

function parse(document: unknown): ParsedConfig {
  return parseConfig(document, { source: 'test', unsupported: 'warn' });
}

function listenerNames({ listeners }: Config): readonly string[] {
  return listeners.map(({ name }) => name);
}

test('what would let through more than the file allows is left out as a whole', () => {
  const parts: readonly JsonObject[] = [{ use_proxy_proto: true }, { transparent: true }];
  const listeners = [...parts, { name: 'stays' }].map((more, index) =>
    httpListener(managerConfig(), { address: `tcp://127.0.0.1:${81 + index}`, ...more }),
  );
  const { config } = parse(minimalDocument({ listeners }));
  assert.deepEqual(listenerNames(config), ['stays']);
});

test('a listener is left out for a network filter that it must not go without', () => {
  const manager = { name: 'http_connection_manager', config: managerConfig() };
  const names = Object.keys(networkFilterUnion.variants).slice(1);
  const listeners = names.map((name, index) =>
    httpListener(
      {},
      {
        name,
        address: `tcp://127.0.0.1:${81 + index}`,
        filters: [sampleVariant(networkFilterUnion, name), manager],
      },
    ),
  );
  const document = minimalDocument({
    listeners,
    cluster_manager: { clusters: [staticCluster()] },
  });
  // Behind client_ssl_auth, above all, everybody would be let in.
  assert.deepEqual(listenerNames(parse(document).config), ['mongo_proxy', 'ratelimit']);
});

test('a listener without a connection manager is left out and never in silence', () => {
  for (const names of [[], ['mongo_proxy'], ['tcp_proxy'], ['mongo_proxy', 'tcp_proxy']]) {
    const filters = names.map((name) => sampleVariant(networkFilterUnion, name));
    const { config, warnings } = parse(
      minimalDocument({
        listeners: [httpListener({}, { filters })],
        cluster_manager: { clusters: [staticCluster()] },
      }),
    );
    assert.deepEqual(config.listeners, []);
    const leaving = warnings.filter(({ message }) => message.includes('so the listener is left'));
    assert.equal(leaving.length, 1);
  }
});

test('a filter that is left out is warned of and leaves the others in place', () => {
  const config = managerConfig({
    filters: [
      { name: 'grpc_json_transcoder', config: { proto_descriptor: 'a.pb', services: ['a.A'] } },
      { name: 'router', config: {} },
    ],
  });
  const filters = [
    { name: 'mongo_proxy', config: { stat_prefix: 'mongo' } },
    { name: 'http_connection_manager', config },
  ];
  const parsed = parse(minimalDocument({ listeners: [httpListener({}, { filters })] }));
  assert.deepEqual(
    parsed.config.listeners[0]?.connectionManager.filters.map(({ name }) => name),
    ['grpc_json_transcoder', 'router'],
  );
  assert.deepEqual(
    parsed.warnings.map((warning) => warning.path),
    ['listeners[0].filters[0].name'],
  );
});

test('what is wrong in a part that would be left out is still wrong', () => {
  const route = { prefix: '/', cluster: 'a', auto_host_rewrite: true, timeout_ms: 'x' };
  assert.deepEqual(problemsOf(routesDocument(route), 'warn'), [
    `${routePath}.timeout_ms: expected an integer of at least 0, found "x"`,
  ]);
  const tls = clustersDocument([staticCluster({ ssl_context: { cert_chain_file: 'a' } })]);
  assert.deepEqual(problemsOf(tls, 'warn'), [
    'cluster_manager.clusters[0].ssl_context.cert_chain_file: "cert_chain_file" needs ' +
      '"private_key_file" beside it; add it',
  ]);
});

test('an unknown key of an HTTP filter entry is a warning, as Envoy passes over it', () => {
  const missing = managerDocument({ filters: [{ name: 'router', confg: {} }] });
  assert.deepEqual(problemsOf(missing), [
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
