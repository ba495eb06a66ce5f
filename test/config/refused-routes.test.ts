import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type JsonObject,
  type JsonValue,
  managerDocument,
  problemsOf,
  routePath,
  routesDocument,
  staticCluster,
  warningsOf,
} from '../support/config-documents.js';

const table = 'listeners[0].filters[0].config.route_config';

function tableProblems(routeConfig: JsonValue): string[] {
  return problemsOf(managerDocument({ route_config: routeConfig }));
}

/** The problems of one route that are no mere lack of support. */
function routeProblems(route: JsonObject): string[] {
  return problemsOf(routesDocument(route)).filter(
    (problem) => !problem.includes('not supported yet'),
  );
}

test('a route table has its keys and types', () => {
  const routeConfig = {
    name: 'local_route',
    validate_clusters: 'yes',
    internal_only_headers: ['x-ok', ':path', 3],
    virtual_hosts: { name: 'backend' },
  };
  assert.deepEqual(tableProblems(routeConfig), [
    `${table}.name: unknown key; a route_config takes virtual_hosts, validate_clusters, ` +
      'internal_only_headers, response_headers_to_add, response_headers_to_remove, ' +
      'request_headers_to_add',
    `${table}.validate_clusters: expected true or false, found "yes"`,
    `${table}.internal_only_headers[1]: ":path" is not the name of a header`,
    `${table}.internal_only_headers[2]: expected a string, found 3; write it in quotes: "3"`,
    `${table}.virtual_hosts: expected an array, found an object; put [ ] around it`,
  ]);
});

test('a virtual host needs name, domains and routes', () => {
  assert.deepEqual(tableProblems({ virtual_hosts: [{ prefix: '/', owner: 'me' }] }), [
    `${table}.virtual_hosts[0]: the key "name" is missing; add it, for example "name": "backend"`,
    `${table}.virtual_hosts[0]: the key "domains" is missing; add it, for example "domains": ["*"]`,
    `${table}.virtual_hosts[0]: the key "routes" is missing; add it, for example ` +
      '"routes": [{ "prefix": "/", "cluster": "backend" }]',
    `${table}.virtual_hosts[0].prefix: unknown key; a virtual host does not take it, ` +
      'it belongs in a route',
    `${table}.virtual_hosts[0].owner: unknown key; a virtual host takes name, domains, routes, ` +
      'require_ssl, virtual_clusters, rate_limits, request_headers_to_add, cors',
  ]);
});

test('names of virtual hosts have at most 60 bytes', () => {
  const virtualHost = { name: 'v'.repeat(61), domains: ['a'], routes: [] };
  assert.deepEqual(tableProblems({ virtual_hosts: [virtualHost] }), [
    `${table}.virtual_hosts[0].name: the name is 61 bytes long, expected at most 60; shorten it`,
  ]);
});

test('a route matches by exactly one of prefix, path and regex', () => {
  assert.deepEqual(routeProblems({ cluster: 'a' }), [
    `${routePath}: a route needs "prefix", "path" or "regex"; "prefix": "/" matches every path`,
  ]);
  assert.deepEqual(routeProblems({ cluster: 'a', prefix: '/', path: '/' }), [
    `${routePath}: "prefix" and "path" exclude each other; keep one of them`,
  ]);
  assert.deepEqual(routeProblems({ cluster: 'a', prefix: '/', path: '/', regex: '.*' }), [
    `${routePath}: "prefix", "path" and "regex" exclude each other; keep one of them`,
  ]);
});

test('a route has exactly one target, or redirects', () => {
  assert.deepEqual(routeProblems({ prefix: '/' }), [
    `${routePath}: a route needs a target; add "cluster" with the name of a cluster`,
  ]);
  assert.deepEqual(routeProblems({ prefix: '/', cluster: 'a', cluster_header: 'x-cluster' }), [
    `${routePath}: "cluster" and "cluster_header" exclude each other; keep one of them`,
  ]);
  assert.deepEqual(routeProblems({ prefix: '/', cluster: 'a', host_redirect: 'b.com' }), [
    `${routePath}: a route has a target or redirects, found "cluster" and "host_redirect"; ` +
      'keep one kind',
  ]);
  assert.deepEqual(routeProblems({ prefix: '/', cluster_header: 'x', path_redirect: '/x' }), [
    `${routePath}: a route has a target or redirects, found "cluster_header" and ` +
      '"path_redirect"; keep one kind',
  ]);
  assert.deepEqual(routeProblems({ prefix: '/', host_redirect: 'b.com', path_redirect: '/x' }), []);
  assert.deepEqual(routeProblems({ prefix: '/', path_redirect: '/x', use_websocket: false }), [
    `${routePath}.use_websocket: a route that redirects takes no "use_websocket"; remove it`,
  ]);
});

