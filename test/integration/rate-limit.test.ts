import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Json, virtualHost } from '../support/config-builder.js';
import { exchangeOnce } from '../support/mounted-proxy.js';
import { overLimit } from '../support/rate-limit-server.js';
import {
  generic,
  isRefusal,
  limit,
  type RateLimitedParts,
  startRateLimited,
} from '../support/rate-limited-proxy.js';

const inside = { 'x-forwarded-for': '10.0.0.1' };
const outside = { 'x-forwarded-for': '203.0.113.7' };
const header = { type: 'request_headers', header_name: 'X-User', descriptor_key: 'user' };
const matchers = [
  { name: 'x-plan', value: 'free' },
  { name: 'x-bot', value: 'no' },
];
const match: Json = { type: 'header_value_match', descriptor_value: 'free', headers: matchers };

/** The keys of a virtual host with limits, and of its one route. */
function hostWith(rate_limits: readonly Json[], route: Json): Json {
  return { ...virtualHost(['*'], 'app', route), rate_limits };
}

describe('an action', () => {
  test('source_cluster adds the service cluster of this process', async (t) => {
    const limits = [limit({ type: 'source_cluster' })];
    const { descriptorsOf } = await startRateLimited(t, {
      limits,
      options: { serviceCluster: 'edge' },
    });
    assert.deepEqual(await descriptorsOf(), ['source_cluster=edge']);
  });

  test('destination_cluster adds the cluster of the route', async (t) => {
    const limits = [limit({ type: 'destination_cluster' })];
    const { descriptorsOf } = await startRateLimited(t, { limits });
    assert.deepEqual(await descriptorsOf(), ['destination_cluster=app']);
  });

  test('destination_cluster adds the cluster that cluster_header names', async (t) => {
    const rate_limits = [limit({ type: 'destination_cluster' })];
    const routes = [{ prefix: '/', cluster_header: 'x-cluster', rate_limits }];
    const { descriptorsOf } = await startRateLimited(t, { virtualHost: { routes } });
    assert.deepEqual(await descriptorsOf({ 'x-cluster': 'app' }), ['destination_cluster=app']);
  });

  test('request_headers adds the header under its key, and nothing without it', async (t) => {
    const { descriptorsOf } = await startRateLimited(t, { limits: [limit(header)] });
    assert.deepEqual(await descriptorsOf({ 'x-user': 'anna' }), ['user=anna']);
    assert.deepEqual(await descriptorsOf({ 'x-user': '' }), ['user=']);
    assert.deepEqual(await descriptorsOf(), []);
  });

  test('request_headers may add the path, the method and the host', async (t) => {
    const names = [':path', ':method', ':authority'];
    const actions = names.map((header_name) => ({ ...header, header_name, descriptor_key: 'k' }));
    const { descriptorsOf } = await startRateLimited(t, { limits: [limit(...actions)] });
    assert.deepEqual(await descriptorsOf(), ['k=/ k=GET k=foo.com']);
  });

  test('remote_address adds the trusted address of the client', async (t) => {
    const limits = [limit({ type: 'remote_address' })];
    const { descriptorsOf } = await startRateLimited(t, { limits });
    assert.deepEqual(await descriptorsOf({ 'x-forwarded-for': '192.0.2.1, 203.0.113.7' }), [
      'remote_address=203.0.113.7',
    ]);
    assert.deepEqual(await descriptorsOf(), ['remote_address=127.0.0.1']);
  });

  test('generic_key adds its value', async (t) => {
    const { descriptorsOf } = await startRateLimited(t, { limits: [limit(generic('büro'))] });
    assert.deepEqual(await descriptorsOf(), ['generic_key=büro']);
  });

  test('header_value_match adds its value if all headers match', async (t) => {
    const { descriptorsOf } = await startRateLimited(t, { limits: [limit(match)] });
    assert.deepEqual(await descriptorsOf({ 'x-plan': 'free', 'x-bot': 'no' }), [
      'header_match=free',
    ]);
    assert.deepEqual(await descriptorsOf({ 'x-plan': 'free' }), []);
  });

  test('header_value_match with expect_match false adds it if not all match', async (t) => {
    const limits = [limit({ ...match, expect_match: false })];
    const { descriptorsOf } = await startRateLimited(t, { limits });
    assert.deepEqual(await descriptorsOf({ 'x-plan': 'free', 'x-bot': 'no' }), []);
    assert.deepEqual(await descriptorsOf({ 'x-plan': 'free' }), ['header_match=free']);
  });
});

