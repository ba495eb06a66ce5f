import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../lib/config/parse-config.js';
import { explainRequest } from '../../../lib/explain/explain-request.js';
import type { ExplainOptions } from '../../../lib/explain/explained-request.js';
import type { Explanation } from '../../../lib/explain/explanation.js';
import {
  httpListener,
  type JsonObject,
  type JsonValue,
  managerConfig,
  minimalDocument,
  staticCluster,
} from '../../support/config-documents.js';

/** A document whose one listener has these virtual hosts and the clusters `a` and `b`. */
function documentOf(virtualHosts: JsonValue[], parts: JsonObject = {}): JsonObject {
  const routeConfig = { validate_clusters: false, virtual_hosts: virtualHosts, ...parts };
  return minimalDocument({
    listeners: [httpListener(managerConfig({ route_config: routeConfig }), { name: 'edge' })],
    cluster_manager: { clusters: [staticCluster({ name: 'a' }), staticCluster({ name: 'b' })] },
  });
}

function explain(document: JsonObject, options: ExplainOptions): Explanation {
  const { config } = parseConfig(document, { source: 'test', unsupported: 'warn' });
  return explainRequest(config, options);
}

/** Explains a request to a virtual host with these routes. */
function explainRoutes(routes: JsonValue[], options: ExplainOptions): Explanation {
  return explain(documentOf([{ name: 'host', domains: ['*'], routes }]), options);
}

const url = 'http://foo.com/orders/1?x=2';

test('names the listener, the virtual host, the route and the cluster', () => {
  const { request, listener, virtualHost, routes, outcome } = explainRoutes(
    [{ prefix: '/orders', cluster: 'a' }],
    { url },
  );
  assert.deepEqual(request, { method: 'GET', url, host: 'foo.com', path: '/orders/1?x=2' });
  assert.deepEqual(listener, { name: 'edge', address: 'tcp://127.0.0.1:80' });
  assert.deepEqual(virtualHost, { name: 'host', domain: '*', virtualCluster: undefined });
  assert.deepEqual(routes, [{ index: 0, conditions: ['path begins with "/orders"'], reasons: [] }]);
  assert.equal(outcome.kind, 'forward');
  assert.equal(outcome.kind === 'forward' && outcome.cluster, 'a');
});

test('says for every route before why it does not match, condition by condition', () => {
  const { routes } = explainRoutes(
    [
      { prefix: '/users', cluster: 'a' },
      { path: '/orders', cluster: 'a' },
      { regex: '/orders/[a-z]+', cluster: 'a' },
      {
        prefix: '/',
        cluster: 'a',
        headers: [
          { name: 'x-version', value: '2' },
          { name: ':method', value: 'POST' },
          { name: 'x-count', range_match: { start: 1, end: 5 } },
        ],
      },
      { prefix: '/', cluster: 'a', query_parameters: [{ name: 'x', value: '[0-1]', regex: true }] },
      { prefix: '/', cluster: 'a', runtime: { key: 'some.key', default: 50 } },
      { prefix: '/', cluster: 'b' },
    ],
    { url, headers: { 'X-Version': '1' }, random: 150 },
  );
  assert.deepEqual(
    routes.map(({ reasons }) => reasons),
    [
      ['path begins with "/users", but the path is "/orders/1?x=2"'],
      ['path is "/orders", but the path is "/orders/1?x=2"'],
      ['path matches "/orders/[a-z]+", but the path is "/orders/1?x=2"'],
      [
        'header x-version is "2", but it is "1"',
        'header :method is "POST", but it is "GET"',
        'header x-count is a number from 1 to 4, but it is missing',
      ],
      ['query parameter "x" matches "[0-1]", but it is "2"'],
      ['50 % of the requests (runtime key "some.key"), but the number of this request is 50'],
      [],
    ],
  );
});

test('runtime values and the random number decide as they would for a request', () => {
  const routes = [
    { prefix: '/', cluster: 'a', runtime: { key: 'k', default: 0 } },
    {
      prefix: '/',
      weighted_clusters: {
        clusters: [
          { name: 'a', weight: 30 },
          { name: 'b', weight: 70 },
        ],
      },
    },
  ];
  const clusterOf = (options: Partial<ExplainOptions>): unknown => {
    const { outcome } = explainRoutes(routes, { url, ...options });
    return outcome.kind === 'forward' ? [outcome.cluster, outcome.chosenBy] : outcome;
  };
  const weights = (number: number): string =>
    `weights (a 30 %, b 70 %; the number of this request is ${number})`;
  assert.deepEqual(clusterOf({ runtime: { k: 100 } }), ['a', undefined]);
  assert.deepEqual(clusterOf({ random: 129 }), ['a', weights(29)]);
  assert.deepEqual(clusterOf({ random: 30 }), ['b', weights(30)]);
});

