import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import type { Sidecar } from '../../lib/sidecar.js';
import { clusterCounts } from '../support/cluster-counts.js';
import { type Json, staticCluster, virtualHost } from '../support/config-builder.js';
import { DiscoveryFixture, discovered } from '../support/discovery-server.js';
import { FakeUpstream, unusedPort } from '../support/fake-upstream.js';
import { type ProxyParts, TestProxy } from '../support/proxy.js';

/** Starts a host that answers with its name and the path. */
async function startHost(t: TestContext, name: string): Promise<FakeUpstream> {
  const host = await FakeUpstream.start((request, response) =>
    response.end(`${name} ${request.url}`),
  );
  t.after(() => host.close());
  return host;
}

async function ask(sidecar: Sidecar, url: string, headers = {}): Promise<string> {
  const response = await sidecar.request(url, { headers });
  return `${response.statusCode} ${await response.body.text()}`.trim();
}

/** Starts a sidecar with clusters a and b and these virtual hosts. */
async function startTwo(
  t: TestContext,
  virtualHosts: readonly Json[],
  more: ProxyParts = {},
): Promise<{ proxy: TestProxy; a: FakeUpstream; b: FakeUpstream }> {
  const [a, b] = [await startHost(t, 'a'), await startHost(t, 'b')];
  const proxy = await TestProxy.start(t, {
    ...more,
    config: {
      clusters: [staticCluster('a', [a.url]), staticCluster('b', [b.url])],
      virtualHosts,
      ...more.config,
    },
  });
  return { proxy, a, b };
}

describe('the route table', () => {
  test('is searched for the host of the URL, with its port', async (t) => {
    const { proxy } = await startTwo(t, [
      virtualHost(['foo.com'], 'a'),
      virtualHost(['foo.com:8080', '*.bar.com'], 'b'),
    ]);
    const { sidecar } = proxy;
    assert.equal(await ask(sidecar, 'http://foo.com/x?y'), '200 a /x?y');
    assert.equal(await ask(sidecar, 'http://FOO.com:80/'), '200 a /');
    assert.equal(await ask(sidecar, 'http://foo.com:8080/'), '200 b /');
    assert.equal(await ask(sidecar, 'http://www.bar.com/'), '200 b /');
  });

  test('then for the path; a host without a matching route is answered with 404', async (t) => {
    const routes = [{ prefix: '/b', cluster: 'b' }];
    const { proxy } = await startTwo(t, [{ name: 'foo', domains: ['foo.com'], routes }]);
    assert.equal(await ask(proxy.sidecar, 'http://foo.com/b'), '200 b /b');
    assert.equal(await ask(proxy.sidecar, 'http://foo.com/a'), '404');
  });

  test('comes before the names of clusters', async (t) => {
    const { proxy } = await startTwo(t, [virtualHost(['a'], 'b')]);
    assert.equal(await ask(proxy.sidecar, 'http://a/'), '200 b /');
  });

  test('of a listener that is left out by outbound.listeners is not used', async (t) => {
    const { proxy } = await startTwo(t, [virtualHost(['*'], 'a')], {
      options: { outbound: { listeners: [] } },
    });
    assert.equal(await ask(proxy.sidecar, 'http://b/'), '200 b /');
    assert.equal((await proxy.send()).text, 'a /');
  });

  test('of the first listener with the host is used, in the configured order', async (t) => {
    const hosts = [
      await startHost(t, 'one'),
      await startHost(t, 'two'),
      await startHost(t, 'three'),
    ];
    const listener = (name: string, domain: string, cluster: string): Json => ({
      name,
      address: `tcp://127.0.0.1:${10_000 + name.length}`,
      bind_to_port: false,
      filters: [
        {
          name: 'http_connection_manager',
          config: {
            codec_type: 'auto',
            stat_prefix: name,
            route_config: { virtual_hosts: [virtualHost([domain], cluster)] },
            filters: [{ name: 'router', config: {} }],
          },
        },
      ],
    });
    const config = {
      listeners: [
        listener('a', 'foo.com', 'one'),
        listener('bb', 'foo.com', 'two'),
        listener('ccc', '*', 'three'),
      ],
      admin: { access_log_path: '/dev/null', address: 'tcp://0.0.0.0:8001' },
      cluster_manager: {
        clusters: ['one', 'two', 'three'].map((name, i) =>
          staticCluster(name, [hosts[i]?.url ?? '']),
        ),
      },
    };
    const start = (outbound?: { listeners: string[] }): Promise<TestProxy> =>
      TestProxy.start(t, {
        config: { hasListener: false },
        options: { config, ...(outbound === undefined ? {} : { outbound }) },
      });
    const all = (await start()).sidecar;
    assert.equal(await ask(all, 'http://foo.com/'), '200 one /');
    assert.equal(await ask(all, 'http://other.com/'), '200 three /');
    const some = (await start({ listeners: ['ccc', 'bb'] })).sidecar;
    assert.equal(
      await ask(some, 'http://foo.com/'),
      '200 two /',
      'the order is the configured one',
    );
  });
});