describe('a request', () => {
  test('is asked about once, with the domain and all descriptors in their order', async (t) => {
    const limits = [limit(generic('a'), generic('b')), limit(header), limit(generic('c'))];
    const { service, proxy } = await startRateLimited(t, { limits });
    await proxy.send({ headers: { 'x-user': 'anna' } });
    await proxy.send();
    assert.deepEqual(service.descriptors, [
      ['generic_key=a generic_key=b', 'user=anna', 'generic_key=c'],
      ['generic_key=a generic_key=b', 'generic_key=c'],
    ]);
    const [question] = service.questions;
    assert.equal(question?.request.domain, 'test');
    assert.equal(question?.request.hits_addend, 0);
    assert.equal(question?.authority, 'ratelimit');
  });

  test('has no descriptor of a limit of which one action adds nothing', async (t) => {
    const limits = [limit(generic('a'), header), limit(header, generic('b')), limit(generic('c'))];
    const { descriptorsOf } = await startRateLimited(t, { limits });
    assert.deepEqual(await descriptorsOf(), ['generic_key=c']);
  });

  test('whose header is no UTF-8 is limited all the same', async (t) => {
    const limits = [limit(header), limit(generic('a'))];
    const { proxy, service } = await startRateLimited(t, { limits });
    service.answer = overLimit;
    const head = 'GET / HTTP/1.1\r\nhost: a\r\nx-user: a\xffb\r\nconnection: close\r\n\r\n';
    assert.match(await proxy.exchange(head), /^HTTP\/1.1 429 /);
    assert.deepEqual(service.descriptors, [['user=a\ufffdb', 'generic_key=a']]);
  });

  test('is not asked about if its route redirects, is none, or goes nowhere', async (t) => {
    const rate_limits = [limit(generic('a'))];
    const routes = [
      { prefix: '/redirected', host_redirect: 'b.com' },
      { prefix: '/nowhere', cluster_header: 'x-cluster', rate_limits },
    ];
    const { proxy, service } = await startRateLimited(t, { virtualHost: { routes, rate_limits } });
    const statuses: number[] = [];
    for (const path of ['/redirected', '/nowhere', '/']) {
      statuses.push((await proxy.send({ path })).status);
    }
    assert.deepEqual(statuses, [301, 404, 404]);
    assert.deepEqual(service.descriptors, []);
  });
});

describe('the rate limits of a virtual host', () => {
  const ofHost = [limit(generic('host'))];
  const ofRoute = [limit(generic('route'))];
  const cases: readonly [what: string, route: Json, expected: readonly string[]][] = [
    ['hold for a route without limits', {}, ['generic_key=host']],
    ['do not hold for a route with limits', { rate_limits: ofRoute }, ['generic_key=route']],
    [
      'do not hold for a route with limits of another stage only',
      { rate_limits: [{ stage: 1, ...limit(generic('later')) }] },
      [],
    ],
    [
      'come after those of a route with include_vh_rate_limits',
      { rate_limits: ofRoute, include_vh_rate_limits: true },
      ['generic_key=route', 'generic_key=host'],
    ],
  ];
  for (const [what, route, expected] of cases) {
    test(what, async (t) => {
      const { descriptorsOf } = await startRateLimited(t, { virtualHost: hostWith(ofHost, route) });
      assert.deepEqual(await descriptorsOf(), expected);
    });
  }
});

describe('stage', () => {
  const limits = [
    limit(generic('0')),
    { stage: 3, ...limit(generic('3')) },
    { stage: 0, ...limit(generic('also 0')) },
  ];

  test('each filter asks about the limits of its own stage', async (t) => {
    const filters = [
      { name: 'rate_limit', config: { domain: 'second', stage: 3 } },
      { name: 'rate_limit', config: { domain: 'first' } },
      { name: 'rate_limit', config: { domain: 'none', stage: 10 } },
      { name: 'router', config: {} },
    ];
    const { proxy, service } = await startRateLimited(t, { limits, manager: { filters } });
    assert.equal((await proxy.send()).status, 200);
    assert.deepEqual(
      service.questions.map(({ request, descriptors }) => [request.domain, ...descriptors]),
      [
        ['second', 'generic_key=3'],
        ['first', 'generic_key=0', 'generic_key=also 0'],
      ],
    );
  });
});

