import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { assertCountedOnce } from '../support/cluster-counts.js';
import { readBody, showing, startMounted } from '../support/mounted-proxy.js';
import { until } from '../support/until.js';

const megabyte = 1024 * 1024;

test('hands a request to a handler', async (t) => {
  const proxy = await startMounted(
    t,
    showing(({ method, url, httpVersion, complete }) => ({ method, url, httpVersion, complete })),
  );
  const response = await proxy.send({ method: 'DELETE', path: '/a?b=c' });
  assert.equal(response.status, 200);
  assert.deepEqual(JSON.parse(response.text), {
    method: 'DELETE',
    url: '/a?b=c',
    httpVersion: '1.1',
    complete: false,
  });
  await assertCountedOnce(proxy, 'app', 1);
});

test('hands a request to a server that does not listen', async (t) => {
  const server = createServer((_request, response) => response.end('from the server'));
  const proxy = await startMounted(t, server);
  assert.equal((await proxy.send()).text, 'from the server');
  assert.equal(server.listening, false);
});

test('ignores the hosts that the configuration lists', async (t) => {
  const proxy = await startMounted(t, (_request, response) => response.end('mounted'), {
    cluster: { hosts: [{ url: 'tcp://192.0.2.1:80' }] },
  });
  assert.equal((await proxy.send()).text, 'mounted');
});

test('shows the headers after the rules of the connection manager', async (t) => {
  const proxy = await startMounted(
    t,
    showing(({ headers }) => headers),
    { manager: { use_remote_address: true } },
  );
  const { text } = await proxy.send({
    headers: { 'keep-alive': '1', 'x-envoy-internal': 'false', 'x-own': '1' },
  });
  const headers = JSON.parse(text);
  assert.equal(headers['keep-alive'], undefined);
  assert.equal(headers.connection, undefined);
  assert.equal(headers.host, 'foo.com');
  assert.equal(headers['x-envoy-internal'], 'true');
  // A client on loopback counts as this machine.
  assert.match(headers['x-forwarded-for'], /^[\d.]+$/);
  assert.equal(headers['x-forwarded-proto'], 'http');
  assert.match(headers['x-request-id'], /^[\da-f-]{36}$/);
  assert.equal(headers['x-own'], '1');
});

test('shows the same headers in all three places', async (t) => {
  const proxy = await startMounted(
    t,
    showing(({ headers, headersDistinct, rawHeaders }) => ({
      headers,
      headersDistinct,
      rawHeaders,
    })),
  );
  const { text } = await proxy.send({
    headers: { 'x-twice': ['1', '2'], cookie: ['a=1', 'b=2'], 'x-request-id': 'id' },
  });
  const { headers, headersDistinct, rawHeaders } = JSON.parse(text);
  assert.deepEqual(headers, {
    host: 'foo.com',
    'x-twice': '1, 2',
    cookie: 'a=1; b=2',
    'x-request-id': 'id',
    'x-forwarded-proto': 'http',
  });
  assert.deepEqual(headersDistinct['x-twice'], ['1', '2']);
  assert.deepEqual(headersDistinct['x-forwarded-proto'], ['http']);
  assert.deepEqual(Object.keys(headersDistinct).sort(), Object.keys(headers).sort());
  assert.deepEqual(rawHeaders.slice(0, 2), ['host', 'foo.com']);
  assert.equal(rawHeaders.length, 2 * 6);
});

test('shows the client on the socket', async (t) => {
  const proxy = await startMounted(
    t,
    showing(({ socket }) => [socket.remoteAddress, socket.remotePort]),
  );
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const { localPort } = client.socket;
  await client.until(JSON.stringify(['127.0.0.1', localPort]));
});

for (const [framing, headers] of [
  ['chunks', {}],
  ['a length', { 'content-length': String(megabyte) }],
] as const) {
  test(`streams a request body with ${framing} into the application`, async (t) => {
    const proxy = await startMounted(t, async (request, response) => {
      const body = await readBody(request);
      response.end(`${body.length} ${body.slice(0, 3)} ${request.complete}`);
    });
    const { text } = await proxy.send({ method: 'POST', headers, body: 'abc'.padEnd(megabyte) });
    assert.equal(text, `${megabyte} abc true`);
  });
}

test('shows the trailers of a request', async (t) => {
  const proxy = await startMounted(t, async (request, response) => {
    await readBody(request);
    response.end(JSON.stringify(request.trailers));
  });
  const reply = await proxy.exchange(
    'POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n' +
      '1\r\na\r\n0\r\nx-sum: 97\r\n\r\n',
  );
  assert.match(reply, /\{"x-sum":"97"\}/);
});

