import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Json, staticCluster } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import type { ClientRequest } from '../support/http-client.js';
import { readBody, startMounted } from '../support/mounted-proxy.js';
import { TestProxy } from '../support/proxy.js';
import { parseRawResponse } from '../support/responses.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { until } from '../support/until.js';

const abort = { abort_percent: 100, http_status: 418 };
const delay = { type: 'fixed', fixed_delay_percent: 100, fixed_duration_ms: 3000 };
const get = 'GET / HTTP/1.1\r\nhost: foo.com\r\n\r\n';

/** The keys of a connection manager with this filter `fault`. */
function faultFilters(config: Json): Json {
  return {
    filters: [
      { name: 'fault', config },
      { name: 'router', config: {} },
    ],
  };
}

/** Starts a proxy with this filter `fault`, for which these numbers are drawn in turn. */
/** What a cluster draws with the first request that reaches it, for where its round robin begins. */
const begin = [0, 0] as const;

/** `draws` are in the order of the requests. */
function startFault(t: TestContext, config: Json, ...draws: number[]): Promise<TestProxy> {
  return TestProxy.start(t, {
    manager: faultFilters(config),
    environment: { random: new ScriptedRandom(...draws) },
  });
}

/** Returns the statuses of requests that are sent in turn. */
async function statusesOf(proxy: TestProxy, requests: readonly ClientRequest[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const request of requests) {
    statuses.push((await proxy.send(request)).status);
  }
  return statuses;
}

/** Sends a request that is held, and returns once it is. */
async function sendHeld(proxy: TestProxy, request: ClientRequest = {}): Promise<{ sent: Sent }> {
  const sent = proxy.send(request);
  await proxy.untilStat('fault.delays_injected', 1);
  // In an object, so that awaiting this does not await the response.
  return { sent };
}

type Sent = ReturnType<TestProxy['send']>;

describe('abort', () => {
  test('answers with the status, a body of its own and the flag FI', async (t) => {
    const proxy = await startFault(t, { abort });
    const response = await proxy.send();
    assert.equal(response.status, 418);
    assert.equal(response.text, 'fault filter abort');
    assert.equal(response.headers['content-type'], 'text/plain');
    assert.equal(await proxy.loggedResult(), '418 FI');
    assert.equal(await proxy.stat('fault.aborts_injected'), 1);
    assert.equal(await proxy.stat('fault.delays_injected'), 0);
    assert.equal(await proxy.stat('rq_total'), 0, 'the router has not seen it');
  });

  test('abort_percent: a request is aborted if its draw falls into the share', async (t) => {
    const proxy = await startFault(
      t,
      { abort: { ...abort, abort_percent: 30 } },
      29,
      30,
      ...begin,
      4_200_029,
    );
    assert.deepEqual(await statusesOf(proxy, [{}, {}, {}]), [418, 200, 418]);
    assert.equal(await proxy.stat('fault.aborts_injected'), 2);
  });

  test('abort_percent: 0 aborts nothing, whatever is drawn', async (t) => {
    const proxy = await startFault(t, { abort: { ...abort, abort_percent: 0 } }, 0);
    assert.deepEqual(await statusesOf(proxy, [{}, {}]), [200, 200]);
  });

  for (const status of [0, 100, 101, 199]) {
    test(`http_status: ${status}, which no response has, becomes 500`, async (t) => {
      const proxy = await startFault(t, { abort: { ...abort, http_status: status } });
      const response = await proxy.send();
      assert.equal(response.status, 500);
      assert.equal(response.text, 'fault filter abort');
      assert.deepEqual(proxy.errors, []);
    });
  }

  for (const status of [204, 205, 304]) {
    test(`http_status: ${status} is sent without a body`, async (t) => {
      const proxy = await startFault(t, { abort: { ...abort, http_status: status } });
      const client = await proxy.connect();
      client.write(`${get}${get.replace('\r\n', '\r\nconnection: close\r\n')}`);
      const text = await client.untilClosed();
      assert.equal(text.split(`HTTP/1.1 ${status} `).length, 3);
      assert.equal(text.includes('fault filter abort'), false);
    });
  }

  test('a request whose body is still to come is answered at once', async (t) => {
    const proxy = await startFault(t, { abort });
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: foo.com\r\ncontent-length: 10\r\n\r\n');
    const response = parseRawResponse(await client.until('abort'));
    assert.equal(response.status, 418);
  });
});