describe('the names of clusters', () => {
  test('are hosts, in whatever case', async (t) => {
    const host = await startHost(t, 'host');
    const clusters = [staticCluster('orders', [host.url]), staticCluster('Users', [host.url])];
    const proxy = await TestProxy.start(t, { config: { clusters, hasListener: false } });
    assert.equal(await ask(proxy.sidecar, 'http://Orders/x'), '200 host /x');
    assert.equal(await ask(proxy.sidecar, 'http://users/x'), '200 host /x');
  });

  test('may be the names of services', async (t) => {
    const host = await startHost(t, 'a');
    const fixture = await DiscoveryFixture.start(t, [discovered(host)], {
      config: { hasListener: false },
    });
    const { sidecar } = fixture.proxy;
    const name = 'app-service.default.svc.cluster.local';
    assert.equal(await ask(sidecar, `http://${name}/`), '200 a /');
    assert.equal(await ask(sidecar, 'http://app/'), '200 a /');
  });

  test('stand for a route that says nothing: 15 s, and no retries', async (t) => {
    const host = await FakeUpstream.start(() => {});
    t.after(() => host.close());
    const proxy = await TestProxy.start(t, {
      config: { clusters: [staticCluster('app', [host.url])], hasListener: false },
    });
    const asking = ask(proxy.sidecar, 'http://app/');
    while (host.requests.length === 0) {
      await new Promise(setImmediate);
    }
    proxy.clock.advance(14_999);
    assert.equal(host.sockets.size, 1);
    proxy.clock.advance(1);
    assert.equal(await asking, '504 upstream request timeout');
    assert.equal(host.requests[0]?.headers['x-envoy-expected-rq-timeout-ms'], '15000');
    assert.equal(host.requests.length, 1);
  });

  test('count as requests of the connection manager "outbound"', async (t) => {
    const { proxy } = await startTwo(t, [], { config: { hasListener: false } });
    await ask(proxy.sidecar, 'http://a/');
    const stats = await proxy.stats();
    assert.equal(stats.get('http.outbound.downstream_rq_total'), 1);
    assert.equal(stats.get('http.outbound.downstream_rq_2xx'), 1);
    assert.equal(stats.get('http.outbound.downstream_rq_active'), 0);
    const counts = await clusterCounts(proxy, 'a', 'internal.upstream_rq_200');
    assert.equal(counts['internal.upstream_rq_200'], 1);
  });
});

describe('any other host', () => {
  test('is reached where it is, untouched', async (t) => {
    const other = await startHost(t, 'other');
    const { proxy } = await startTwo(t, [virtualHost(['foo.com'], 'a')]);
    const url = `http://127.0.0.1:${other.port}/x?y`;
    assert.equal(await ask(proxy.sidecar, url, { 'x-envoy-max-retries': '1' }), '200 other /x?y');
    const [request] = other.requests;
    assert.equal(request?.headers.host, `127.0.0.1:${other.port}`);
    assert.equal(request?.headers['x-envoy-max-retries'], '1');
    for (const name of ['x-request-id', 'x-envoy-internal', 'x-forwarded-for']) {
      assert.equal(request?.headers[name], undefined, name);
    }
  });

  test('rejects as without a sidecar when it cannot be reached', async (t) => {
    const { proxy } = await startTwo(t, [virtualHost(['foo.com'], 'a')]);
    const url = `http://127.0.0.1:${await unusedPort()}/`;
    await assert.rejects(proxy.sidecar.request(url), { code: 'ECONNREFUSED' });
  });

  test('is a cluster’s name with another port', async (t) => {
    const { proxy } = await startTwo(t, [], { config: { hasListener: false } });
    await assert.rejects(proxy.sidecar.request('http://a.invalid:1/'), { code: 'ENOTFOUND' });
  });
});

test('https: never leaves in the clear, whoever claims its host', async (t) => {
  const { proxy, a } = await startTwo(t, [virtualHost(['*'], 'a')]);
  await assert.rejects(proxy.sidecar.request(`https://127.0.0.1:${a.port}/`), { code: 'EPROTO' });
  await assert.rejects(proxy.sidecar.request('https://a.invalid/'), { code: 'ENOTFOUND' });
  assert.equal(a.requests.length, 0);
});

