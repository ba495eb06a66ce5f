import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type TestContext, test } from 'node:test';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';

interface Fixture {
  readonly proxy: TestProxy;
  readonly upstream: FakeUpstream;
  /** What the host answers. */
  status: number;
}

async function start(t: TestContext, config: object): Promise<Fixture> {
  const fixture: { status: number } = { status: 200 };
  const upstream = await FakeUpstream.start((_request, response) => {
    response.writeHead(fixture.status).end();
  });
  const filters = [
    { name: 'health_check', config: { endpoint: '/healthcheck', ...config } },
    { name: 'router', config: {} },
  ];
  const proxy = await TestProxy.start(t, {
    upstream,
    manager: { filters },
    options: { serviceCluster: 'orders' },
  });
  return Object.assign(fixture, { proxy, upstream });
}

async function setHealth(proxy: TestProxy, word: 'fail' | 'ok'): Promise<void> {
  const sent = httpRequest({ port: proxy.adminPort, path: `/healthcheck/${word}` }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  await once(response, 'end');
}

const path = '/healthcheck';
const clusterHeader = 'x-envoy-upstream-healthchecked-cluster';
const failHeader = 'x-envoy-immediate-health-check-fail';

test('pass_through_mode false: health checks are answered here, and not counted', async (t) => {
  const { proxy, upstream } = await start(t, { pass_through_mode: false });
  const { status, text, headers } = await proxy.send({ path });
  assert.deepEqual([status, text, headers[clusterHeader]], [200, '', 'orders']);
  assert.equal(upstream.requests.length, 0);
  const stats = await proxy.stats();
  assert.equal(stats.get('http.ingress_http.downstream_rq_2xx'), 0);
  assert.equal(stats.get('http.ingress_http.downstream_rq_total'), 1);
});

test('endpoint: only the very path is a health check, without a query string', async (t) => {
  const { proxy, upstream } = await start(t, { pass_through_mode: false });
  for (const other of ['/healthcheck?x', '/healthcheck/', '/', '/Healthcheck']) {
    const { headers } = await proxy.send({ path: other });
    assert.equal(headers[clusterHeader], undefined, other);
  }
  assert.equal(upstream.requests.length, 4);
});

test('an instance that is taken out of service fails health checks, and says so elsewhere', async (t) => {
  for (const passThrough of [false, true]) {
    const { proxy, upstream } = await start(t, { pass_through_mode: passThrough });
    await setHealth(proxy, 'fail');
    const failed = await proxy.send({ path });
    assert.deepEqual([failed.status, failed.text], [503, '']);
    assert.equal(failed.headers[failHeader], undefined);
    assert.equal(upstream.requests.length, 0);
    assert.equal((await proxy.send({ path: '/' })).headers[failHeader], 'true');
    await setHealth(proxy, 'ok');
    assert.equal((await proxy.send({ path })).status, 200);
    assert.equal((await proxy.send({ path: '/' })).headers[failHeader], undefined);
  }
});

test('pass_through_mode true: health checks are sent on', async (t) => {
  const fixture = await start(t, { pass_through_mode: true });
  fixture.status = 500;
  const { status, headers } = await fixture.proxy.send({ path });
  assert.deepEqual([status, headers[clusterHeader]], [500, 'orders']);
  fixture.status = 200;
  assert.equal((await fixture.proxy.send({ path })).status, 200);
  assert.equal(fixture.upstream.requests.length, 2);
  // They stay out of the statistics of the cluster too.
  assert.equal((await fixture.proxy.stats()).get('cluster.app.upstream_rq_200'), undefined);
});

test('cache_time_ms: the first answer counts until its time is over', async (t) => {
  const fixture = await start(t, { pass_through_mode: true, cache_time_ms: 1000 });
  const { proxy, upstream } = fixture;
  fixture.status = 500;
  assert.equal((await proxy.send({ path })).status, 500);
  fixture.status = 200;
  assert.equal((await proxy.send({ path })).status, 500);
  assert.equal(upstream.requests.length, 1);
  proxy.clock.advance(1000);
  assert.equal((await proxy.send({ path })).status, 200);
  assert.equal((await proxy.send({ path })).status, 200);
  assert.equal(upstream.requests.length, 2);
  // Other requests do not touch the answer that is kept.
  fixture.status = 404;
  assert.equal((await proxy.send({ path: '/' })).status, 404);
  assert.equal((await proxy.send({ path })).status, 200);
});