describe('delay', () => {
  test('holds a request for its time, with the flag DI', async (t) => {
    const upstream = await FakeUpstream.start();
    const proxy = await TestProxy.start(t, { upstream, manager: faultFilters({ delay }) });
    const { sent } = await sendHeld(proxy);
    proxy.clock.advance(2999);
    assert.equal(await proxy.stat('downstream_rq_active'), 1);
    assert.equal(await proxy.stat('rq_total'), 0);
    assert.equal(upstream.requests.length, 0);
    proxy.clock.advance(1);
    assert.equal((await sent).text, 'hello');
    assert.equal(await proxy.stat('fault.delays_injected'), 1);
    assert.equal(await proxy.stat('fault.aborts_injected'), 0);
    assert.equal(await proxy.loggedResult(), '200 DI');
  });

  test('fixed_delay_percent: a request is held if its draw falls into the share', async (t) => {
    const proxy = await startFault(
      t,
      { delay: { ...delay, fixed_delay_percent: 30 } },
      30,
      ...begin,
      29,
    );
    assert.equal((await proxy.send()).status, 200);
    const { sent } = await sendHeld(proxy);
    proxy.clock.advance(3000);
    assert.equal((await sent).status, 200);
  });

  test('the time of the route begins when the request goes on', async (t) => {
    const upstream = await FakeUpstream.start(() => {});
    const manager = faultFilters({ delay });
    const proxy = await TestProxy.start(t, { upstream, manager, route: { timeout_ms: 500 } });
    const { sent } = await sendHeld(proxy);
    proxy.clock.advance(3000);
    await until(() => upstream.requests.length === 1, 'the host has the request');
    proxy.clock.advance(500);
    assert.equal((await sent).status, 504);
    assert.equal(await proxy.loggedResult(), '504 UT,DI');
  });

  test('a body waits with its client, and arrives whole', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      request.on('end', () => response.end(String(bytes)));
    });
    const proxy = await TestProxy.start(t, { upstream, manager: faultFilters({ delay }) });
    const size = 32 * 1024 * 1024;
    const { sent } = await sendHeld(proxy, { method: 'POST', body: Buffer.alloc(size) });
    await proxy.untilStat('downstream_flow_control_paused_reading_total', 1);
    const received = (await proxy.stat('downstream_cx_rx_bytes_total')) ?? Number.NaN;
    assert.ok(received < size / 16, `${received} bytes have been read`);
    proxy.clock.advance(3000);
    assert.equal((await sent).text, String(size));
  });

  test('chunks and trailers that came meanwhile are sent on', async (t) => {
    let trailers: unknown;
    const upstream = await FakeUpstream.start(async (request, response) => {
      const body = await readBody(request);
      trailers = request.trailers;
      response.end(`got ${body}`);
    });
    const proxy = await TestProxy.start(t, { upstream, manager: faultFilters({ delay }) });
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: foo.com\r\ntransfer-encoding: chunked\r\n\r\n');
    client.write('3\r\nabc\r\n0\r\nx-sum: 6\r\n\r\n');
    await proxy.untilStat('fault.delays_injected', 1);
    proxy.clock.advance(3000);
    await client.until('got abc');
    assert.deepEqual({ ...(trailers as object) }, { 'x-sum': '6' });
  });

  for (const how of ['destroy', 'resetAndDestroy'] as const) {
    test(`a client that leaves meanwhile ends it (client: ${how})`, async (t) => {
      const upstream = await FakeUpstream.start();
      const proxy = await TestProxy.start(t, { upstream, manager: faultFilters({ delay, abort }) });
      const client = await proxy.connect();
      client.write(get);
      await proxy.untilStat('fault.delays_injected', 1);
      client.socket[how]();
      await proxy.untilStat('downstream_rq_active', 0);
      proxy.clock.advance(3000);
      assert.equal(await proxy.stat('fault.aborts_injected'), 0);
      assert.equal(upstream.requests.length, 0);
      assert.equal(await proxy.loggedResult(), '0 DI');
    });
  }

  for (const body of ['', 'some body']) {
    test(`a mounted application gets ${body === '' ? 'no body' : 'the body'} after it`, async (t) => {
      const proxy = await startMounted(
        t,
        async (request, response) => {
          response.end(`got ${await readBody(request)}`);
        },
        { manager: faultFilters({ delay }) },
      );
      const { sent } = await sendHeld(proxy, { method: 'POST', body });
      proxy.clock.advance(3000);
      assert.equal((await sent).text, `got ${body}`);
    });
  }
});

