import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Json } from '../support/config-builder.js';
import { showing, startMounted } from '../support/mounted-proxy.js';
import { headerValues, RoutingFixture } from '../support/routing-fixture.js';

/** Returns a route of everything to three clusters. */
function weighted(a: number, b: number, c: number, more: Json = {}): Json {
  const clusters = Object.entries({ a, b, c }).map(([name, weight]) => ({ name, weight }));
  return { prefix: '/', weighted_clusters: { clusters, ...more } };
}

describe('cluster', () => {
  test('gets the requests of its route, as they came', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [
        { prefix: '/a', cluster: 'a' },
        { prefix: '/b', cluster: 'b' },
      ],
    });
    assert.deepEqual(await fixture.askAll('/a', '/b?x=%20'), ['a', 'b']);
    const request = fixture.lastRequest('b');
    assert.equal(request.url, '/b?x=%20');
    assert.equal(request.headers.host, 'foo.com');
    assert.equal(request.headers['x-envoy-original-path'], undefined);
  });
});

describe('cluster_header', () => {
  const routes = [{ prefix: '/', cluster_header: 'X-Cluster' }];

  test('names the cluster', async (t) => {
    const fixture = await RoutingFixture.start(t, { routes });
    assert.equal(await fixture.ask('/', { headers: { 'x-cluster': 'a' } }), 'a');
    assert.equal(await fixture.ask('/', { headers: { 'x-cluster': 'b' } }), 'b');
    assert.equal(fixture.lastRequest('b').headers['x-cluster'], 'b');
  });

  test('that is missing is answered 404, with the flag NR', async (t) => {
    const fixture = await RoutingFixture.start(t, { routes });
    const response = await fixture.send();
    assert.equal(response.status, 404);
    assert.equal(response.text, '');
    assert.equal(await fixture.proxy.loggedResult(), '404 NR');
    assert.equal(await fixture.proxy.stat('no_cluster'), 1);
    assert.equal(await fixture.proxy.stat('no_route'), 0);
  });

  for (const name of ['nowhere', 'A', 'a, b', '', '__proto__', 'constructor']) {
    test(`with the value "${name}", which no cluster has, is answered 404`, async (t) => {
      const fixture = await RoutingFixture.start(t, { routes });
      assert.equal(await fixture.ask('/', { headers: { 'x-cluster': name } }), '404');
      assert.equal(await fixture.proxy.stat('no_cluster'), 2);
      assert.equal(await fixture.proxy.stat('no_route'), 0);
    });
  }

  test('may be the authority', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', cluster_header: ':authority' }],
    });
    assert.equal((await fixture.send({ headers: { host: 'b' } })).text, 'b');
    assert.equal((await fixture.send({ headers: { host: 'd' } })).status, 404);
  });
});

