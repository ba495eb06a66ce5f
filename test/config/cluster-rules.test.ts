import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clustersDocument,
  httpListener,
  type JsonObject,
  managerConfig,
  managerDocument,
  minimalDocument,
  problemsOf,
  staticCluster,
  warningsOf,
} from '../support/config-documents.js';

const cluster = 'cluster_manager.clusters[0]';
const discoveryTypes = ['static', 'strict_dns', 'logical_dns', 'sds', 'original_dst'] as const;
const lbTypes = ['round_robin', 'least_request', 'random', 'ring_hash', 'original_dst_lb'] as const;

function clusterOf(type: string, parts: JsonObject): JsonObject {
  const own =
    type === 'sds'
      ? { hosts: undefined, service_name: 'app' }
      : type === 'original_dst'
        ? { hosts: undefined }
        : {};
  return staticCluster({ type, ...own, ...parts });
}

const sds = { cluster: staticCluster({ name: 'sds' }), refresh_delay_ms: 1 };

test('original_dst_lb goes with the type original_dst and with no other', () => {
  for (const type of discoveryTypes) {
    for (const lbType of lbTypes) {
      const document = clustersDocument([clusterOf(type, { lb_type: lbType })], { sds });
      const isRight = (type === 'original_dst') === (lbType === 'original_dst_lb');
      const problem =
        `${cluster}.lb_type: "${lbType}" does not go with the type "${type}"; ` +
        '"original_dst_lb" and the type "original_dst" only go together';
      assert.deepEqual(problemsOf(document, 'warn'), isRight ? [] : [problem]);
    }
  }
});

test('the settings of ring_hash are not read for another lb_type', () => {
  const settings = { ring_hash_lb_config: { minimum_ring_size: 1 } };
  for (const lbType of lbTypes.slice(0, 4)) {
    const document = clustersDocument([staticCluster({ lb_type: lbType, ...settings })]);
    const unread = `${cluster}.ring_hash_lb_config: not read, as the lb_type is "${lbType}"; remove it`;
    const warnings = warningsOf(document).filter((warning) => warning.includes('not read'));
    assert.deepEqual(warnings, lbType === 'ring_hash' ? [] : [unread]);
  }
});

test('clusters of clusters, sds and cds have names of their own', () => {
  const same = { cluster: staticCluster({ name: 'a' }) };
  const document = clustersDocument([staticCluster({ name: 'a' })], {
    sds: { ...same, refresh_delay_ms: 1 },
    cds: same,
  });
  const rule = 'every cluster needs a name of its own';
  assert.deepEqual(problemsOf(document, 'warn'), [
    `${cluster}.name: "a" already stands at cluster_manager.sds.cluster.name; ${rule}`,
    `cluster_manager.cds.cluster.name: "a" already stands at cluster_manager.sds.cluster.name; ${rule}`,
  ]);
});

test('names that are too long are refused wherever Envoy limits them', () => {
  const long = 'x'.repeat(61);
  const problem = 'the name is 61 bytes long, expected at most 60; shorten it';
  const named = { cluster: staticCluster({ name: long }) };
  assert.deepEqual(
    problemsOf(clustersDocument([], { sds: { ...named, refresh_delay_ms: 1 } }), 'warn'),
    [`cluster_manager.sds.cluster.name: ${problem}`],
  );
  assert.deepEqual(problemsOf(clustersDocument([], { cds: named }), 'warn'), [
    `cluster_manager.cds.cluster.name: ${problem}`,
  ]);
  const listener = httpListener(managerConfig(), { name: long });
  assert.deepEqual(problemsOf(minimalDocument({ listeners: [listener] })), [
    `listeners[0].name: ${problem}`,
  ]);
  const manager = 'listeners[0].filters[0].config';
  const virtual_hosts = [{ name: long, domains: ['*'], routes: [] }];
  assert.deepEqual(problemsOf(managerDocument({ route_config: { virtual_hosts } })), [
    `${manager}.route_config.virtual_hosts[0].name: ${problem}`,
  ]);
  const rds = { cluster: 'backend', route_config_name: long };
  const document = {
    ...clustersDocument([staticCluster()]),
    ...{ listeners: [httpListener(managerConfig({ route_config: undefined, rds }))] },
  };
  assert.deepEqual(problemsOf(document, 'warn'), [`${manager}.rds.route_config_name: ${problem}`]);
});

test('the addresses of listeners and of the admin server differ, however they are written', () => {
  const listeners = ['tcp://[::1]:80', 'tcp://[0:0::1]:80', 'tcp://[::1]:0', 'tcp://[::1]:0'].map(
    (address) => httpListener(managerConfig(), { address }),
  );
  const admin = { access_log_path: '/dev/null', address: 'tcp://[0::0:1]:80' };
  assert.deepEqual(problemsOf(minimalDocument({ listeners, admin })), [
    'listeners[1].address: "tcp://[::1]:80" already stands at listeners[0].address; ' +
      'every listener needs an address of its own',
    'admin.address: "tcp://[::1]:80" is the address of a listener too; ' +
      'give the admin server one of its own',
  ]);
});