describe('the headers of a call', () => {
  async function received(t: TestContext, headers: Json): Promise<IncomingMessage> {
    const { proxy, a } = await startTwo(t, [virtualHost(['foo.com'], 'a', { timeout_ms: 500 })]);
    await ask(proxy.sidecar, 'http://foo.com/', headers);
    const [request] = a.requests;
    assert.ok(request !== undefined);
    return request;
  }

  test('are those of an internal request of this machine', async (t) => {
    const { headers } = await received(t, { 'X-App': 'yes' });
    assert.equal(headers.host, 'foo.com');
    assert.equal(headers['x-app'], 'yes');
    assert.equal(headers['x-envoy-internal'], 'true');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.match(headers['x-request-id'] as string, /^[0-9a-f-]{36}$/);
    assert.equal(headers['x-envoy-expected-rq-timeout-ms'], '500');
    assert.equal(headers['x-envoy-external-address'], undefined);
  });

  test('may steer the router, and those that do are not forwarded', async (t) => {
    const { headers } = await received(t, {
      'x-envoy-upstream-rq-timeout-ms': '1234',
      'x-envoy-upstream-rq-timeout-alt-response': '1',
      'x-envoy-retry-on': '5xx',
    });
    assert.equal(headers['x-envoy-expected-rq-timeout-ms'], '1234');
    for (const name of Object.keys(headers)) {
      assert.ok(
        !/rq-timeout-ms$|alt-response|retry-on/.test(name.replace('expected-rq', '')),
        name,
      );
    }
  });

  test('may name another host, which is sent; the route is that of the URL', async (t) => {
    const { headers, rawHeaders } = await received(t, { host: 'bar.com' });
    assert.equal(headers.host, 'bar.com');
    assert.equal(rawHeaders.filter((text) => text.toLowerCase() === 'host').length, 1);
  });

  test('keep a request id that is there', async (t) => {
    const { headers } = await received(t, { 'x-request-id': 'mine' });
    assert.equal(headers['x-request-id'], 'mine');
  });
});

describe('what Envoy would answer by itself is a response', () => {
  test('404 for a host without routes and for an unknown cluster', async (t) => {
    const { proxy } = await startTwo(
      t,
      [{ name: 'none', domains: ['none.com'], routes: [] }, virtualHost(['lost.com'], 'lost')],
      { config: { routeConfig: { validate_clusters: false } } },
    );
    assert.equal(await ask(proxy.sidecar, 'http://none.com/'), '404');
    assert.equal(await ask(proxy.sidecar, 'http://lost.com/'), '404');
  });

  test('and a request body that nobody wants is released', async (t) => {
    const { proxy } = await startTwo(t, [{ name: 'none', domains: ['none.com'], routes: [] }]);
    const body = new Readable({ read() {} });
    const response = await proxy.sidecar.request('http://none.com/', { method: 'PUT', body });
    assert.equal(response.statusCode, 404);
    assert.ok(body.destroyed);
  });

  test('503 for a host that cannot be reached', async (t) => {
    const proxy = await TestProxy.start(t, {
      config: { clusters: [staticCluster('app', [`tcp://127.0.0.1:${await unusedPort()}`])] },
    });
    const response = await proxy.sidecar.request('http://app/');
    assert.equal(response.statusCode, 503);
    assert.equal(
      await response.body.text(),
      'upstream connect error or disconnect/reset before headers',
    );
    assert.equal(response.headers['server'], 'envoy');
  });

  test('504, or 204 if that was asked for, when the time is up', async (t) => {
    const host = await FakeUpstream.start(() => {});
    t.after(() => host.close());
    const proxy = await TestProxy.start(t, {
      config: { clusters: [staticCluster('app', [host.url])] },
    });
    for (const [headers, expected] of [
      [{ 'x-envoy-upstream-rq-timeout-ms': '100' }, '504 upstream request timeout'],
      [
        {
          'x-envoy-upstream-rq-timeout-ms': '100',
          'x-envoy-upstream-rq-timeout-alt-response': '1',
        },
        '204',
      ],
    ] as const) {
      const before = host.requests.length;
      const asking = ask(proxy.sidecar, 'http://app/', headers);
      while (host.requests.length === before) {
        await new Promise(setImmediate);
      }
      proxy.clock.advance(100);
      assert.equal(await asking, expected);
    }
  });
});
