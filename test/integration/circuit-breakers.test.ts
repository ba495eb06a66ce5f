import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { assertCountedOnce, clusterCounts } from '../support/cluster-counts.js';
import { clusterLines } from '../support/cluster-lines.js';
import type { Json } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

/** A host that answers only when the test says so. */
class PatientHost {
  readonly upstream: FakeUpstream;
  readonly proxy: TestProxy;
  readonly waiting: { readonly request: IncomingMessage; readonly response: ServerResponse }[];

  private constructor(upstream: FakeUpstream, proxy: TestProxy, waiting: PatientHost['waiting']) {
    this.upstream = upstream;
    this.proxy = proxy;
    this.waiting = waiting;
  }

  static async start(t: TestContext, limits: Json, cluster: Json = {}): Promise<PatientHost> {
    const waiting: PatientHost['waiting'] = [];
    const upstream = await FakeUpstream.start((request, response) => {
      waiting.push({ request, response });
    });
    const circuitBreakers = { circuit_breakers: { default: limits } };
    const proxy = await TestProxy.start(t, {
      upstream,
      cluster: { ...circuitBreakers, ...cluster },
    });
    return new PatientHost(upstream, proxy, waiting);
  }

  /** Waits until so many requests have reached the host. */
  async untilReached(count: number): Promise<void> {
    await until(() => this.upstream.requests.length === count, `${count} requests are there`);
  }

  /** Answers the oldest request. */
  answer(): void {
    this.waiting.shift()?.response.end('hello');
  }
}

test('max_connections: what is beyond waits, and is served in its turn', async (t) => {
  const host = await PatientHost.start(t, { max_connections: 2 });
  const paths = ['/0', '/1', '/2', '/3', '/4'];
  const sent = [];
  for (const [index, path] of paths.entries()) {
    sent.push(host.proxy.send({ path }));
    await host.proxy.untilStat('downstream_rq_active', index + 1);
  }
  await host.untilReached(2);
  assert.deepEqual(
    await clusterCounts(host.proxy, 'app', 'upstream_cx_active', 'upstream_rq_pending_active'),
    { upstream_cx_active: 2, upstream_rq_pending_active: 3 },
  );
  for (let count = 3; count <= paths.length; count++) {
    host.answer();
    await host.untilReached(count);
  }
  host.answer();
  host.answer();
  const responses = await Promise.all(sent);
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  const reached = host.upstream.requests.map(({ url }) => url);
  assert.deepEqual(reached.slice(2), ['/2', '/3', '/4']);
  assert.deepEqual(
    await clusterCounts(host.proxy, 'app', 'upstream_cx_total', 'upstream_cx_overflow'),
    {
      upstream_cx_total: 2,
      upstream_cx_overflow: 3,
    },
  );
  await assertCountedOnce(host.proxy, 'app', 5);
});

test('max_pending_requests: what is beyond gets 503, UO and x-envoy-overloaded', async (t) => {
  const host = await PatientHost.start(t, { max_connections: 1, max_pending_requests: 1 });
  const first = host.proxy.send();
  await host.untilReached(1);
  const second = host.proxy.send();
  await host.proxy.untilStat('downstream_rq_active', 2);
  const refused = await host.proxy.send();
  assert.equal(refused.status, 503);
  assert.equal(refused.text, 'upstream connect error or disconnect/reset before headers');
  assert.equal(refused.headers['x-envoy-overloaded'], 'true');
  const [line = ''] = await host.proxy.logLines(1);
  assert.match(line, /" 503 UO /);
  host.answer();
  await host.untilReached(2);
  host.answer();
  assert.equal((await first).status, 200);
  assert.equal((await second).status, 200);
  assert.deepEqual(await clusterCounts(host.proxy, 'app', 'upstream_rq_pending_overflow'), {
    upstream_rq_pending_overflow: 1,
  });
  await assertCountedOnce(host.proxy, 'app', 3);
});

test('max_pending_requests of 0 refuses whoever finds no idle connection', async (t) => {
  const host = await PatientHost.start(t, { max_pending_requests: 0 });
  assert.equal((await host.proxy.send()).status, 503);
  assert.equal(host.upstream.requests.length, 0);
});

test('each routing priority has its own limits', async (t) => {
  const upstream = await FakeUpstream.start();
  const route = { cluster: 'app', timeout_ms: 0 };
  const proxy = await TestProxy.start(t, {
    upstream,
    cluster: { circuit_breakers: { default: { max_pending_requests: 0 } } },
    config: {
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            { ...route, prefix: '/high', priority: 'high' },
            { ...route, prefix: '/' },
          ],
        },
      ],
    },
  });
  assert.equal((await proxy.send({ path: '/high' })).status, 200);
  assert.equal((await proxy.send({ path: '/low' })).status, 503);
});

test('max_requests_per_connection: a connection serves so many and is closed', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream, cluster: { max_requests_per_connection: 2 } });
  for (let i = 0; i < 5; i++) {
    assert.equal((await proxy.send()).status, 200);
  }
  assert.equal(new Set(upstream.requests.map(({ socket }) => socket)).size, 3);
  assert.deepEqual(
    await clusterCounts(proxy, 'app', 'upstream_cx_total', 'upstream_cx_max_requests'),
    { upstream_cx_total: 3, upstream_cx_max_requests: 2 },
  );
});