describe('request_type', () => {
  for (const [requestType, isInsideAsked, isOutsideAsked] of [
    [undefined, true, true],
    ['both', true, true],
    ['internal', true, false],
    ['external', false, true],
  ] as const) {
    test(`${requestType ?? 'left out'}: which requests are asked about`, async (t) => {
      const filter = requestType === undefined ? {} : { request_type: requestType };
      const { descriptorsOf } = await startRateLimited(t, { filter });
      assert.equal((await descriptorsOf(inside)).length === 1, isInsideAsked);
      assert.equal((await descriptorsOf(outside)).length === 1, isOutsideAsked);
    });
  }
});

describe('a request beyond its limits', () => {
  test('is answered with 429 and the flag RL, and goes nowhere', async (t) => {
    const { proxy, service, upstream, counts } = await startRateLimited(t);
    service.answer = overLimit;
    const response = await proxy.send();
    assert.ok(isRefusal(response), JSON.stringify(response));
    assert.equal(response.headers['x-envoy-ratelimited'], undefined);
    assert.equal(upstream.requests.length, 0);
    assert.deepEqual(await counts(), [0, 0, 1]);
    assert.equal(await proxy.loggedResult(), '429 RL');
  });

  test('is counted in the statistics by status of the cluster', async (t) => {
    const { proxy, service } = await startRateLimited(t);
    service.answer = overLimit;
    await proxy.send({ headers: inside });
    await proxy.send({ headers: outside });
    const stats = await proxy.stats();
    assert.equal(stats.get('cluster.app.upstream_rq_429'), 2);
    assert.equal(stats.get('cluster.app.upstream_rq_4xx'), 2);
    assert.equal(stats.get('cluster.app.internal.upstream_rq_429'), 1);
    assert.equal(stats.get('cluster.app.external.upstream_rq_429'), 1);
  });

  test('is answered before its body has arrived', async (t) => {
    const { proxy, service } = await startRateLimited(t);
    service.answer = overLimit;
    const head = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n';
    assert.match(await proxy.exchange(head), /^HTTP\/1.1 429 /);
  });
});

describe('runtime values', () => {
  const keyed: RateLimitedParts = {
    limits: [{ disable_key: 'bulk', ...limit(generic('a')) }, limit(generic('b'))],
  };

  test('ratelimit.<disable_key>.http_filter_enabled turns limits off', async (t) => {
    const { proxy, descriptorsOf } = await startRateLimited(t, keyed);
    assert.deepEqual(await descriptorsOf(), ['generic_key=a', 'generic_key=b']);
    proxy.sidecar.runtime.set('ratelimit.bulk.http_filter_enabled', 0);
    assert.deepEqual(await descriptorsOf(), ['generic_key=b']);
  });

  test('ratelimit.http_filter_enabled turns all filters off', async (t) => {
    const { proxy, descriptorsOf, counts } = await startRateLimited(t, keyed);
    proxy.sidecar.runtime.set('ratelimit.http_filter_enabled', 0);
    assert.deepEqual(await descriptorsOf(), []);
    assert.deepEqual(await counts(), [undefined, undefined, undefined]);
  });

  test('without ratelimit.http_filter_enforcing refusals are counted only', async (t) => {
    const { proxy, service, counts } = await startRateLimited(t);
    service.answer = overLimit;
    proxy.sidecar.runtime.set('ratelimit.http_filter_enforcing', 0);
    assert.equal((await proxy.send()).text, 'hello');
    assert.deepEqual(await counts(), [0, 0, 1]);
    const stats = await proxy.stats();
    assert.equal(stats.get('cluster.app.upstream_rq_429'), 1);
    assert.equal(stats.get('cluster.app.upstream_rq_200'), 1);
    assert.match((await proxy.logLines(1)).join(), /" 200 - /);
  });
});

describe('a mounted application', () => {
  test('is asked for only within the limits', async (t) => {
    const served: (string | undefined)[] = [];
    const { proxy, service } = await startRateLimited(t, {
      options: {
        mount: {
          app: (request, response) => {
            served.push(request.url);
            response.end('mounted');
          },
        },
      },
    });
    assert.match(await exchangeOnce(proxy), /mounted$/);
    service.answer = overLimit;
    assert.match(await exchangeOnce(proxy), /^HTTP\/1.1 429 /);
    assert.equal(served.length, 1);
  });
});
