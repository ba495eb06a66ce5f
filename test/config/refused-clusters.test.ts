import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clustersDocument,
  type JsonObject,
  type JsonValue,
  problemsOf,
  staticCluster,
  warningsOf,
} from '../support/config-documents.js';

const cluster = 'cluster_manager.clusters[0]';

/** The problems of one cluster that are no mere lack of support. */
function clusterProblems(parts: JsonObject): string[] {
  return problemsOf(clustersDocument([staticCluster(parts)])).filter(
    (problem) => !problem.includes('not supported yet'),
  );
}

function hosts(...urls: string[]): JsonValue {
  return urls.map((url) => ({ url }));
}

test('a cluster needs name, type, connect_timeout_ms and lb_type', () => {
  assert.deepEqual(problemsOf(clustersDocument([{}])), [
    `${cluster}: the key "name" is missing; add it, for example "name": "backend"`,
    `${cluster}: the key "type" is missing; add it, for example "type": "static"`,
    `${cluster}: the key "connect_timeout_ms" is missing; add it, for example ` +
      '"connect_timeout_ms": 250',
    `${cluster}: the key "lb_type" is missing; add it, for example "lb_type": "round_robin"`,
  ]);
});

test('the keys of a cluster have their types and ranges', () => {
  const parts = {
    name: '',
    connect_timeout_ms: '250',
    lb_type: 'rond_robin',
    per_connection_buffer_limit_bytes: 0.5,
    max_requests_per_connection: 0,
    circuit_breakers: { default: { max_connections: -1, max_retry: 1 }, low: {}, high: 1024 },
    dns_lookup_family: 'v4only',
    dns_refresh_rate_ms: 0,
  };
  assert.deepEqual(clusterProblems(parts), [
    `${cluster}.name: expected a string that is not empty, found ""`,
    `${cluster}.connect_timeout_ms: expected an integer greater than 0, found "250"; ` +
      'write it without quotes',
    `${cluster}.lb_type: expected "round_robin", "least_request", "random", "ring_hash" or ` +
      '"original_dst_lb", found "rond_robin"; did you mean "round_robin"?',
    `${cluster}.per_connection_buffer_limit_bytes: expected an integer greater than 0, found 0.5`,
    `${cluster}.max_requests_per_connection: expected an integer greater than 0, found 0`,
    `${cluster}.circuit_breakers.default.max_connections: expected an integer of at least 0, ` +
      'found -1',
    `${cluster}.circuit_breakers.default.max_retry: unknown key; the circuit breaker of a priority ` +
      'takes max_connections, max_pending_requests, max_requests, max_retries',
    `${cluster}.circuit_breakers.low: unknown key; the circuit_breakers of a cluster takes ` +
      'default, high',
    `${cluster}.circuit_breakers.high: expected an object with the keys of the circuit breaker ` +
      'of a priority, found 1024',
    `${cluster}.dns_lookup_family: expected "v4_only", "v6_only" or "auto", found "v4only"; ` +
      'did you mean "v4_only"?',
    `${cluster}.dns_refresh_rate_ms: expected an integer greater than 0, found 0`,
  ]);
});

test('keys written in another style are recognized', () => {
  const { connect_timeout_ms: _, ...rest } = staticCluster();
  assert.deepEqual(problemsOf(clustersDocument([{ ...rest, connectTimeoutMs: '1s' }])), [
    `${cluster}.connectTimeoutMs: unknown key; did you mean "connect_timeout_ms"?`,
    `${cluster}.connectTimeoutMs: expected an integer greater than 0, found "1s"; write 1000`,
  ]);
  assert.deepEqual(problemsOf(clustersDocument([{ ...rest, connect_timeout: 250 }])), [
    `${cluster}.connect_timeout: unknown key; did you mean "connect_timeout_ms"?`,
  ]);
});

test('cluster names differ from each other and from that of the discovery service', () => {
  const sds = { cluster: staticCluster({ name: 'a' }), refresh_delay_ms: 1000 };
  const clusters = ['a', 'b', 'b'].map((name) => staticCluster({ name }));
  assert.deepEqual(problemsOf(clustersDocument(clusters, { sds })), [
    'cluster_manager.clusters[0].name: "a" already stands at cluster_manager.sds.cluster.name; ' +
      'every cluster needs a name of its own',
    'cluster_manager.clusters[2].name: "b" already stands at cluster_manager.clusters[1].name; ' +
      'every cluster needs a name of its own',
  ]);
});