describe('weighted_clusters', () => {
  /** Returns the cluster that requests go to for each number from 0 to 99, and for some above. */
  async function distribution(fixture: RoutingFixture): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (let number = 0; number < 100; number++) {
      fixture.random.value = number + 100 * number;
      const cluster = await fixture.askOutbound('/');
      counts[cluster] = (counts[cluster] ?? 0) + 1;
    }
    return counts;
  }

  test('get requests by their weight', async (t) => {
    const fixture = await RoutingFixture.start(t, { routes: [weighted(20, 30, 50)] });
    assert.deepEqual(await distribution(fixture), { a: 20, b: 30, c: 50 });
  });

  test('are chosen in the order of the list, by the number drawn', async (t) => {
    const fixture = await RoutingFixture.start(t, { routes: [weighted(20, 0, 80)] });
    for (const [number, cluster] of [
      [0, 'a'],
      [19, 'a'],
      [20, 'c'],
      [99, 'c'],
      [100, 'a'],
      [2 ** 32 - 1, 'c'],
    ] as const) {
      fixture.random.value = number;
      assert.equal(await fixture.ask('/'), cluster, String(number));
    }
    assert.equal(fixture.requestCount('b'), 0);
  });

  test('take the weights of the file with a runtime_key_prefix', async (t) => {
    const routes = [weighted(20, 30, 50, { runtime_key_prefix: 'routing.split' })];
    const fixture = await RoutingFixture.start(t, { routes });
    assert.deepEqual(await distribution(fixture), { a: 20, b: 30, c: 50 });
  });

  for (const [what, weights, expected] of [
    ['replace those of the file', { a: 50, b: 50, c: 0 }, { a: 50, b: 50 }],
    ['replace single ones', { a: 10, b: 40 }, { a: 10, b: 40, c: 50 }],
    ['above 100 leave nothing to the last clusters', { a: 70, b: 60 }, { a: 70, b: 30 }],
    [
      'below 100 leave the rest to the last cluster',
      { a: 10, b: 10, c: 0 },
      { a: 10, b: 10, c: 80 },
    ],
  ] as const) {
    test(`of the runtime ${what}`, async (t) => {
      const routes = [weighted(20, 30, 50, { runtime_key_prefix: 'routing.split' })];
      const fixture = await RoutingFixture.start(t, { routes });
      for (const [name, weight] of Object.entries(weights)) {
        fixture.proxy.sidecar.runtime.set(`routing.split.${name}`, weight);
      }
      assert.deepEqual(await distribution(fixture), expected);
    });
  }

  test('of the runtime need a runtime_key_prefix', async (t) => {
    const fixture = await RoutingFixture.start(t, { routes: [weighted(20, 30, 50)] });
    for (const key of ['a', '.a', 'undefined.a']) {
      fixture.proxy.sidecar.runtime.set(key, 100);
    }
    assert.deepEqual(await distribution(fixture), { a: 20, b: 30, c: 50 });
  });

  test('are chosen by the number that runtime of the route has drawn', async (t) => {
    const runtime = { key: 'routing.new', default: 50 };
    const fixture = await RoutingFixture.start(t, {
      routes: [
        { ...weighted(40, 40, 20), runtime },
        { prefix: '/', cluster: 'c' },
      ],
    });
    // The first requests draw where each cluster begins, too.
    await distribution(fixture);
    const before = fixture.random.drawCount;
    assert.deepEqual(await distribution(fixture), { a: 40, b: 10, c: 50 });
    assert.equal(fixture.random.drawCount, before + 100, 'one number for each request');
  });
});

describe('redirects', () => {
  /** Returns the `location` of a redirect. */
  async function locationOf(
    t: TestContext,
    route: Json,
    request: Parameters<RoutingFixture['send']>[0],
  ): Promise<string | undefined> {
    const fixture = await RoutingFixture.start(t, { routes: [{ prefix: '/', ...route }] });
    const response = await fixture.send(request);
    assert.equal(response.status, 301);
    assert.equal(response.text, '');
    assert.equal(response.headers['content-length'], '0');
    assert.equal(await fixture.proxy.stat('rq_redirect'), 1);
    assert.equal(await fixture.proxy.stat('downstream_rq_3xx'), 1);
    assert.equal(await fixture.proxy.loggedResult(), '301 -');
    return response.headers.location;
  }

  test('host_redirect keeps the path and its query string', async (t) => {
    const location = await locationOf(t, { host_redirect: 'new.com' }, { path: '/a/b?c=d' });
    assert.equal(location, 'http://new.com/a/b?c=d');
  });

  test('path_redirect keeps the host and drops the query string', async (t) => {
    const request = { path: '/a/b?c=d', headers: { host: 'foo.com:8080' } };
    const location = await locationOf(t, { path_redirect: '/new' }, request);
    assert.equal(location, 'http://foo.com:8080/new');
  });

  test('path_redirect may have a query string of its own', async (t) => {
    const location = await locationOf(t, { path_redirect: '/new?x' }, { path: '/a?c=d' });
    assert.equal(location, 'http://foo.com/new?x');
  });

  test('host_redirect and path_redirect go together', async (t) => {
    const route = { host_redirect: 'new.com', path_redirect: '/new' };
    assert.equal(await locationOf(t, route, { path: '/a?c=d' }), 'http://new.com/new');
  });

  test('keep the scheme that the client used, by x-forwarded-proto', async (t) => {
    const headers = { 'x-forwarded-proto': 'https' };
    const location = await locationOf(t, { host_redirect: 'new.com' }, { path: '/a', headers });
    assert.equal(location, 'https://new.com/a');
  });

  test('answer the application too, which follows them or not', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', host_redirect: 'new.com' }],
    });
    const { sidecar } = fixture.proxy;
    const response = await sidecar.request('http://foo.com/a?b');
    assert.equal(response.statusCode, 301);
    assert.equal(response.headers['location'], 'http://new.com/a?b');
    assert.equal(await response.body.text(), '');
  });

  test('do not wait for the body of a request', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', path_redirect: '/new' }],
    });
    const client = await fixture.proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: foo.com\r\ncontent-length: 4\r\n\r\n');
    const text = await client.until('\r\n\r\n');
    assert.match(text, /^HTTP\/1\.1 301 .*\r\nlocation: http:\/\/foo\.com\/new\r\n/s);
  });
});

