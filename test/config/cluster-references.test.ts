import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clustersDocument,
  httpListener,
  type JsonObject,
  type JsonValue,
  managerConfig,
  problemsOf,
  staticCluster,
} from '../support/config-documents.js';

/** A place that names a cluster. */
interface Place {
  readonly path: string;
  /** The parts of a document in which it has a name. */
  place(name: string): { readonly document?: JsonObject; readonly manager?: JsonObject };
  /** What follows without the cluster. */
  readonly consequence: string;
}

const config = 'listeners[0].filters[0].config';
const route = `${config}.route_config.virtual_hosts[0].routes[0]`;
const notFound = 'requests that take this route get status 404';

/** A document part with a listener that has one network filter before its connection manager. */
function networkFilter(name: string, filterConfig: JsonObject): { readonly document: JsonObject } {
  const filters = [
    { name, config: filterConfig },
    { name: 'http_connection_manager', config: managerConfig() },
  ];
  return { document: { listeners: [httpListener({}, { filters })] } };
}

function connectionManager(parts: JsonObject): { readonly document: JsonObject } {
  return { document: { listeners: [httpListener(managerConfig(parts))] } };
}

function inRoute(parts: JsonObject): { readonly document: JsonObject } {
  const routes = [{ prefix: '/', ...parts }];
  const virtual_hosts = [{ name: 'a', domains: ['*'], routes }];
  return connectionManager({ route_config: { virtual_hosts } });
}

const tcpRoutes = (name: string): JsonValue => [{ cluster: name }];

const places: readonly Place[] = [
  {
    path: `${route}.cluster`,
    place: (cluster) => inRoute({ cluster }),
    consequence: notFound,
  },
  {
    path: `${route}.weighted_clusters.clusters[0].name`,
    place: (name) => inRoute({ weighted_clusters: { clusters: [{ name, weight: 100 }] } }),
    consequence: notFound,
  },
  {
    path: `${route}.shadow.cluster`,
    place: (cluster) => inRoute({ cluster: 'backend', shadow: { cluster } }),
    consequence: 'no copies are sent',
  },
  {
    path: `${config}.rds.cluster`,
    place: (cluster) =>
      connectionManager({ route_config: undefined, rds: { cluster, route_config_name: 'a' } }),
    consequence: 'every request gets status 404',
  },
  {
    path: `${config}.filters[0].config.cluster`,
    place: (cluster) =>
      connectionManager({
        filters: [
          { name: 'squash', config: { cluster, attachment_template: {} } },
          { name: 'router', config: {} },
        ],
      }),
    consequence: 'no debugger is attached',
  },
  {
    path: `${config}.route_config.routes[0].cluster`,
    place: (name) =>
      networkFilter('tcp_proxy', { stat_prefix: 'a', route_config: { routes: tcpRoutes(name) } }),
    consequence: 'its connections are closed',
  },
  {
    path: `${config}.cluster_name`,
    place: (cluster_name) =>
      networkFilter('redis_proxy', {
        cluster_name,
        stat_prefix: 'a',
        conn_pool: { op_timeout_ms: 1 },
      }),
    consequence: 'its commands are refused',
  },
  {
    path: `${config}.auth_api_cluster`,
    place: (auth_api_cluster) =>
      networkFilter('client_ssl_auth', { auth_api_cluster, stat_prefix: 'a' }),
    consequence: 'nobody is let in',
  },
  {
    path: 'lds.cluster',
    place: (cluster) => ({ document: { lds: { cluster } } }),
    consequence: 'no listener is discovered',
  },
  {
    path: 'statsd_tcp_cluster_name',
    place: (name) => ({ document: { statsd_tcp_cluster_name: name } }),
    consequence: 'no statistics are sent',
  },
  {
    path: 'rate_limit_service.config.cluster_name',
    place: (cluster_name) => ({
      document: { rate_limit_service: { type: 'grpc_service', config: { cluster_name } } },
    }),
    consequence: 'no request is limited',
  },
  ...['zipkin', 'lightstep'].map((type) => ({
    path: 'tracing.http.driver.config.collector_cluster',
    place: (collector_cluster: string) => {
      const token = type === 'zipkin' ? {} : { access_token_file: '/token' };
      const driver = { type, config: { collector_cluster, ...token } };
      return { document: { tracing: { http: { driver } } } };
    },
    consequence: 'no spans are sent',
  })),
  {
    path: 'cluster_manager.local_cluster_name',
    place: (local_cluster_name) => ({ manager: { local_cluster_name } }),
    consequence: 'zones are not compared',
  },
];