test('shows the request as the host gets it, and all policies', () => {
  const { outcome, responseHeadersAdded, responseHeadersRemoved } = explain(
    documentOf(
      [
        {
          name: 'host',
          domains: ['*'],
          request_headers_to_add: [{ key: 'x-host', value: '%CLIENT_IP%' }],
          routes: [
            {
              prefix: '/orders/',
              cluster: 'a',
              prefix_rewrite: '/v2/',
              host_rewrite: 'orders',
              timeout_ms: 0,
              priority: 'high',
              retry_policy: { retry_on: '5xx', num_retries: 2, per_try_timeout_ms: 100 },
              shadow: { cluster: 'b' },
              decorator: { operation: 'order' },
              opaque_config: { k: 'v' },
              request_headers_to_add: [{ key: 'X-Route', value: '1' }],
            },
          ],
        },
      ],
      {
        request_headers_to_add: [{ key: 'x-table', value: '100%%' }],
        response_headers_to_add: [{ key: 'x-served-by', value: 'edge' }],
        response_headers_to_remove: ['X-Powered-By'],
      },
    ),
    { url, method: 'POST' },
  );
  assert.ok(outcome.kind === 'forward');
  assert.deepEqual(
    [outcome.method, outcome.host, outcome.path, outcome.timeoutMs, outcome.priority],
    ['POST', 'orders', '/v2/1?x=2', 0, 'high'],
  );
  assert.deepEqual(outcome.retryPolicy, { retryOn: ['5xx'], numRetries: 2, perTryTimeoutMs: 100 });
  assert.deepEqual(outcome.shadow, { cluster: 'b', runtimeKey: undefined });
  assert.equal(outcome.decoratorOperation, 'order');
  assert.deepEqual(outcome.opaqueConfig, { k: 'v' });
  assert.deepEqual(outcome.requestHeadersAdded, [
    { name: 'x-route', value: '1' },
    { name: 'x-host', value: '127.0.0.1' },
    { name: 'x-table', value: '100%' },
    { name: 'x-envoy-original-path', value: '/orders/1?x=2' },
  ]);
  assert.deepEqual(responseHeadersAdded, [{ name: 'x-served-by', value: 'edge' }]);
  assert.deepEqual(responseHeadersRemoved, ['x-powered-by']);
});

test('redirects tell where to, and whether it is for the sake of https', () => {
  const redirect = explainRoutes([{ prefix: '/', host_redirect: 'bar.com' }], { url });
  assert.deepEqual(redirect.outcome, {
    kind: 'redirect',
    status: 301,
    location: 'http://bar.com/orders/1?x=2',
    isForSsl: false,
  });
  const secured = documentOf([{ name: 'h', domains: ['*'], require_ssl: 'all', routes: [] }]);
  assert.deepEqual(explain(secured, { url }).outcome, {
    kind: 'redirect',
    status: 301,
    location: 'https://foo.com/orders/1?x=2',
    isForSsl: true,
  });
  assert.equal(explain(secured, { url: 'https://foo.com/' }).outcome.kind, 'local_reply');
});

test('what is not found says what is missing', () => {
  const reasonOf = (explanation: Explanation): string =>
    explanation.outcome.kind === 'local_reply' ? explanation.outcome.reason : 'found';
  const routes = [{ path: '/x', cluster: 'a' }];
  assert.equal(
    reasonOf(explainRoutes(routes, { url })),
    'no route of the virtual host "host" matches',
  );
  const byHeader = [{ prefix: '/', cluster_header: 'x-cluster' }];
  assert.equal(
    reasonOf(explainRoutes(byHeader, { url })),
    'the header x-cluster, which names the cluster, is missing',
  );
  assert.equal(
    reasonOf(explainRoutes(byHeader, { url, headers: [['x-cluster', 'c']] })),
    'the cluster "c" does not exist',
  );
  const host = documentOf([{ name: 'h', domains: ['foo.com', '*.bar.com'], routes: [] }]);
  assert.equal(
    reasonOf(explain(host, { url: 'http://foo.com:8080/' })),
    'no virtual host has the domain "foo.com:8080"; the domain "foo.com" is another one, as the ' +
      'port is a part of it; there are foo.com, *.bar.com',
  );
});