test('cluster names have at most 60 bytes', () => {
  assert.deepEqual(clusterProblems({ name: 'x'.repeat(60) }), []);
  assert.deepEqual(clusterProblems({ name: 'x'.repeat(61) }), [
    `${cluster}.name: the name is 61 bytes long, expected at most 60; shorten it`,
  ]);
});

test('an sds cluster needs a service name and a discovery service', () => {
  const parts = { type: 'sds', hosts: undefined };
  assert.deepEqual(clusterProblems(parts), [
    `${cluster}: the key "service_name" is missing; add it, for example ` +
      '"service_name": "backend.default.svc.cluster.local"',
    `${cluster}.type: a cluster of type "sds" needs a discovery service; add it as "sds" of the ` +
      'cluster_manager, for example "sds": { "cluster": { ... }, "refresh_delay_ms": 1000 }, or ' +
      'bring the hosts by the option registrations (--registrations)',
  ]);
  const document = clustersDocument([staticCluster({ ...parts, service_name: 'a b' })], {
    sds: { cluster: staticCluster({ name: 'sds' }), refresh_delay_ms: 1000 },
  });
  assert.deepEqual(problemsOf(document), [
    `${cluster}.service_name: "a b" cannot stand in the path of a request; ` +
      'use ASCII without blanks',
  ]);
});

test('cluster_manager.sds needs a cluster of its own and a refresh delay', () => {
  assert.deepEqual(problemsOf(clustersDocument([], { sds: {} })), [
    'cluster_manager.sds: the key "cluster" is missing; add it, for example ' +
      '"cluster": { "name": ..., "type": ... }',
    'cluster_manager.sds: the key "refresh_delay_ms" is missing; add it, for example ' +
      '"refresh_delay_ms": 1000',
  ]);
  const sds = {
    cluster: staticCluster({ type: 'sds', service_name: 'sds', hosts: undefined }),
    refresh_delay_ms: 0,
  };
  assert.deepEqual(problemsOf(clustersDocument([], { sds })), [
    'cluster_manager.sds.cluster.type: the cluster of the discovery service cannot be ' +
      'discovered itself; use "static" or "logical_dns"',
    'cluster_manager.sds.refresh_delay_ms: expected an integer greater than 0, found 0',
  ]);
  assert.deepEqual(
    problemsOf(clustersDocument([], { sds: { cluster: 'a', refresh_delay_ms: 1 } })),
    ['cluster_manager.sds.cluster: expected an object with the keys of a cluster, found "a"'],
  );
});

test('original_dst_lb and the type original_dst only go together', () => {
  const rule = '"original_dst_lb" and the type "original_dst" only go together';
  assert.deepEqual(clusterProblems({ lb_type: 'original_dst_lb' }), [
    `${cluster}.lb_type: "original_dst_lb" does not go with the type "static"; ${rule}`,
  ]);
  assert.deepEqual(clusterProblems({ type: 'original_dst' }), [
    `${cluster}.lb_type: "round_robin" does not go with the type "original_dst"; ${rule}`,
    `${cluster}.hosts: a cluster of type "original_dst" takes no hosts; remove them`,
  ]);
});

test('keys that the type of a cluster does not read, and names that DNS cannot know, are warned of', () => {
  const clusters = [
    staticCluster({ service_name: 'a', dns_refresh_rate_ms: 1, dns_lookup_family: 'auto' }),
    ...['10.0.0.256', 'bad_/name', 'fine-name.example.', `${'x'.repeat(64)}.com`].map(
      (name, index) =>
        staticCluster({
          name: `dns ${index}`,
          type: 'logical_dns',
          hosts: hosts(`tcp://${name}:80`),
        }),
    ),
  ];
  assert.deepEqual(warningsOf(clustersDocument(clusters), 'error'), [
    `${cluster}.service_name: not read, as the type of this cluster is "static"; remove it`,
    `${cluster}.dns_refresh_rate_ms: not read, as the type of this cluster is "static"; remove it`,
    `${cluster}.dns_lookup_family: not read, as the type of this cluster is "static"; remove it`,
    'cluster_manager.clusters[1].hosts[0].url: "10.0.0.256" is no name that DNS can resolve',
    'cluster_manager.clusters[2].hosts[0].url: "bad_/name" is no name that DNS can resolve',
    'cluster_manager.clusters[4].hosts[0].url: ' +
      `"${'x'.repeat(60)}…" is no name that DNS can resolve`,
  ]);
});