test('lets a client wait that sends faster than the application reads', async (t) => {
  let paused: IncomingMessage | undefined;
  const proxy = await startMounted(t, (request, response) => {
    paused = request;
    request.on('end', () => response.end(`${request.socket.bytesRead > 32 * megabyte}`));
  });
  const client = await proxy.connect();
  const length = 32 * megabyte;
  client.write(
    `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n`,
  );
  const isSent = new Promise((resolve) => client.socket.write(Buffer.alloc(length), resolve));
  await until(() => paused !== undefined, 'the application has the request');
  assert.equal(await Promise.race([isSent.then(() => 'sent'), turns(200)]), 'waiting');
  paused?.resume();
  await isSent;
  assert.match(await client.untilClosed(), /true$/);
});

test('serves several requests on one connection, unread bodies in between', async (t) => {
  const proxy = await startMounted(t, (request, response) => response.end(`[${request.url}]`));
  const client = await proxy.connect();
  client.write('POST /1 HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody');
  await client.until('[/1]');
  client.write('GET /2 HTTP/1.1\r\nhost: a\r\n\r\nGET /3 HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('[/3]');
  assert.equal(client.received.match(/HTTP\/1\.1 200 OK/g)?.length, 3);
  await assertCountedOnce(proxy, 'app', 3);
});

test('tells the application when its client leaves, and nobody has failed', async (t) => {
  const events: string[] = [];
  const proxy = await startMounted(t, (request, response) => {
    request.on('aborted', () => events.push('aborted'));
    request.on('close', () => events.push('request closed'));
    response.on('close', () => {
      events.push(`response closed ${response.writableFinished}`);
      response.writeHead(200, { 'x-late': '1' });
      response.end('too late');
      events.push(`sent ${response.headersSent}`);
    });
  });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbo');
  await proxy.untilStat('downstream_rq_active', 1);
  client.socket.resetAndDestroy();
  await proxy.untilStat('downstream_rq_rx_reset', 1);
  await until(() => events.length === 4, 'the application has heard of it');
  assert.deepEqual(events.sort(), [
    'aborted',
    'request closed',
    'response closed false',
    'sent true',
  ]);
  const stats = await proxy.stats();
  assert.equal(stats.get('http.ingress_http.downstream_rq_5xx'), 0);
  assert.equal(stats.get('cluster.app.upstream_rq_200'), undefined);
  assert.equal(stats.get('cluster.app.upstream_rq_active'), 0);
  assert.equal(await proxy.loggedResult(), '0 -');
  assert.deepEqual(proxy.errors, []);
});

test('serves the application’s own calls', async (t) => {
  const proxy = await startMounted(t, async (request, response) => {
    const body = await readBody(request);
    response.setHeader('x-address', request.socket.remoteAddress ?? '');
    response.end(body + body);
  });
  const response = await proxy.sidecar.request('http://app/path', {
    method: 'POST',
    body: 'a'.repeat(4 * megabyte),
  });
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers['x-address'], '127.0.0.1');
  assert.equal((await response.body.bytes()).length, 8 * megabyte);
  await assertCountedOnce(proxy, 'app', 1);
});

test('lets the application wait that answers its own call faster than it reads', async (t) => {
  let written = 0;
  const total = 16 * megabyte;
  const proxy = await startMounted(t, async (_request, response) => {
    const chunk = Buffer.alloc(64 * 1024);
    for (; written < total; written += chunk.length) {
      if (!response.write(chunk)) {
        await once(response, 'drain');
      }
    }
    response.end();
  });
  const response = await proxy.sidecar.request('http://app/');
  await turns(200);
  assert.ok(written < total / 2, `${written} bytes are buffered`);
  assert.equal((await response.body.bytes()).length, total);
});

/** Lets the event loop turn. */
async function turns(count: number): Promise<'waiting'> {
  let left = count;
  await until(() => left-- === 0, 'the event loop has turned');
  return 'waiting';
}

test('an application’s own time-out of a request works for its own calls, and ends with it', async (t) => {
  const proxy = await startMounted(t, (request, response) => {
    if (request.url === '/slow') {
      response.setTimeout(5, () => response.writeHead(504).end('too slow'));
    } else {
      setTimeout(() => response.end('in time'), 20);
    }
  });
  const { sidecar } = proxy;
  assert.equal((await sidecar.request('http://app/slow')).statusCode, 504);
  const next = await sidecar.request('http://app/next');
  assert.deepEqual([next.statusCode, await next.body.text()], [200, 'in time']);
  assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_total'), 1);
});