test('names the domain that chose the virtual host, and the virtual cluster', () => {
  const document = documentOf([
    {
      name: 'h',
      domains: ['*', '*.com', '*-x.foo.com', 'FOO.com'],
      routes: [],
      virtual_clusters: [
        { name: 'post', pattern: '/.*', method: 'POST' },
        { name: 'order', pattern: '/orders/\\d+' },
      ],
    },
  ]);
  const hostOf = (target: string, method = 'GET'): unknown[] => {
    const { virtualHost } = explain(document, { url: target, method });
    return [virtualHost?.domain, virtualHost?.virtualCluster];
  };
  assert.deepEqual(hostOf('http://foo.com/orders/1'), ['FOO.com', 'order']);
  assert.deepEqual(hostOf('http://a-x.foo.com/', 'POST'), ['*-x.foo.com', 'post']);
  assert.deepEqual(hostOf('http://b.com/'), ['*.com', 'other']);
  assert.deepEqual(hostOf('http://b.org/'), ['*', 'other']);
});

test('the listener is the one that is named, has the port, or has routes for the host', () => {
  const listener = (name: string, port: number, domain: string): JsonValue =>
    httpListener(
      managerConfig({
        route_config: { virtual_hosts: [{ name, domains: [domain], routes: [] }] },
      }),
      { name, address: `tcp://127.0.0.1:${port}` },
    );
  const document = minimalDocument({
    listeners: [
      listener('one', 8080, 'one.com'),
      listener('two', 80, 'two.com'),
      listener('three', 8081, 'three.com'),
    ],
  });
  const nameOf = (options: ExplainOptions): string => explain(document, options).listener.name;
  assert.equal(nameOf({ url: 'http://one.com/' }), 'two');
  assert.equal(nameOf({ url: 'http://one.com:8081/' }), 'three');
  assert.equal(nameOf({ url: 'http://three.com:9/', headers: { host: 'three.com' } }), 'three');
  assert.equal(nameOf({ url: 'http://nobody.com:9/' }), 'one');
  assert.equal(nameOf({ url: 'http://one.com/', listener: 'one' }), 'one');
  assert.throws(() => nameOf({ url, listener: 'four' }), {
    code: 'SIDECAR_OPTION_INVALID',
    message: 'listener is "four", but the listeners are: one, two, three',
  });
  assert.throws(() => explain(minimalDocument(), { url }), {
    code: 'SIDECAR_OPTION_INVALID',
    message: 'there is no listener that could take the request',
  });
});

const wrongRequests: [options: object, message: string][] = [
  [
    { url: 'foo.com/x' },
    'url is "foo.com/x", expected one with http or https; write http://foo.com/x',
  ],
  [{ url: 'ftp://foo.com/' }, 'url is "ftp://foo.com/", expected one with http or https'],
  [{}, 'url is nothing, expected one with http or https'],
  [{ url, method: 'G T' }, 'method is "G T", expected a word such as GET'],
  [{ url, random: -1 }, 'random is -1, expected a whole number from 0 on'],
  [{ url, headers: { 'a b': 'c' } }, 'headers: "a b": "c" is not a header with a value'],
  [{ url, headers: { a: 'c\n' } }, 'headers: "a": "c\\n" is not a header with a value'],
];

for (const [options, message] of wrongRequests) {
  test(`a request that is none is refused: ${message}`, () => {
    // What JavaScript callers may pass is wrong here on purpose.
    assert.throws(() => explainRoutes([], options as ExplainOptions), {
      code: 'SIDECAR_OPTION_INVALID',
      message,
    });
  });
}

test('what is not ASCII is compared as its bytes, and shown as it was written', () => {
  const { routes, outcome } = explainRoutes(
    [
      { path: '/cafe', cluster: 'a' },
      { prefix: '/café', cluster: 'a', headers: [{ name: 'x', value: 'é' }] },
    ],
    { url: 'http://foo.com/café?x=ü', headers: { x: 'é' } },
  );
  assert.deepEqual(routes[0]?.reasons, ['path is "/cafe", but the path is "/café?x=ü"']);
  assert.deepEqual(routes[1]?.reasons, []);
  assert.equal(outcome.kind === 'forward' && outcome.path, '/café?x=ü');
});

test('the path is taken as it is written', () => {
  const { request } = explainRoutes([], { url: 'http://foo.com/a/../b%2F?c#d' });
  assert.equal(request.path, '/a/../b%2F?c');
  assert.equal(explainRoutes([], { url: 'http://foo.com?x' }).request.path, '/?x');
});

