import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../lib/base/errors.js';
import {
  type AnswerContext,
  parseCdsAnswer,
  parseLdsAnswer,
  parseRdsAnswer,
} from '../../lib/config/discovery-answers.js';
import { httpListener, managerConfig, staticCluster } from '../support/config-documents.js';

const context: AnswerContext = {
  source: 'the answer',
  unsupported: 'error',
  clusterNames: ['known'],
  hasSds: true,
};

function problemsOf(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

const sdsCluster = {
  name: 'orders',
  type: 'sds',
  lb_type: 'round_robin',
  connect_timeout_ms: 1,
  service_name: 'orders',
};

test('an answer of CDS gives its clusters, frozen, with every default', () => {
  const { config, warnings } = parseCdsAnswer(
    { clusters: [staticCluster({ name: 'a' }), sdsCluster] },
    context,
  );
  assert.deepEqual(
    config.map(({ name }) => name),
    ['a', 'orders'],
  );
  assert.equal(config[0]?.circuitBreakers.default.maxRetries, 3);
  assert.ok(Object.isFrozen(config[1]?.discovery));
  assert.deepEqual(warnings, []);
  assert.deepEqual(parseCdsAnswer({ clusters: [] }, context).config, []);
});

test('an answer of CDS is refused whole, with every problem', () => {
  const clusters = [
    staticCluster({ name: 'a' }),
    staticCluster({ name: 'a', lb_type: 'least' }),
    sdsCluster,
  ];
  assert.deepEqual(
    problemsOf(() => parseCdsAnswer({ clusters, version: 1 }, { ...context, hasSds: false })),
    [
      'clusters[1].name: "a" already stands at clusters[0].name; every cluster needs a name of its own',
      'clusters[1].lb_type: expected "round_robin", "least_request", "random", "ring_hash" or ' +
        '"original_dst_lb", found "least"; did you mean "least_request"?',
      'clusters[2].type: a cluster of type "sds" needs a discovery service; add it as "sds" of the ' +
        'cluster_manager, for example "sds": { "cluster": { ... }, "refresh_delay_ms": 1000 }, or ' +
        'bring the hosts by the option registrations (--registrations)',
      'version: unknown key; the answer of a cluster discovery service takes clusters',
    ],
  );
  assert.deepEqual(
    problemsOf(() => parseCdsAnswer([], context)),
    [
      ': expected an object with the keys of the answer of a cluster discovery service, found an empty array',
    ],
  );
});

test('an answer of LDS gives its listeners, whose routes may name the clusters that there are', () => {
  const listener = (cluster: string): object => {
    const routes = [{ prefix: '/', cluster }];
    const table = { virtual_hosts: [{ name: 'a', domains: ['*'], routes }] };
    return httpListener(managerConfig({ route_config: table }), { name: 'edge' });
  };
  const { config } = parseLdsAnswer({ listeners: [listener('known')] }, context);
  assert.deepEqual(
    config.map(({ name }) => name),
    ['edge'],
  );
  assert.deepEqual(
    problemsOf(() =>
      parseLdsAnswer({ listeners: [listener('knwon'), listener('known')] }, context),
    ),
    [
      'listeners[0].filters[0].config.route_config.virtual_hosts[0].routes[0].cluster: ' +
        'no cluster has the name "knwon"; did you mean "known"?',
      'listeners[1].address: "tcp://127.0.0.1:80" already stands at listeners[0].address; ' +
        'every listener needs an address of its own',
      'listeners[1].name: "edge" already stands at listeners[0].name; every listener needs a name of its own',
    ],
  );
});

test('an answer of RDS gives a route table, whose clusters are checked only on demand', () => {
  const table = (parts: object): object => ({
    virtual_hosts: [{ name: 'a', domains: ['*'], routes: [{ prefix: '/', cluster: 'nobody' }] }],
    ...parts,
  });
  const { config } = parseRdsAnswer(table({}), context);
  assert.equal(config.validateClusters, false);
  assert.equal(config.virtualHosts[0]?.routes.length, 1);
  assert.deepEqual(
    problemsOf(() => parseRdsAnswer(table({ validate_clusters: true }), context)),
    [
      'virtual_hosts[0].routes[0].cluster: no cluster has the name "nobody"; ' +
        'add one to cluster_manager.clusters',
    ],
  );
});

test('what is not supported is a problem, or a warning', () => {
  const tls = { cert_chain_file: '/a.pem', private_key_file: '/b.pem', alt_alpn_protocols: 'h2' };
  const value = { listeners: [httpListener(managerConfig(), { ssl_context: tls })] };
  assert.equal(problemsOf(() => parseLdsAnswer(value, context)).length, 1);
  const { warnings } = parseLdsAnswer(value, { ...context, unsupported: 'warn' });
  assert.equal(warnings[0]?.path, 'listeners[0].ssl_context.alt_alpn_protocols');
});
