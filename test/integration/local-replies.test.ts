import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { staticCluster, virtualHost } from '../support/config-builder.js';
import { FakeDns } from '../support/fake-dns.js';
import { FakeUpstream, RawUpstream, unusedPort } from '../support/fake-upstream.js';
import { HangingHost } from '../support/hanging-host.js';
import type { ClientResponse } from '../support/http-client.js';
import { type ProxyParts, TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const failureText = 'upstream connect error or disconnect/reset before headers';

/** The headers that a reply has whatever it says. */
const always = ['date', 'server', 'content-length'];

function assertReply(response: ClientResponse, status: number, text: string): void {
  assert.equal(response.status, status);
  assert.equal(response.text, text);
  const names = Object.keys(response.headers).sort();
  const own = text === '' ? always : [...always, 'content-type'];
  const extra = names.filter((name) => !own.includes(name) && name !== 'connection');
  assert.deepEqual(
    extra.filter((name) => name !== 'x-envoy-overloaded'),
    [],
  );
  assert.equal(response.headers['server'], 'envoy');
  assert.equal(response.headers['content-type'], text === '' ? undefined : 'text/plain');
  assert.equal(response.headers['content-length'], String(text.length));
}

/** A cluster whose name cannot be resolved, and that so has no host. */
const withoutHosts: ProxyParts = {
  config: {
    clusters: [staticCluster('app', ['tcp://app.example:80'], { type: 'logical_dns' })],
  },
  environment: { resolver: new FakeDns() },
};

/** A host that hears a request and then does `react`. */
function startReacting(react: (socket: Socket) => void): Promise<RawUpstream> {
  return RawUpstream.start((socket) => socket.once('data', () => react(socket)));
}

/** A proxy to a host that never answers; resolves when the host has the request. */
async function startHanging(
  t: TestContext,
  parts: Omit<ProxyParts, 'upstream'> = {},
): Promise<{ proxy: TestProxy; isAsked: () => boolean; upstream: FakeUpstream }> {
  const upstream = await FakeUpstream.start(() => {});
  const proxy = await TestProxy.start(t, { ...parts, upstream });
  return { proxy, upstream, isAsked: () => upstream.requests.length > 0 };
}

test('answers 404 when no virtual host has the domain', async (t) => {
  const proxy = await TestProxy.start(t, {
    config: { virtualHosts: [virtualHost(['other.com'], 'app')] },
  });
  assertReply(await proxy.send(), 404, '');
  assert.equal(await proxy.loggedResult(), '404 NR');
  assert.equal(await proxy.stat('no_route'), 1);
  assert.equal(await proxy.stat('rq_total'), 1);
  assert.equal(await proxy.stat('downstream_rq_4xx'), 1);
});

test('answers 404 when no route of the virtual host matches', async (t) => {
  const proxy = await TestProxy.start(t, {
    config: { virtualHosts: [virtualHost(['*'], 'app', { prefix: '/only' })] },
  });
  assertReply(await proxy.send({ path: '/else' }), 404, '');
  assert.equal(await proxy.loggedResult(), '404 NR');
  assert.equal(await proxy.stat('no_route'), 1);
});

test('answers 404 when the cluster of the route does not exist', async (t) => {
  const proxy = await TestProxy.start(t, {
    config: {
      virtualHosts: [virtualHost(['*'], 'nowhere')],
      routeConfig: { validate_clusters: false },
    },
  });
  assertReply(await proxy.send(), 404, '');
  assert.equal(await proxy.loggedResult(), '404 NR');
  assert.equal(await proxy.stat('no_cluster'), 1);
  assert.equal(await proxy.stat('no_route'), 0);
});

test('answers 503 when the cluster has no host', async (t) => {
  const proxy = await TestProxy.start(t, withoutHosts);
  assertReply(await proxy.send(), 503, 'no healthy upstream');
  assert.equal(await proxy.loggedResult(), '503 UH');
  const stats = await proxy.stats();
  assert.equal(stats.get('cluster.app.upstream_cx_none_healthy'), 1);
  assert.equal(stats.get('cluster.app.upstream_rq_503'), 1);
});

test('answers 503 when the host refuses the connection', async (t) => {
  const port = await unusedPort();
  const proxy = await TestProxy.start(t, {
    config: { clusters: [staticCluster('app', [`tcp://127.0.0.1:${port}`])] },
  });
  assertReply(await proxy.send(), 503, failureText);
  assert.equal(await proxy.loggedResult(), '503 UF');
  const stats = await proxy.stats();
  assert.equal(stats.get('cluster.app.upstream_cx_connect_fail'), 1);
  assert.equal(stats.get('cluster.app.upstream_cx_connect_timeout'), 0);
});

test('answers 503 when connecting takes longer than connect_timeout_ms', async (t) => {
  const host = await HangingHost.start();
  const proxy = await TestProxy.start(t, {
    config: { clusters: [staticCluster('app', [host.url], { connect_timeout_ms: 700 })] },
  });
  t.after(() => host.close());
  const answer = proxy.send();
  await proxy.untilStat('downstream_rq_active', 1);
  proxy.clock.advance(699);
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
  proxy.clock.advance(1);
  assertReply(await answer, 503, failureText);
  assert.equal(await proxy.loggedResult(), '503 UF');
  const stats = await proxy.stats();
  assert.equal(stats.get('cluster.app.upstream_cx_connect_fail'), 1);
  assert.equal(stats.get('cluster.app.upstream_cx_connect_timeout'), 1);
});

test('answers 503 when the host closes the connection before it answers', async (t) => {
  const proxy = await TestProxy.start(t, {
    upstream: await startReacting((socket) => socket.end()),
  });
  assertReply(await proxy.send(), 503, failureText);
  assert.equal(await proxy.loggedResult(), '503 UC');
  assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_503'), 1);
});

test('answers 503 when the host resets the connection before it answers', async (t) => {
  const upstream = await startReacting((socket) => socket.resetAndDestroy());
  const proxy = await TestProxy.start(t, { upstream });
  assertReply(await proxy.send(), 503, failureText);
  assert.equal(await proxy.loggedResult(), '503 UC');
});

test('answers 503 when the host breaks off within its response head', async (t) => {
  const upstream = await startReacting((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le'));
  const proxy = await TestProxy.start(t, { upstream });
  assertReply(await proxy.send(), 503, failureText);
  assert.equal(await proxy.loggedResult(), '503 UC');
});

test('answers 503 when the host speaks something that is not HTTP', async (t) => {
  const upstream = await startReacting((socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n'));
  const proxy = await TestProxy.start(t, { upstream });
  assertReply(await proxy.send(), 503, failureText);
  assert.equal(await proxy.loggedResult(), '503 UC');
  assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_protocol_error'), 1);
});

test('answers 503 with x-envoy-overloaded when a circuit breaker refuses', async (t) => {
  const { proxy, isAsked } = await startHanging(t, {
    cluster: {
      circuit_breakers: { default: { max_connections: 1, max_pending_requests: 1 } },
    },
  });
  const clients = [await proxy.connect(), await proxy.connect()];
  clients[0]?.write('GET /first HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(isAsked, 'the host has the first request');
  clients[1]?.write('GET /waits HTTP/1.1\r\nhost: a\r\n\r\n');
  await proxy.untilStat('downstream_rq_active', 2);
  const response = await proxy.send();
  assertReply(response, 503, failureText);
  assert.equal(response.headers['x-envoy-overloaded'], 'true');
  assert.equal(await proxy.loggedResult(), '503 UO');
  assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_pending_overflow'), 1);
});

test('marks no other failure as overload', async (t) => {
  const proxy = await TestProxy.start(t, {
    upstream: await startReacting((socket) => socket.end()),
  });
  assert.equal((await proxy.send()).headers['x-envoy-overloaded'], undefined);
});

test('answers 504 when timeout_ms has passed since the end of the request', async (t) => {
  const { proxy, isAsked } = await startHanging(t, { route: { timeout_ms: 3000 } });
  const answer = proxy.send();
  await until(isAsked, 'the host has the request');
  proxy.clock.advance(2999);
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
  proxy.clock.advance(1);
  assertReply(await answer, 504, 'upstream request timeout');
  assert.equal(await proxy.loggedResult(), '504 UT');
  const stats = await proxy.stats();
  assert.equal(stats.get('cluster.app.upstream_rq_timeout'), 1);
  assert.equal(stats.get('cluster.app.upstream_rq_504'), 1);
});

test('allows 15 seconds when the route names no time-out', async (t) => {
  const { proxy, isAsked } = await startHanging(t, { route: { timeout_ms: undefined } });
  const answer = proxy.send();
  await until(isAsked, 'the host has the request');
  proxy.clock.advance(14_999);
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
  proxy.clock.advance(1);
  assert.equal((await answer).status, 504);
});

test('waits for ever when timeout_ms is 0', async (t) => {
  const { proxy, upstream, isAsked } = await startHanging(t, { route: { timeout_ms: 0 } });
  const answer = proxy.send();
  await until(isAsked, 'the host has the request');
  upstream.handler = (_request, response) => response.end('never asked again');
  proxy.clock.advance(1e9);
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
  const [request] = upstream.requests;
  request?.socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate');
  assert.equal((await answer).text, 'late');
});

test('does not count the time of the upload', async (t) => {
  let uploaded = '';
  const upstream = await FakeUpstream.start((request) => {
    request.on('data', (chunk: Buffer) => {
      uploaded += chunk.toString();
    });
  });
  const proxy = await TestProxy.start(t, { upstream, route: { timeout_ms: 1000 } });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nx');
  await until(() => uploaded === 'x', 'the host has half of the body');
  proxy.clock.advance(60_000);
  client.write('y');
  await until(() => uploaded === 'xy', 'the host has the body');
  proxy.clock.advance(999);
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
  proxy.clock.advance(1);
  assert.match(await client.until('\r\n\r\n'), /^HTTP\/1\.1 504 /);
});

test('answers 204 to a time-out when the request asks for it', async (t) => {
  const { proxy, isAsked } = await startHanging(t, {
    route: { timeout_ms: 1000 },
    manager: { use_remote_address: true },
  });
  const answer = proxy.send({ headers: { 'x-envoy-upstream-rq-timeout-alt-response': '1' } });
  await until(isAsked, 'the host has the request');
  proxy.clock.advance(1000);
  const response = await answer;
  assert.equal(response.status, 204);
  assert.equal(response.text, '');
  assert.equal(response.headers['content-length'], undefined);
  assert.equal(response.headers['transfer-encoding'], undefined);
  assert.equal(await proxy.loggedResult(), '204 UT');
  const stats = await proxy.stats();
  assert.equal(stats.get('cluster.app.upstream_rq_204'), 1);
  assert.equal(stats.get('cluster.app.upstream_rq_timeout'), 1);
});

test('takes the time-out from the header of an internal request, and 0 as none', async (t) => {
  const { proxy, upstream } = await startHanging(t, {
    route: { timeout_ms: 1000 },
    manager: { use_remote_address: true },
  });
  const first = proxy.send({ headers: { 'x-envoy-upstream-rq-timeout-ms': '50' } });
  await until(() => upstream.requests.length === 1, 'the host has the request');
  proxy.clock.advance(50);
  assert.equal((await first).status, 504);
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\nx-envoy-upstream-rq-timeout-ms: 0\r\n\r\n');
  await until(() => upstream.requests.length === 2, 'the host has the request');
  proxy.clock.advance(1e6);
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
});

test('resets the connection when the host fails after its head went downstream', async (t) => {
  const upstream = await startReacting((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome of it');
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('some of it');
  for (const socket of upstream.sockets) {
    socket.destroy();
  }
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nsome of it$/);
  assert.equal(await proxy.loggedResult(), '200 UC');
  assert.equal(await proxy.stat('downstream_rq_tx_reset'), 1);
  assert.equal(await proxy.stat('downstream_rq_rx_reset'), 0);
});

test('leaves a chunked response without its end when the host fails in it', async (t) => {
  const upstream = await startReacting((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n');
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('half');
  for (const socket of upstream.sockets) {
    socket.end('nonsense\r\n');
  }
  assert.doesNotMatch(await client.untilClosed(), /\r\n0\r\n/);
  assert.equal(await proxy.stat('downstream_rq_tx_reset'), 1);
});

test('resets the connection when the time-out comes in the middle of a response', async (t) => {
  const upstream = await startReacting((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome of it');
  });
  const proxy = await TestProxy.start(t, { upstream, route: { timeout_ms: 1000 } });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('some of it');
  proxy.clock.advance(1000);
  assert.match(await client.untilClosed(), /some of it$/);
  assert.equal(await proxy.loggedResult(), '200 UT');
  assert.equal(await proxy.stat('downstream_rq_tx_reset'), 1);
  assert.equal(await proxy.stat('downstream_cx_destroy_active_rq'), 1);
  assert.equal(await proxy.stat('downstream_cx_destroy_local_active_rq'), 1);
});

test('answers a HEAD request with the headers of the body that is left out', async (t) => {
  const proxy = await TestProxy.start(t, withoutHosts);
  const client = await proxy.connect();
  client.write('HEAD / HTTP/1.1\r\nhost: a\r\n\r\n');
  const text = await client.until('\r\n\r\n');
  assert.match(text, /^HTTP\/1\.1 503 /);
  assert.match(text, /\r\ncontent-length: 19\r\n/);
  assert.match(text, /\r\ncontent-type: text\/plain\r\n/);
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(await client.until('no healthy'), /\r\n\r\nHTTP\/1\.1 503 [\s\S]*no healthy/);
});