describe('delay and abort', () => {
  test('a request meets both: the abort is drawn when the delay is over', async (t) => {
    const proxy = await startFault(t, { delay, abort });
    const { sent } = await sendHeld(proxy);
    assert.equal(await proxy.stat('fault.aborts_injected'), 0);
    proxy.clock.advance(3000);
    assert.equal((await sent).status, 418);
    assert.equal(await proxy.stat('fault.aborts_injected'), 1);
    assert.equal(await proxy.loggedResult(), '418 DI,FI');
  });

  test('each has a draw of its own', async (t) => {
    const proxy = await startFault(
      t,
      { delay: { ...delay, fixed_delay_percent: 50 }, abort: { ...abort, abort_percent: 50 } },
      ...[99, 0],
      ...[99, 99],
      ...begin,
      ...[0, 99],
    );
    assert.deepEqual(await statusesOf(proxy, [{}, {}]), [418, 200]);
    const { sent } = await sendHeld(proxy);
    proxy.clock.advance(3000);
    assert.equal((await sent).status, 200);
    assert.equal(await proxy.stat('fault.aborts_injected'), 1);
  });
});

describe('whom it is for', () => {
  test('upstream_cluster: only requests whose route leads to that cluster', async (t) => {
    const upstream = await FakeUpstream.start();
    const routes = [
      { prefix: '/app', cluster: 'app' },
      { prefix: '/header', cluster_header: 'x-to' },
      { prefix: '/moved', path_redirect: '/' },
      { prefix: '/other', cluster: 'other' },
    ];
    const proxy = await TestProxy.start(t, {
      upstream,
      manager: faultFilters({ abort, upstream_cluster: 'app' }),
      config: {
        clusters: [staticCluster('app', [upstream.url]), staticCluster('other', [upstream.url])],
        virtualHosts: [{ name: 'all', domains: ['*'], routes }],
      },
    });
    const requests = [
      { path: '/app' },
      { path: '/other' },
      { path: '/header', headers: { 'x-to': 'app' } },
      { path: '/header', headers: { 'x-to': 'other' } },
      { path: '/moved' },
      { path: '/nowhere' },
    ];
    assert.deepEqual(await statusesOf(proxy, requests), [418, 200, 418, 200, 301, 404]);
  });

  test('downstream_nodes: only requests from one of these nodes', async (t) => {
    const proxy = await startFault(t, { abort, downstream_nodes: ['edge-1', 'edge-2'] });
    const from = (node: string): ClientRequest => ({
      headers: { 'x-envoy-downstream-service-node': node },
    });
    const requests = [from('edge-1'), from('edge-2'), from('edge-3'), {}];
    assert.deepEqual(await statusesOf(proxy, requests), [418, 418, 200, 200]);
  });

  test('headers: only requests that all matchers match', async (t) => {
    const headers = [{ name: 'x-user', value: 'ann' }, { name: 'x-debug' }];
    const proxy = await startFault(t, { abort, headers });
    const requests = [
      { headers: { 'x-user': 'ann', 'x-debug': '1' } },
      { headers: { 'x-user': 'bob', 'x-debug': '1' } },
      { headers: { 'x-user': 'ann' } },
    ];
    assert.deepEqual(await statusesOf(proxy, requests), [418, 200, 200]);
  });

  test('a request that it is not for draws nothing', async (t) => {
    const half = { abort: { ...abort, abort_percent: 50 }, headers: [{ name: 'x-fault' }] };
    const proxy = await startFault(t, half, ...begin, 0, 99);
    const marked = { headers: { 'x-fault': '1' } };
    assert.deepEqual(await statusesOf(proxy, [{}, {}, marked, marked]), [200, 200, 418, 200]);
  });
});