test('an internal request may choose its time-out, and the host does not see the header', () => {
  const routes = [{ prefix: '/', cluster: 'a', timeout_ms: 500 }];
  const control = { 'x-envoy-upstream-rq-timeout-ms': '7', 'x-envoy-max-retries': '3' };
  const outcomeOf = (headers: Record<string, string>): unknown[] => {
    const { outcome } = explainRoutes(routes, { url, headers });
    assert.ok(outcome.kind === 'forward');
    return [outcome.timeoutMs, outcome.requestHeadersRemoved];
  };
  assert.deepEqual(outcomeOf(control), [500, []]);
  assert.deepEqual(outcomeOf({ ...control, 'x-envoy-internal': 'true' }), [
    7,
    Object.keys(control),
  ]);
});

test('an upgrade that the route does not allow is answered here', () => {
  const headers = { connection: 'keep-alive, Upgrade', upgrade: 'WebSocket' };
  assert.deepEqual(explainRoutes([{ prefix: '/', cluster: 'a' }], { url, headers }).outcome, {
    kind: 'local_reply',
    status: 403,
    reason: 'the route does not have "use_websocket"',
  });
});

test('an upgrade that the route allows is forwarded', () => {
  const headers = { connection: 'Upgrade', upgrade: 'websocket' };
  const routes = [{ prefix: '/', cluster: 'a', use_websocket: true }];
  const { outcome } = explainRoutes(routes, { url, headers });
  assert.ok(outcome.kind === 'forward');
  assert.equal(outcome.cluster, 'a');
  assert.equal(outcome.useWebsocket, true);
});

test('weights are shown as runtime values make them', () => {
  const clusters = [
    { name: 'a', weight: 50 },
    { name: 'b', weight: 50 },
  ];
  const weighted_clusters = { clusters, runtime_key_prefix: 'w' };
  const { outcome } = explainRoutes([{ prefix: '/', weighted_clusters }], {
    url,
    runtime: { 'w.a': 0, 'w.b': 100 },
  });
  assert.ok(outcome.kind === 'forward');
  assert.equal(outcome.chosenBy, 'weights (a 0 %, b 100 %; the number of this request is 0)');
});

test('of very many domains only the first are named', () => {
  const hosts = Array.from({ length: 1000 }, (_, index) => ({
    name: `h${index}`,
    domains: [`h${index}.com`],
    routes: [],
  }));
  const { outcome } = explain(documentOf(hosts), { url });
  assert.ok(outcome.kind === 'local_reply');
  assert.match(outcome.reason, /there are h0\.com, .*h9\.com and 990 more$/);
});

test('options that are none are refused', () => {
  const refuse = (options: unknown, message: RegExp): void => {
    // What JavaScript callers may pass is wrong here on purpose.
    assert.throws(() => explainRoutes([], options as ExplainOptions), {
      code: 'SIDECAR_OPTION_INVALID',
      message,
    });
  };
  refuse(undefined, /^the request is nothing, expected an object with a url$/);
  refuse({ url, headers: { x: 1 } }, /^headers: "x": 1 is not a header with a value$/);
  refuse({ url, headers: { x: ['a', 'b'] } }, /^headers: "x": an array is not/);
  refuse({ url, headers: 'x: 1' }, /^headers is "x: 1", expected an object or pairs$/);
  refuse({ url, headers: Promise.resolve({}) }, /^headers is an instance of a class, expected/);
  refuse({ url, headers: [5] }, /^headers hold 5, expected pairs of name and value$/);
  refuse({ url, header: {} }, /^unknown option "header"; there are: .*; did you mean "headers"\?$/);
  refuse({ url, listener: Symbol('in') }, /^listener is a symbol, but the listeners are: /);
  refuse({ url, runtime: 5 }, /^runtime is 5, expected an object$/);
  refuse({ url, runtime: { k: '50' } }, /^runtime\.k is "50", expected a whole number$/);
});

test('routes that are discovered are not taken for none', () => {
  const rds = { cluster: 'a', route_config_name: 'ingress' };
  const document = {
    ...documentOf([]),
    listeners: [httpListener(managerConfig({ route_config: undefined, rds }))],
  };
  const { outcome, virtualHost } = explain(document, { url });
  assert.equal(virtualHost, undefined);
  assert.deepEqual(outcome, {
    kind: 'local_reply',
    status: 404,
    reason:
      'the routes of this listener are discovered from the cluster "a" (rds), so only a running ' +
      'sidecar knows them, once they have come',
  });
});
