import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject, JsonValue } from '../support/config-documents.js';
import { parseForward, parseRoute, routeProblems } from '../support/route-documents.js';

/** What is wrong with a route that leads to a cluster. */
function actionProblems(parts: JsonObject): string[] {
  return routeProblems({ prefix: '/', cluster: 'a', ...parts });
}

function weightProblems(...clusters: JsonValue[]): string[] {
  return routeProblems({ prefix: '/', weighted_clusters: { clusters } });
}

test('a route that says nothing has the defaults of the schema', () => {
  assert.deepEqual(parseForward({}), {
    kind: 'forward',
    target: { kind: 'cluster', cluster: 'a' },
    prefixRewrite: undefined,
    hostRewrite: undefined,
    autoHostRewrite: false,
    useWebsocket: false,
    timeoutMs: 15000,
    retryPolicy: undefined,
    shadow: undefined,
    priority: 'default',
    rateLimits: [],
    includeVhRateLimits: false,
    hashHeader: undefined,
    opaqueConfig: [],
    decoratorOperation: undefined,
    cors: undefined,
  });
});

test('every key of an action is read', () => {
  const action = parseForward({
    prefix_rewrite: '/b',
    host_rewrite: 'b.com',
    use_websocket: true,
    timeout_ms: 0,
    retry_policy: { retry_on: '5xx', num_retries: 0, per_try_timeout_ms: 5 },
    shadow: { cluster: 's', runtime_key: 'k' },
    priority: 'high',
    include_vh_rate_limits: true,
    hash_policy: { header_name: 'X-User' },
    opaque_config: { a: 'b', c: '' },
    decorator: { operation: 'op' },
  });
  assert.deepEqual(action, {
    ...parseForward({}),
    prefixRewrite: '/b',
    hostRewrite: 'b.com',
    useWebsocket: true,
    timeoutMs: 0,
    retryPolicy: { retryOn: ['5xx'], numRetries: 0, perTryTimeoutMs: 5 },
    shadow: { cluster: 's', runtimeKey: 'k' },
    priority: 'high',
    includeVhRateLimits: true,
    hashHeader: 'x-user',
    opaqueConfig: [
      { key: 'a', value: 'b' },
      { key: 'c', value: '' },
    ],
    decoratorOperation: 'op',
  });
});

test('a redirect has a host, a path or both, and reads nothing else', () => {
  const parse = (parts: JsonObject): object => parseRoute({ prefix: '/', ...parts }).action;
  assert.deepEqual(parse({ host_redirect: 'b.com', timeout_ms: 5 }), {
    kind: 'redirect',
    host: 'b.com',
    path: undefined,
  });
  assert.deepEqual(parse({ host_redirect: '', path_redirect: '/b?c' }), {
    kind: 'redirect',
    host: '',
    path: '/b?c',
  });
});

describe('the cluster', () => {
  test('may be named by a header, the Host too', () => {
    const targetOf = (cluster_header: string): object =>
      parseForward({ cluster: undefined, cluster_header }).target;
    assert.deepEqual(targetOf('X-Cluster'), { kind: 'cluster_header', header: 'x-cluster' });
    assert.deepEqual(targetOf('Host'), { kind: 'cluster_header', header: ':authority' });
    assert.deepEqual(routeProblems({ prefix: '/', cluster_header: 'a b' }), [
      '.cluster_header: "a b" is not the name of a header',
    ]);
  });

  test('may be one of several', () => {
    const clusters = [
      { name: 'a', weight: 100 },
      { name: 'b', weight: 0 },
    ];
    const weighted_clusters = { clusters, runtime_key_prefix: 'k' };
    const { target } = parseForward({ cluster: undefined, weighted_clusters });
    assert.deepEqual(target, { kind: 'weighted_clusters', clusters, runtimeKeyPrefix: 'k' });
  });
});

describe('weights', () => {
  test('add up to 100', () => {
    for (const [weight, sum] of [
      [49, 99],
      [51, 101],
    ] as const) {
      assert.deepEqual(weightProblems({ name: 'a', weight: 50 }, { name: 'b', weight }), [
        `.weighted_clusters.clusters: the weights must add up to 100, found ${sum}`,
      ]);
    }
    assert.deepEqual(weightProblems({ name: 'a', weight: 0 }), [
      '.weighted_clusters.clusters: the weights must add up to 100, found 0',
    ]);
  });

  test('are not added up while one of them is wrong', () => {
    assert.deepEqual(
      weightProblems({ name: 'a', weight: 101 }, { name: 'b' }, { weight: 5 }, 'c'),
      [
        '.weighted_clusters.clusters[0].weight: expected at most 100, found 101',
        '.weighted_clusters.clusters[1]: the key "weight" is missing; add it, for example ' +
          '"weight": 50',
        '.weighted_clusters.clusters[2]: the key "name" is missing; add it, for example ' +
          '"name": "backend"',
        '.weighted_clusters.clusters[3]: expected an object with the keys of a weighted cluster, ' +
          'found "c"',
      ],
    );
  });

  test('are those of at least one cluster', () => {
    assert.deepEqual(weightProblems(), [
      '.weighted_clusters.clusters: expected at least one entry, found 0',
    ]);
    assert.deepEqual(routeProblems({ prefix: '/', weighted_clusters: {} }), [
      '.weighted_clusters: the key "clusters" is missing; add it, for example ' +
        '"clusters": [{ "name": ..., "weight": ... }]',
    ]);
  });
});

test('opaque_config holds strings alone, whatever their keys', () => {
  assert.deepEqual(
    actionProblems({ opaque_config: { a: 1, 'b c': { d: 'e' }, f: 'g', h: null } }),
    [
      '.opaque_config.a: expected a string, found 1',
      '.opaque_config["b c"]: expected a string, found an object',
      '.opaque_config.h: expected a string, found null',
    ],
  );
  assert.deepEqual(actionProblems({ opaque_config: ['a'] }), [
    '.opaque_config: expected an object, found an array',
  ]);
});

test('opaque_config takes a key that every object has', () => {
  const opaque_config: JsonObject = JSON.parse('{ "__proto__": "a", "constructor": "b" }');
  assert.deepEqual(parseForward({ opaque_config }).opaqueConfig, [
    { key: '__proto__', value: 'a' },
    { key: 'constructor', value: 'b' },
  ]);
});

test('the objects of an action have their keys and ranges', () => {
  const problems = actionProblems({
    retry_policy: { num_retries: -1, per_try_timeout_ms: 0 },
    shadow: { runtime_key: 5 },
    hash_policy: { header_name: 'a b' },
    decorator: {},
  });
  assert.deepEqual(problems, [
    '.retry_policy: the key "retry_on" is missing; add it, for example ' +
      '"retry_on": "5xx,connect-failure"',
    '.retry_policy.num_retries: expected an integer of at least 0, found -1',
    '.retry_policy.per_try_timeout_ms: expected an integer greater than 0, found 0',
    '.shadow: the key "cluster" is missing; add it, for example "cluster": "backend_next"',
    '.shadow.runtime_key: expected a string, found 5; write it in quotes: "5"',
    '.hash_policy.header_name: "a b" is not the name of a header',
    '.decorator: the key "operation" is missing; add it, for example "operation": "..."',
  ]);
});