describe('the runtime', () => {
  test('replaces share and status of an abort', async (t) => {
    const proxy = await startFault(t, { abort }, 29, 30);
    const { runtime } = proxy.sidecar;
    runtime.set('fault.http.abort.abort_percent', 30);
    runtime.set('fault.http.abort.http_status', 429);
    assert.deepEqual(await statusesOf(proxy, [{}, {}]), [429, 200]);
    runtime.set('fault.http.abort.abort_percent', undefined);
    runtime.set('fault.http.abort.http_status', undefined);
    assert.deepEqual(await statusesOf(proxy, [{}]), [418]);
  });

  test('replaces share and time of a delay', async (t) => {
    const proxy = await startFault(t, { delay }, 30, ...begin, 29);
    const { runtime } = proxy.sidecar;
    runtime.set('fault.http.delay.fixed_delay_percent', 30);
    runtime.set('fault.http.delay.fixed_duration_ms', 20);
    assert.equal((await proxy.send()).status, 200);
    const { sent } = await sendHeld(proxy);
    proxy.clock.advance(20);
    assert.equal((await sent).status, 200);
  });

  test('has keys of their own for callers that name their cluster', async (t) => {
    const proxy = await startFault(t, { abort: { ...abort, abort_percent: 0 } });
    const { runtime } = proxy.sidecar;
    runtime.set('fault.http.orders.abort.abort_percent', 100);
    runtime.set('fault.http.orders.abort.http_status', 429);
    const from = (cluster: string): ClientRequest => ({
      headers: { 'x-envoy-downstream-service-cluster': cluster },
    });
    const requests = [from('orders'), from('users'), {}];
    assert.deepEqual(await statusesOf(proxy, requests), [429, 200, 200]);
  });
});

describe('a caller that names its cluster', () => {
  const headers = { 'x-envoy-downstream-service-cluster': 'orders' };

  test('is counted by that name and in the totals', async (t) => {
    const proxy = await startFault(t, { delay, abort });
    const { sent } = await sendHeld(proxy, { headers });
    proxy.clock.advance(3000);
    await sent;
    assert.equal(await proxy.stat('fault.orders.delays_injected'), 1);
    assert.equal(await proxy.stat('fault.orders.aborts_injected'), 1);
    assert.equal(await proxy.stat('fault.aborts_injected'), 1);
  });

  test('is drawn for twice, and one hit is enough', async (t) => {
    const half = { abort: { ...abort, abort_percent: 50 } };
    const proxy = await startFault(t, half, ...[99, 0], ...[99, 99], ...begin, 0, 99);
    const named = { headers };
    assert.deepEqual(await statusesOf(proxy, [named, named, named, {}]), [418, 200, 418, 200]);
  });

  test('cannot make the statistics grow without bound', async (t) => {
    const proxy = await startFault(t, { abort });
    const client = await proxy.connect();
    const count = 150;
    for (let i = 0; i < count; i++) {
      client.write(
        get.replace('\r\n\r\n', `\r\nx-envoy-downstream-service-cluster: c${i}\r\n\r\n`),
      );
    }
    await proxy.untilStat('fault.aborts_injected', count);
    const names = [...(await proxy.stats()).keys()].filter((name) => name.includes('.fault.c'));
    assert.equal(names.length, 2 * 100);
  });
});