describe('require_ssl', () => {
  const https = { 'x-forwarded-proto': 'https' };
  const internal = { 'x-forwarded-for': '10.0.0.1' };
  const external = { 'x-forwarded-for': '192.0.2.1' };

  function start(t: TestContext, virtualHost: Json): Promise<RoutingFixture> {
    return RoutingFixture.start(t, { routes: [{ path: '/here', cluster: 'a' }], virtualHost });
  }

  test('all: redirects to https whatever did not come by it', async (t) => {
    const fixture = await start(t, { require_ssl: 'all' });
    for (const headers of [{}, internal, external, { 'x-forwarded-proto': 'HTTPS' }]) {
      const response = await fixture.send({ path: '/here?x', headers });
      assert.equal(response.status, 301);
      assert.equal(response.headers.location, 'https://foo.com/here?x');
      assert.equal(response.text, '');
    }
    assert.equal(await fixture.proxy.stat('rq_redirect'), 4);
    assert.equal((await fixture.send({ path: '/here', headers: https })).text, 'a');
    assert.equal(await fixture.askOutbound('/here'), '301');
  });

  test('all: comes before the routes', async (t) => {
    const fixture = await start(t, { require_ssl: 'all' });
    assert.equal((await fixture.send({ path: '/else' })).status, 301);
    assert.equal((await fixture.send({ path: '/else', headers: https })).status, 404);
    assert.equal(await fixture.proxy.stat('no_route'), 1);
  });

  test('external_only: lets internal requests pass', async (t) => {
    const fixture = await start(t, { require_ssl: 'external_only' });
    for (const headers of [{}, external]) {
      const response = await fixture.send({ path: '/here', headers });
      assert.equal(response.headers.location, 'https://foo.com/here');
    }
    for (const headers of [internal, https, { ...external, ...https }]) {
      assert.equal((await fixture.send({ path: '/here', headers })).text, 'a');
    }
    assert.equal(await fixture.askOutbound('/here'), 'a');
  });

  test('external_only: a client cannot call itself internal', async (t) => {
    const fixture = await start(t, { require_ssl: 'external_only' });
    const headers = { ...external, 'x-envoy-internal': 'true' };
    assert.equal((await fixture.send({ path: '/here', headers })).status, 301);
  });

  test('without it, plain text is let in', async (t) => {
    const fixture = await start(t, {});
    assert.equal(await fixture.ask('/here'), 'a');
  });
});