test('host_rewrite and auto_host_rewrite exclude each other, even when the latter is false', () => {
  const route = { prefix: '/', cluster: 'a', host_rewrite: 'b', auto_host_rewrite: false };
  assert.deepEqual(routeProblems(route), [
    `${routePath}: "host_rewrite" and "auto_host_rewrite" exclude each other; keep one of them`,
  ]);
});

test('the keys of a route have their types and ranges', () => {
  const route = {
    prefix: 5,
    cluster: true,
    timeout_ms: -1,
    priority: 'low',
    case_sensitive: 0,
    timeout: 5,
  };
  assert.deepEqual(routeProblems(route), [
    `${routePath}.prefix: expected a string, found 5; write it in quotes: "5"`,
    `${routePath}.cluster: expected a string, found true; write it in quotes: "true"`,
    `${routePath}.timeout_ms: expected an integer of at least 0, found -1`,
    `${routePath}.priority: expected "default" or "high", found "low"`,
    `${routePath}.case_sensitive: expected true or false, found 0`,
    `${routePath}.timeout: unknown key; a route takes prefix, path, regex, case_sensitive, headers, ` +
      'query_parameters, runtime, cluster, cluster_header, weighted_clusters, host_redirect, ' +
      'path_redirect, prefix_rewrite, host_rewrite, auto_host_rewrite, use_websocket, timeout_ms, ' +
      'retry_policy, shadow, priority, rate_limits, include_vh_rate_limits, hash_policy, ' +
      'request_headers_to_add, opaque_config, decorator, cors',
  ]);
});

test('a time with a unit is answered with the number of milliseconds', () => {
  const timeout = (timeout_ms: JsonValue): string[] =>
    routeProblems({ prefix: '/', cluster: 'a', timeout_ms });
  const expected = `${routePath}.timeout_ms: expected an integer of at least 0, found`;
  assert.deepEqual(timeout('250'), [`${expected} "250"; write it without quotes`]);
  assert.deepEqual(timeout('250ms'), [`${expected} "250ms"; write 250`]);
  assert.deepEqual(timeout('15s'), [`${expected} "15s"; write 15000`]);
  assert.deepEqual(timeout('2m'), [`${expected} "2m"; write 120000`]);
  assert.deepEqual(timeout('soon'), [`${expected} "soon"`]);
  assert.deepEqual(timeout(2.5), [`${expected} 2.5`]);
  assert.deepEqual(timeout(1e300), [
    `${routePath}.timeout_ms: expected at most 9007199254740991, found 1e+300`,
  ]);
});

test('a route names a cluster that exists', () => {
  const route = (cluster: string, validate: boolean): JsonObject => ({
    ...managerDocument({
      route_config: {
        validate_clusters: validate,
        virtual_hosts: [{ name: 'v', domains: ['*'], routes: [{ prefix: '/', cluster }] }],
      },
    }),
    cluster_manager: { clusters: [staticCluster({ name: 'local_service' })] },
  });
  assert.deepEqual(problemsOf(route('local_service', true)), []);
  assert.deepEqual(problemsOf(route('local-service', true)), [
    `${routePath}.cluster: no cluster has the name "local-service"; ` +
      'did you mean "local_service"?',
  ]);
  assert.deepEqual(problemsOf(route('elsewhere', true)), [
    `${routePath}.cluster: no cluster has the name "elsewhere"; ` +
      'add one to cluster_manager.clusters',
  ]);
  assert.deepEqual(problemsOf(route('elsewhere', false)), []);
});

test('no cluster is missed while there are clusters whose names cannot be read', () => {
  const document = managerDocument({
    route_config: {
      virtual_hosts: [{ name: 'v', domains: ['*'], routes: [{ prefix: '/', cluster: 'a' }] }],
    },
  });
  const { name: _, ...nameless } = staticCluster();
  for (const clusters of [[nameless], [5], 'a']) {
    const problems = problemsOf({ ...document, cluster_manager: { clusters } });
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /^cluster_manager/);
  }
});

test('routes that never match are warned of', () => {
  const routes = [
    { prefix: 'api', cluster: 'a' },
    { path: 'index.html', cluster: 'a' },
    { path: '/search?q=1', cluster: 'a' },
    { prefix: '/search?q=', cluster: 'a' },
    { prefix: '*', cluster: 'a' },
  ];
  const routesPath = routePath.slice(0, -3);
  assert.deepEqual(warningsOf(routesDocument(...routes), 'error'), [
    `${routesPath}[0].prefix: this route never matches, as paths begin with a slash; ` +
      'did you mean "/api"?',
    `${routesPath}[1].path: this route never matches, as paths begin with a slash; ` +
      'did you mean "/index.html"?',
    `${routesPath}[2].path: this route never matches, as the path is compared without its query`,
    `${routesPath}[4].prefix: this route never matches, as paths begin with a slash; ` +
      'did you mean "/*"?',
  ]);
});