const backend = staticCluster({ name: 'backend' });

function documentWith(
  { place }: Place,
  name: string,
  clusters: JsonValue[],
  more: JsonObject = {},
): JsonObject {
  const { document, manager } = place(name);
  return { ...clustersDocument(clusters, { ...manager, ...more }), ...document };
}

test('every place that names a cluster takes one that exists', () => {
  for (const place of places) {
    assert.deepEqual(problemsOf(documentWith(place, 'backend', [backend]), 'warn'), [], place.path);
  }
});

test('a cluster that does not exist is a problem wherever it is named, with the nearest name', () => {
  for (const place of places) {
    assert.deepEqual(problemsOf(documentWith(place, 'bakcend', [backend]), 'warn'), [
      `${place.path}: no cluster has the name "bakcend"; did you mean "backend"?`,
    ]);
    assert.deepEqual(problemsOf(documentWith(place, 'other', [backend]), 'warn'), [
      `${place.path}: no cluster has the name "other"; add one to cluster_manager.clusters`,
    ]);
  }
});

test('the clusters of sds and cds are clusters as well', () => {
  const sds = { cluster: staticCluster({ name: 'sds' }), refresh_delay_ms: 1 };
  for (const place of places) {
    const document = documentWith(place, 'sds', [backend], { sds });
    assert.deepEqual(problemsOf(document, 'warn'), [], place.path);
  }
});

test('with cds, any name may be that of a cluster that is discovered later, where that would do', () => {
  const cds = { cluster: staticCluster({ name: 'cds' }) };
  const refused = places.filter((place) => {
    const document = documentWith(place, 'bakcend', [backend], { cds });
    return problemsOf(document, 'warn').length > 0;
  });
  // Those are asked before any cluster has been discovered.
  assert.deepEqual([...new Set(refused.map(({ path }) => path))].sort(), [
    'cluster_manager.local_cluster_name',
    'lds.cluster',
    `${config}.rds.cluster`,
    `${route}.cluster`,
    `${route}.shadow.cluster`,
    `${route}.weighted_clusters.clusters[0].name`,
    'tracing.http.driver.config.collector_cluster',
  ]);
});

test('a cluster that could not be read may be the one that is named', () => {
  for (const broken of [5, { ...backend, name: 5 }, { ...backend, name: undefined }]) {
    for (const place of places) {
      const problems = problemsOf(documentWith(place, 'other', [backend, broken]), 'warn');
      assert.equal(problems.length, 1, `${place.path}\n${problems.join('\n')}`);
      assert.match(problems[0] ?? '', /^cluster_manager\.clusters\[1\]/);
    }
  }
});

test('of many wrong names only the first are compared with all the right ones', () => {
  const routes = Array.from({ length: 25 }, () => ({ prefix: '/', cluster: 'bakcend' }));
  const virtual_hosts = [{ name: 'a', domains: ['*'], routes }];
  const { document } = connectionManager({ route_config: { virtual_hosts } });
  const problems = problemsOf({ ...clustersDocument([backend]), ...document });
  assert.equal(
    problems.filter((problem) => problem.endsWith('did you mean "backend"?')).length,
    20,
  );
  assert.equal(problems.length, 25);
});
