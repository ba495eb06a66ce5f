import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  clustersDocument,
  type JsonObject,
  type JsonValue,
  managerDocument,
  problemsOf,
  staticCluster,
} from '../support/config-documents.js';
import { managerPath, tablePath } from '../support/route-documents.js';

const routesPath = `${tablePath}.virtual_hosts[0].routes`;
const absent = (name: string): string =>
  `no cluster has the name "${name}"; add one to cluster_manager.clusters`;

/** A document with the cluster `backend`, and a table with these routes. */
function documentWith(validate: boolean | undefined, ...routes: JsonValue[]): JsonObject {
  return {
    ...managerDocument({
      route_config: {
        validate_clusters: validate,
        virtual_hosts: [{ name: 'v', domains: ['*'], routes }],
      },
    }),
    cluster_manager: { clusters: [staticCluster()] },
  };
}

const weighted = {
  prefix: '/',
  weighted_clusters: {
    clusters: [
      { name: 'backend', weight: 50 },
      { name: 'second', weight: 50 },
    ],
  },
};
const shadowed = { prefix: '/', cluster: 'backend', shadow: { cluster: 'third' } };
const byHeader = { prefix: '/', cluster_header: 'x-cluster' };

for (const validate of [true, undefined]) {
  test(`every cluster of a route must exist when validate_clusters is ${validate}`, () => {
    const first = { prefix: '/', cluster: 'first' };
    const document = documentWith(validate, first, weighted, shadowed, byHeader);
    assert.deepEqual(problemsOf(document, 'warn'), [
      `${routesPath}[0].cluster: ${absent('first')}`,
      `${routesPath}[1].weighted_clusters.clusters[1].name: ${absent('second')}`,
      `${routesPath}[2].shadow.cluster: ${absent('third')}`,
    ]);
  });
}

test('no cluster of a route need exist when validate_clusters is false', () => {
  const first = { prefix: '/', cluster: 'first' };
  const document = documentWith(false, first, weighted, shadowed, byHeader);
  assert.deepEqual(problemsOf(document, 'warn'), []);
});

test('the name of a cluster has its case', () => {
  assert.deepEqual(problemsOf(documentWith(true, { prefix: '/', cluster: 'Backend' })), [
    `${routesPath}[0].cluster: no cluster has the name "Backend"; did you mean "backend"?`,
  ]);
});

test('a redirect needs no cluster', () => {
  const document = documentWith(true, { prefix: '/', host_redirect: 'b.com' });
  assert.deepEqual(problemsOf(document), []);
});

describe('whatever validate_clusters says, a cluster must exist for', () => {
  const withClusters = (document: JsonObject): JsonObject => ({
    ...document,
    cluster_manager: clustersDocument([staticCluster()])['cluster_manager'],
  });

  test('the discovery of routes', () => {
    const rds = { cluster: 'discovery', route_config_name: 'r' };
    const document = withClusters(managerDocument({ route_config: undefined, rds }));
    assert.deepEqual(problemsOf(document, 'warn'), [
      `${managerPath}.rds.cluster: ${absent('discovery')}`,
    ]);
  });

  test('a debugger', () => {
    const config = { cluster: 'squash', attachment_template: {} };
    const filters = [
      { name: 'squash', config },
      { name: 'router', config: {} },
    ];
    const table = { validate_clusters: false, virtual_hosts: [] };
    const document = withClusters(managerDocument({ route_config: table, filters }));
    assert.deepEqual(problemsOf(document, 'warn'), [
      `${managerPath}.filters[0].config.cluster: ${absent('squash')}`,
    ]);
  });
});

test('of many unknown clusters only the first are compared with those that exist', () => {
  const routes = Array.from({ length: 30 }, () => ({ prefix: '/', cluster: 'backnd' }));
  const problems = problemsOf({
    ...managerDocument({
      route_config: { virtual_hosts: [{ name: 'v', domains: ['*'], routes }] },
    }),
    cluster_manager: { clusters: [staticCluster()] },
  });
  assert.equal(problems.length, 30);
  assert.equal(problems.filter((line) => line.endsWith('did you mean "backend"?')).length, 20);
});
