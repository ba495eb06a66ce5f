import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect as connectPlain } from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { FrameClient } from '../support/frame-client.js';
import { Http2Client } from '../support/http2-client.js';
import { type ProxyParts, TestProxy } from '../support/proxy.js';
import { shown } from '../support/tls-upstream.js';
import { until } from '../support/until.js';

type StreamHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** A host that speaks HTTP/2 by `node:http2`. */
class Http2Upstream {
  readonly headers: IncomingHttpHeaders[] = [];
  sessionCount = 0;
  readonly server: Http2Server | Http2SecureServer;
  readonly #sessions = new Set<{ destroy(): void }>();

  private constructor(server: Http2Server | Http2SecureServer, handler: StreamHandler) {
    this.server = server;
    server.on('session', (session) => {
      this.sessionCount++;
      this.#sessions.add(session);
      session.on('error', () => {});
    });
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on('error', () => {});
      this.headers.push(headers);
      handler(stream, headers);
    });
  }

  static async start(
    t: TestContext,
    handler: StreamHandler = (stream) => {
      stream.respond({ ':status': 200 });
      stream.end('hello');
    },
    isSecure = false,
  ): Promise<Http2Upstream> {
    const server = isSecure ? createSecureServer({ ...shown('server') }) : createServer();
    const upstream = new Http2Upstream(server, handler);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => upstream.close());
    return upstream;
  }

  get url(): string {
    return `tcp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    for (const session of this.#sessions) {
      session.destroy();
    }
  }
}

function start(
  t: TestContext,
  upstream: Http2Upstream,
  { cluster, ...parts }: ProxyParts = {},
): Promise<TestProxy> {
  return TestProxy.start(t, { ...parts, upstream, cluster: { features: 'http2', ...cluster } });
}

async function clusterStat(proxy: TestProxy, name: string): Promise<number | undefined> {
  return (await proxy.stats()).get(`cluster.app.${name}`);
}

test('features: http2 speaks it to the host, on one connection for all', async (t) => {
  const upstream = await Http2Upstream.start(t);
  const proxy = await start(t, upstream);
  const responses = await Promise.all(Array.from({ length: 20 }, () => proxy.send()));
  for (const { status, text } of responses) {
    assert.deepEqual([status, text], [200, 'hello']);
  }
  assert.equal(upstream.sessionCount, 1);
  assert.equal(await clusterStat(proxy, 'upstream_cx_http2_total'), 1);
  assert.equal(await clusterStat(proxy, 'upstream_cx_http1_total'), 0);
  assert.equal(await clusterStat(proxy, 'upstream_rq_total'), 20);
});

test('http2_settings alone ask for it, too', async (t) => {
  const upstream = await Http2Upstream.start(t);
  const proxy = await TestProxy.start(t, { upstream, cluster: { http2_settings: {} } });
  assert.equal((await proxy.send()).text, 'hello');
  assert.equal(upstream.sessionCount, 1);
});

test('a request goes on in the words of HTTP/2', async (t) => {
  const upstream = await Http2Upstream.start(t);
  const proxy = await start(t, upstream);
  const client = await proxy.connect();
  client.write(
    'POST /a?b HTTP/1.1\r\nhost: foo.com\r\nte: trailers, deflate\r\ncookie: a=1\r\ncookie: b=2\r\n' +
      'x-twice: 1\r\nx-twice: 2\r\nkeep-alive: 5\r\nproxy-connection: x\r\n' +
      'transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  );
  await until(() => upstream.headers.length === 1, 'it has come');
  const { [':method']: method, [':path']: path, ...headers } = upstream.headers[0] ?? {};
  assert.deepEqual([method, path], ['POST', '/a?b']);
  assert.equal(headers[':authority'], 'foo.com');
  assert.equal(headers[':scheme'], 'http');
  assert.equal(headers['te'], 'trailers');
  assert.equal(headers['cookie'], 'a=1; b=2');
  assert.equal(headers['x-twice'], '1, 2');
  for (const name of ['host', 'keep-alive', 'proxy-connection', 'transfer-encoding']) {
    assert.equal(headers[name], undefined, name);
  }
});

test('over TLS, as alpn_protocols has it', async (t) => {
  const upstream = await Http2Upstream.start(t, undefined, true);
  const ssl_context = { alpn_protocols: 'h2,http/1.1' };
  const proxy = await start(t, upstream, { cluster: { ssl_context } });
  for (let i = 0; i < 3; i++) {
    assert.equal((await proxy.send()).text, 'hello');
  }
  assert.equal(upstream.sessionCount, 1);
  assert.equal(upstream.headers[0]?.[':scheme'], 'https');
  assert.equal(await clusterStat(proxy, 'ssl.handshake'), 1);
});

test('over TLS, responses that are complete in one read are complete', async (t) => {
  const respond: StreamHandler = (stream) => {
    stream.resume();
    stream.on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    });
  };
  const upstream = await Http2Upstream.start(t, respond, true);
  const proxy = await start(t, upstream, { cluster: { ssl_context: { alpn_protocols: 'h2' } } });
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  t.after(() => agent.destroy());
  const outcomes = new Map<string, number>();
  const send = async (_: unknown, i: number): Promise<void> => {
    const options = { port: proxy.port, agent, method: 'POST', headers: { host: 'foo.com' } };
    const outcome = await new Promise<string>((resolve) => {
      const sent = request(options, (response) => {
        response.resume().on('end', () => resolve(`${response.statusCode}`));
      });
      sent.on('error', ({ message }) => resolve(message));
      sent.end('x'.repeat([1, 500, 600, 700][i % 4] ?? 0));
    });
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  };
  await Promise.all(Array.from({ length: 400 }, send));
  assert.deepEqual([...outcomes], [['200', 400]]);
});

test('bodies and trailers pass through, from HTTP/2 to HTTP/2', async (t) => {
  const upstream = await Http2Upstream.start(t, (stream) => {
    let trailers: IncomingHttpHeaders = {};
    stream.on('trailers', (received) => {
      trailers = received;
    });
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': trailers['x-count'] }));
    stream.pipe(stream);
  });
  const proxy = await start(t, upstream);
  const client = Http2Client.connect(proxy);
  const body = Buffer.alloc(2_000_000, 'x');
  const response = await client.send({ body, trailers: { 'x-count': '7' } });
  assert.equal(response.status, 200);
  assert.ok(response.body.equals(body));
  assert.equal(response.trailers?.['x-sum'], '7');
});

test('HEAD, 204 and 304 have no body', async (t) => {
  const upstream = await Http2Upstream.start(t, (stream, headers) => {
    const status = Number(String(headers[':path']).slice(1));
    stream.respond({ ':status': status, ...(status === 200 ? { 'content-length': 5 } : {}) });
    stream.end();
  });
  const proxy = await start(t, upstream);
  const head = await proxy.send({ method: 'HEAD', path: '/200' });
  assert.deepEqual([head.status, head.headers['content-length']], [200, '5']);
  for (const status of [204, 304]) {
    assert.equal((await proxy.send({ path: `/${status}` })).status, status);
  }
});

test('max_requests: one more is refused', async (t) => {
  const streams: ServerHttp2Stream[] = [];
  const upstream = await Http2Upstream.start(t, (stream) => streams.push(stream));
  const circuit_breakers = { default: { max_requests: 1 } };
  const proxy = await start(t, upstream, { cluster: { circuit_breakers } });
  const first = proxy.send();
  await until(() => streams.length === 1, 'the host has it');
  const second = await proxy.send();
  assert.equal(second.status, 503);
  assert.equal(second.headers['x-envoy-overloaded'], 'true');
  assert.equal(await clusterStat(proxy, 'upstream_rq_pending_overflow'), 1);
  streams[0]?.respond({ ':status': 200 });
  streams[0]?.end();
  assert.equal((await first).status, 200);
});

test('max_requests_per_connection makes place for another connection', async (t) => {
  const upstream = await Http2Upstream.start(t);
  const proxy = await start(t, upstream, { cluster: { max_requests_per_connection: 2 } });
  for (let i = 0; i < 5; i++) {
    assert.equal((await proxy.send()).text, 'hello');
  }
  assert.equal(upstream.sessionCount, 3);
  assert.equal(await clusterStat(proxy, 'upstream_cx_max_requests'), 2);
});

test('the route timeout resets the stream and keeps the connection', async (t) => {
  const streams: ServerHttp2Stream[] = [];
  const upstream = await Http2Upstream.start(t, (stream, headers) => {
    if (headers[':path'] === '/late') {
      streams.push(stream);
    } else {
      stream.respond({ ':status': 200 });
      stream.end('hello');
    }
  });
  const proxy = await start(t, upstream, { route: { timeout_ms: 100 } });
  const late = proxy.send({ path: '/late' });
  await until(() => streams.length === 1, 'the host has it');
  proxy.clock.advance(100);
  assert.equal((await late).status, 504);
  await until(() => streams[0]?.rstCode === 8, 'it is told');
  assert.equal((await proxy.send()).text, 'hello');
  assert.equal(upstream.sessionCount, 1);
  assert.equal(await clusterStat(proxy, 'upstream_rq_tx_reset'), 1);
});

test('upstream.use_http2: 0 falls back to HTTP/1.1', async (t) => {
  const upstream = await Http2Upstream.start(t);
  const proxy = await start(t, upstream);
  assert.equal((await proxy.send()).text, 'hello');
  proxy.sidecar.runtime.set('upstream.use_http2', '0');
  assert.equal((await proxy.send()).status, 503);
  assert.equal(await clusterStat(proxy, 'upstream_cx_http1_total'), 1);
  proxy.sidecar.runtime.set('upstream.use_http2', '100');
  assert.equal((await proxy.send()).text, 'hello');
});

test('a WebSocket handshake is sent as HTTP/1.1, which is what it is', async (t) => {
  const upstream = await Http2Upstream.start(t);
  const proxy = await start(t, upstream, { route: { use_websocket: true } });
  const text = await proxy.exchange(
    'GET / HTTP/1.1\r\nhost: foo.com\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  // The host does not understand it.
  assert.match(text, /^HTTP\/1.1 (?:503|403|400)/);
  assert.equal(upstream.headers.length, 0);
});

test('a client that reads slowly makes the host wait, and nobody else', async (t) => {
  const upstream = await Http2Upstream.start(t, (stream, headers) => {
    stream.respond({ ':status': 200 });
    stream.end(headers[':path'] === '/long' ? Buffer.alloc(8_000_000) : 'hello');
  });
  const http2_settings = {
    initial_stream_window_size: 100_000,
    initial_connection_window_size: 1_000_000,
  };
  const proxy = await start(t, upstream, { cluster: { http2_settings } });
  const socket = connectPlain(proxy.port, '127.0.0.1');
  proxy.closesWith(socket);
  socket.pause();
  socket.write('GET /long HTTP/1.1\r\nhost: foo.com\r\n\r\n');
  await until(() => upstream.headers.length === 1, 'the host has it');
  await eventually('the host is made to wait', async () => {
    const paused = await clusterStat(proxy, 'upstream_flow_control_paused_reading_total');
    return (paused ?? 0) > 0;
  });
  assert.equal((await proxy.send()).text, 'hello');
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.resume();
  await until(() => bytes > 8_000_000, 'all of it has come');
});

test('a client of HTTP/2 that gives up has the stream to the host reset', async (t) => {
  const streams: ServerHttp2Stream[] = [];
  const upstream = await Http2Upstream.start(t, (stream) => streams.push(stream));
  const proxy = await start(t, upstream);
  const client = await FrameClient.connect(proxy);
  client.request(1);
  await until(() => streams.length === 1, 'the host has it');
  client.socket.destroy();
  await until(() => streams[0]?.closed === true, 'it is told');
  assert.equal(streams[0]?.rstCode, 8);
});