describe('prefix_rewrite', () => {
  /** Returns path and `x-envoy-original-path` as a host gets them. */
  async function rewrite(t: TestContext, route: Json, path: string): Promise<string> {
    const fixture = await RoutingFixture.start(t, { routes: [{ cluster: 'a', ...route }] });
    assert.equal(await fixture.ask(path), 'a');
    const { url, rawHeaders } = fixture.lastRequest('a');
    return [url, ...headerValues(rawHeaders, 'x-envoy-original-path')].join(' ');
  }

  for (const [name, route, path, expected] of [
    ['takes the place of the prefix', { prefix: '/a', prefix_rewrite: '/new' }, '/a/b', '/new/b'],
    ['keeps the query string', { prefix: '/a', prefix_rewrite: '/new' }, '/a?b=/a', '/new?b=/a'],
    ['may be the root', { prefix: '/a/', prefix_rewrite: '/' }, '/a/b/a/', '/b/a/'],
    ['goes before everything', { prefix: '/', prefix_rewrite: '/v1/' }, '/a', '/v1/a'],
    [
      'takes the place of a prefix in any case',
      { prefix: '/ABC', case_sensitive: false, prefix_rewrite: '/x' },
      '/aBc/D',
      '/x/D',
    ],
    [
      'takes the place of a prefix that reaches into the query string',
      { prefix: '/a?b', prefix_rewrite: '/c?d' },
      '/a?b=1',
      '/c?d=1',
    ],
    ['takes the place of a path', { path: '/a/b', prefix_rewrite: '/new' }, '/a/b?c', '/new?c'],
    [
      'takes the place of the whole path that a regex matched',
      { regex: '/a/.*', prefix_rewrite: '/new' },
      '/a/b/c?d=/a/b',
      '/new?d=/a/b',
    ],
  ] as const) {
    test(`${name}, which x-envoy-original-path tells`, async (t) => {
      assert.equal(await rewrite(t, route, path), `${expected} ${path}`);
    });
  }

  test('that is empty changes nothing', async (t) => {
    const route = { prefix: '/a', prefix_rewrite: '' };
    assert.equal(await rewrite(t, route, '/a'), '/a');
  });

  test('overrules the x-envoy-original-path of the client', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/a', prefix_rewrite: '/new', cluster: 'a' }],
    });
    await fixture.send({ path: '/a', headers: { 'x-envoy-original-path': ['/x', '/y'] } });
    const { rawHeaders } = fixture.lastRequest('a');
    assert.deepEqual(headerValues(rawHeaders, 'x-envoy-original-path'), ['/a']);
  });

  test('is not seen in the access log, which shows the path that was asked for', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/a', prefix_rewrite: '/new', cluster: 'a' }],
    });
    await fixture.send({ path: '/a/b?c' });
    const [line = ''] = await fixture.proxy.logLines(1);
    assert.match(line, /"GET \/a\/b\?c HTTP\/1\.1" 200 /);
  });
});

describe('host_rewrite', () => {
  test('is the Host that the host of the cluster gets', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', host_rewrite: 'internal.example:8080', cluster: 'a' }],
    });
    assert.equal(await fixture.ask('/x'), 'a');
    const { url, rawHeaders } = fixture.lastRequest('a');
    assert.deepEqual(headerValues(rawHeaders, 'host'), ['internal.example:8080']);
    assert.equal(url, '/x');
  });

  test('that is empty changes nothing', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', host_rewrite: '', cluster: 'a' }],
    });
    assert.equal(await fixture.ask('/'), 'a');
    assert.equal(fixture.lastRequest('a').headers.host, 'foo.com');
  });

  test('overrules a Host that the application has set', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ path: '/set', host_rewrite: 'x.com', cluster: 'b' }],
    });
    const headers = { host: 'set.example' };
    assert.equal(await fixture.askOutbound('/set', { headers }), 'b');
    assert.deepEqual(headerValues(fixture.lastRequest('b').rawHeaders, 'host'), ['x.com']);
  });

  test('and prefix_rewrite reach a mounted application', async (t) => {
    const proxy = await startMounted(
      t,
      showing(({ url, headers }) => [url, headers.host, headers['x-envoy-original-path']]),
      { route: { prefix: '/a', prefix_rewrite: '/new', host_rewrite: 'bar.com' } },
    );
    const expected = ['/new/b?c', 'bar.com', '/a/b?c'];
    assert.deepEqual(JSON.parse((await proxy.send({ path: '/a/b?c' })).text), expected);
    const response = await proxy.sidecar.request('http://foo.com/a/b?c');
    assert.deepEqual(await response.body.json(), expected);
  });
});
