import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { FakeUpstream, RawUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

function get(path: string, ...lines: readonly string[]): string {
  return `GET ${path} HTTP/1.1\r\nhost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
}

/** Starts a host that answers when the test says so. */
async function startHolding(): Promise<{ upstream: FakeUpstream; held: ServerResponse[] }> {
  const held: ServerResponse[] = [];
  const upstream = await FakeUpstream.start((_request, response) => held.push(response));
  return { upstream, held };
}

test('answers pipelined requests in their order', async (t) => {
  const upstream = await FakeUpstream.start((request, response) =>
    response.end(`<${request.url}>`),
  );
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(['/1', '/2', '/3', '/4'].map((path) => get(path)).join(''));
  const text = await client.until('</4>');
  assert.deepEqual(text.match(/<\/\d>/g), ['</1>', '</2>', '</3>', '</4>']);
  assert.equal(await proxy.stat('downstream_cx_total'), 1);
  assert.equal(await proxy.stat('downstream_rq_2xx'), 4);
});

test('begins a pipelined request when the one before it is over', async (t) => {
  const { upstream, held } = await startHolding();
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('POST /1 HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx');
  client.write('POST /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nxyz');
  await until(() => held.length === 1, 'the host has a request');
  // Several turns of the loop, in which a second one would get there.
  await proxy.stats();
  await proxy.stats();
  assert.equal(held.length, 1);
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
  held[0]?.end('first');
  await until(() => held.length === 2, 'the host has the second request');
  let body = '';
  upstream.requests[1]?.on('data', (chunk) => {
    body += chunk;
  });
  await until(() => body === 'xyz', 'the host has the second body');
  held[1]?.end('second');
  await client.until('second');
});

test('forgets the requests behind one after which it closes', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream, route: { prefix: '/here' } });
  const client = await proxy.connect();
  // The first is answered before its body is there, so that the connection is closed after it.
  client.write('POST /elsewhere HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n');
  await client.until('\r\n\r\n');
  client.write(`body${get('/here')}`);
  const text = await client.untilClosed();
  assert.equal(text.match(/HTTP\/1\.1/g)?.length, 1);
  assert.equal(upstream.requests.length, 0);
});

test('cancels a request whose client leaves while others wait behind it', async (t) => {
  const { upstream, held } = await startHolding();
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(get('/1') + get('/2') + get('/3'));
  await until(() => held.length === 1, 'the host has the first request');
  client.socket.destroy();
  await until(() => upstream.sockets.size === 0, 'the host sees its connection close');
  await proxy.untilStat('downstream_cx_active', 0);
  assert.equal(await proxy.stat('downstream_rq_active'), 0);
  assert.equal(held.length, 1);
});

test('cuts a client that sends requests without end and waits for no answer', async (t) => {
  const { upstream, held } = await startHolding();
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(get('/first'));
  await until(() => held.length === 1, 'the host has a request');
  for (let i = 0; i < 20 && !client.socket.destroyed; i++) {
    client.write(get('/').repeat(100));
  }
  await client.untilClosed();
  await until(() => upstream.sockets.size === 0, 'the host sees its connection close');
  assert.equal(upstream.requests.length, 1);
  await proxy.untilStat('downstream_cx_destroy_local', 1);
});

test('closes after the response when the client asks for it', async (t) => {
  const proxy = await TestProxy.start(t);
  const client = await proxy.connect();
  client.write(get('/', 'Connection: Close'));
  const text = await client.untilClosed();
  assert.match(text, /\r\nconnection: close\r\n/);
  assert.match(text, /hello$/);
  assert.equal(await proxy.stat('downstream_cx_active'), 0);
});

test('stays connected when the host closes its own connection', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => {
    response.writeHead(200, { connection: 'close', 'content-length': '5' });
    response.end('hello');
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  for (let count = 1; count <= 3; count++) {
    client.write(get('/'));
    await until(() => client.received.split('hello').length === count + 1, 'it is answered');
  }
  assert.doesNotMatch(client.received, /connection: close/i);
  assert.equal(await proxy.stat('downstream_cx_total'), 1);
  assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_total'), 3);
});

test('takes a client that closes its half for gone, as Envoy does', async (t) => {
  const { upstream, held } = await startHolding();
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(get('/'));
  await until(() => held.length === 1, 'the host has the request');
  client.socket.end();
  assert.equal(await client.untilClosed(), '');
  await until(() => upstream.sockets.size === 0, 'the host sees its connection close');
  assert.equal(await proxy.stat('downstream_rq_rx_reset'), 1);
  assert.equal(await proxy.stat('downstream_cx_destroy_remote_active_rq'), 1);
  assert.equal(await proxy.loggedResult(), '0 -');
});

test('ends a response under way when the client closes its half', async (t) => {
  const upstream = await RawUpstream.start((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nbegun'));
    socket.on('end', () => socket.end());
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(get('/'));
  await client.until('begun');
  client.socket.end();
  await client.untilClosed();
  await until(() => upstream.sockets.size === 0, 'the host sees its connection close');
  assert.equal(await proxy.loggedResult(), '200 -');
});

test('counts connections by whoever closes them', async (t) => {
  const proxy = await TestProxy.start(t);
  const client = await proxy.connect();
  client.write(get('/'));
  await client.until('hello');
  assert.equal(await proxy.stat('downstream_cx_active'), 1);
  assert.equal(await proxy.stat('downstream_cx_http1_active'), 1);
  client.socket.destroy();
  await proxy.untilStat('downstream_cx_destroy_remote', 1);
  await proxy.exchange(get('/', 'connection: close'));
  const stats = await proxy.stats();
  const named = (name: string): number | undefined => stats.get(`http.ingress_http.${name}`);
  assert.equal(named('downstream_cx_total'), 2);
  assert.equal(named('downstream_cx_http1_total'), 2);
  assert.equal(named('downstream_cx_destroy'), 2);
  assert.equal(named('downstream_rq_total'), 2);
  assert.equal(named('downstream_rq_http1_total'), 2);
  assert.equal(named('downstream_cx_destroy_local'), 1);
  assert.equal(named('downstream_cx_active'), 0);
  assert.equal(named('downstream_cx_http1_active'), 0);
  assert.equal(named('downstream_cx_destroy_active_rq'), 0);
  assert.equal(
    named('downstream_cx_rx_bytes_total'),
    get('/').length + get('/', 'connection: close').length,
  );
  assert.ok((named('downstream_cx_tx_bytes_total') ?? 0) > 100);
  assert.equal(stats.get('listener.0.0.0.0_80.downstream_cx_total'), 2);
  assert.equal(stats.get('listener.0.0.0.0_80.downstream_cx_destroy'), 2);
  assert.equal(stats.get('listener.0.0.0.0_80.downstream_cx_active'), 0);
  assert.equal(stats.get('listener.0.0.0.0_80.http.ingress_http.downstream_rq_2xx'), 2);
});