test('connection: close of the host: the next request opens a new connection', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => {
    response.setHeader('connection', 'close');
    response.end('hello');
  });
  const proxy = await TestProxy.start(t, { upstream });
  for (let i = 0; i < 3; i++) {
    const response = await proxy.send();
    assert.equal(response.text, 'hello');
  }
  assert.deepEqual(
    await clusterCounts(proxy, 'app', 'upstream_cx_total', 'upstream_cx_close_notify'),
    { upstream_cx_total: 3, upstream_cx_close_notify: 3 },
  );
  await assertCountedOnce(proxy, 'app', 3);
});

test('requests one after the other share a connection, requests at once have their own', async (t) => {
  const host = await PatientHost.start(t, {});
  const sent = [host.proxy.send(), host.proxy.send(), host.proxy.send()];
  await host.untilReached(3);
  for (let i = 0; i < 3; i++) {
    host.answer();
  }
  await Promise.all(sent);
  for (let i = 4; i <= 8; i++) {
    const next = host.proxy.send();
    await host.untilReached(i);
    host.answer();
    await next;
  }
  const { upstream_cx_total } = await clusterCounts(host.proxy, 'app', 'upstream_cx_total');
  assert.equal(upstream_cx_total, 3);
});

test('a client that leaves while its request waits for a connection is forgotten', async (t) => {
  const host = await PatientHost.start(t, { max_connections: 1 });
  const first = host.proxy.send();
  await host.untilReached(1);
  const client = await host.proxy.connect();
  client.write('GET /left HTTP/1.1\r\nhost: foo.com\r\n\r\n');
  await host.proxy.untilStat('downstream_rq_active', 2);
  client.socket.destroy();
  await host.proxy.untilStat('downstream_rq_active', 1);
  host.answer();
  assert.equal((await first).status, 200);
  const last = host.proxy.send({ path: '/last' });
  await host.untilReached(2);
  host.answer();
  await last;
  assert.deepEqual(
    host.upstream.requests.map(({ url }) => url),
    ['/', '/last'],
  );
  assert.deepEqual(await clusterCounts(host.proxy, 'app', 'upstream_rq_cancelled'), {
    upstream_rq_cancelled: 1,
  });
  await assertCountedOnce(host.proxy, 'app', 2);
});

test('a request that waits for a connection too long gets its 504', async (t) => {
  const host = await PatientHost.start(t, { max_connections: 1 }, {});
  const first = host.proxy.send();
  await host.untilReached(1);
  const waiting = host.proxy.send({
    headers: { 'x-forwarded-for': '10.0.0.1', 'x-envoy-upstream-rq-timeout-ms': '100' },
  });
  await host.proxy.untilStat('downstream_rq_active', 2);
  host.proxy.clock.advance(100);
  assert.equal((await waiting).status, 504);
  host.answer();
  assert.equal((await first).status, 200);
  await assertCountedOnce(host.proxy, 'app', 2);
});

test('circuit_breakers.<cluster>.<priority>.* of the runtime take the place of the limits', async (t) => {
  const proxy = await TestProxy.start(t);
  const { runtime } = proxy.sidecar;
  const key = 'circuit_breakers.app.default.max_pending_requests';
  runtime.set(key, 0);
  const refused = await proxy.send();
  assert.deepEqual([refused.status, refused.headers['x-envoy-overloaded']], [503, 'true']);
  runtime.set(key, undefined);
  runtime.set('circuit_breakers.app.high.max_pending_requests', 0);
  assert.equal((await proxy.send()).status, 200);
});

test('every limit of both priorities can be changed by the runtime, as /clusters shows', async (t) => {
  const limits = { max_connections: 1, max_pending_requests: 2, max_requests: 3, max_retries: 4 };
  const proxy = await TestProxy.start(t, {
    cluster: { circuit_breakers: { default: limits, high: {} } },
  });
  const before = await clusterLines(proxy);
  for (const [name, value] of Object.entries(limits)) {
    assert.equal(before.get(`app::default_priority::${name}`), String(value));
    const byDefault = name === 'max_retries' ? '3' : '1024';
    assert.equal(before.get(`app::high_priority::${name}`), byDefault);
    proxy.sidecar.runtime.set(`circuit_breakers.app.high.${name}`, 7);
  }
  const after = await clusterLines(proxy);
  for (const [name, value] of Object.entries(limits)) {
    assert.equal(after.get(`app::default_priority::${name}`), String(value));
    assert.equal(after.get(`app::high_priority::${name}`), '7');
  }
});

test('max_connections of 0: a host without connections opens one in any case', async (t) => {
  const host = await PatientHost.start(t, { max_connections: 0 });
  const sent = [host.proxy.send(), host.proxy.send()];
  await host.untilReached(1);
  await host.proxy.untilStat('downstream_rq_active', 2);
  host.answer();
  await host.untilReached(2);
  host.answer();
  assert.deepEqual(
    (await Promise.all(sent)).map(({ status }) => status),
    [200, 200],
  );
  const { upstream_cx_total } = await clusterCounts(host.proxy, 'app', 'upstream_cx_total');
  assert.equal(upstream_cx_total, 1);
});
