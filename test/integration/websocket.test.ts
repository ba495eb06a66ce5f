import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { staticCluster, virtualHost } from '../support/config-builder.js';
import { FakeDns } from '../support/fake-dns.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import {
  agreement,
  closeWebSocket,
  exchangeMessage,
  handshake,
  openWebSocket,
  startEcho,
  startRawHost,
  startWebSocketProxy,
} from '../support/websocket-fixture.js';

/** Whether the library that makes tunnels has been loaded in this process. */
function hasLibrary(): boolean {
  return Object.keys(createRequire(import.meta.url).cache).some((path) =>
    path.includes('http-proxy-3'),
  );
}

test('loads the library with the first handshake that a route takes', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw);
  await proxy.send();
  assert.ok(!hasLibrary());
  await closeWebSocket(await openWebSocket(proxy.port));
  assert.ok(hasLibrary());
});

test('carries text and binary messages both ways', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw);
  const socket = await openWebSocket(proxy.port);
  assert.equal(await exchangeMessage(socket, 'hällo'), 'hällo');
  const bytes = Buffer.alloc(300_000, 7);
  assert.deepEqual(await exchangeMessage(socket, bytes), bytes);
  assert.equal(await closeWebSocket(socket), 1000);
});

test('passes the negotiation of permessage-deflate on', async (t) => {
  const echo = await startEcho({ perMessageDeflate: { threshold: 0 } });
  const proxy = await startWebSocketProxy(t, echo.raw);
  const socket = await openWebSocket(proxy.port, '/', { perMessageDeflate: { threshold: 0 } });
  assert.match(socket.extensions, /permessage-deflate/);
  const text = 'again and '.repeat(10_000);
  assert.equal(await exchangeMessage(socket, text), text);
  await closeWebSocket(socket);
});

test('sends the host the handshake with the rules of headers applied, and nothing else', async (t) => {
  let seen = '';
  const upstream = await startRawHost((socket, head) => {
    seen = head;
    socket.end(agreement);
  });
  const proxy = await startWebSocketProxy(t, upstream, {
    manager: { use_remote_address: false, generate_request_id: false },
    route: {
      prefix: '/',
      prefix_rewrite: '/x//',
      host_rewrite: 'inner',
      request_headers_to_add: [{ key: 'x-added', value: 'ä' }],
    },
  });
  await proxy.exchange(
    'GET /a/../b?q=%zz HTTP/1.1\r\nHost: outer\r\nConnection: keep-alive, Upgrade\r\n' +
      'Upgrade: WebSocket\r\nSec-WebSocket-Key: k\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n',
  );
  const [line, ...fields] = seen.split('\r\n').slice(0, -2);
  assert.equal(line, 'GET /x//a/../b?q=%zz HTTP/1.1');
  assert.deepEqual(fields.sort(), [
    'connection: Upgrade',
    'content-length: 0',
    'host: inner',
    'sec-websocket-key: k',
    'upgrade: websocket',
    'x-added: \u00c3\u00a4',
    'x-envoy-original-path: /a/../b?q=%zz',
    'x-forwarded-proto: http',
    'x-twice: 1',
    'x-twice: 2',
  ]);
});

test('passes the path of a handshake on, though that expects something', async (t) => {
  let seen = '';
  const upstream = await startRawHost((socket, head) => {
    seen = head;
    socket.end(agreement);
  });
  const proxy = await startWebSocketProxy(t, upstream);
  await proxy.exchange(handshake.replace('host: a', 'host: a\r\nexpect: more'));
  assert.match(seen, /^GET \/chat HTTP\/1.1\r\n.*\r\nexpect: more\r\n/s);
});

test('sends the client the agreement of the host with the rules of headers applied', async (t) => {
  const upstream = await startRawHost((socket) => {
    socket.end(
      'HTTP/1.1 101 Whatever\r\nServer: me\r\nConnection: upgrade\r\nUpgrade: websocket\r\n' +
        'Set-Cookie: a=1\r\nSet-Cookie: b=\xe4\r\nSec-WebSocket-Accept: x\r\n\r\n',
      'latin1',
    );
  });
  const proxy = await startWebSocketProxy(t, upstream, {
    config: {
      routeConfig: { response_headers_to_add: [{ key: 'x-added', value: 'by us' }] },
    },
  });
  const text = await proxy.exchange(handshake);
  const [line, ...fields] = text.split('\r\n').slice(0, -2);
  assert.equal(line, 'HTTP/1.1 101 Switching Protocols');
  assert.deepEqual(fields.sort(), [
    'connection: Upgrade',
    'date: Fri, 15 Apr 2016 20:17:00 GMT',
    'sec-websocket-accept: x',
    'server: envoy',
    'set-cookie: a=1',
    'set-cookie: b=\xe4',
    'upgrade: websocket',
    'x-added: by us',
  ]);
});

test('delivers what came with the handshake, and with its answer, in order', async (t) => {
  let received = '';
  const upstream = await startRawHost((socket) => {
    socket.write(`${agreement}first `);
    socket.write('second ');
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received === 'early later') {
        socket.end('third');
      }
    });
  });
  const proxy = await startWebSocketProxy(t, upstream);
  const client = await proxy.connect();
  client.write(`${handshake}early `);
  await client.until('second ');
  client.write('later');
  const text = await client.untilClosed();
  assert.equal(text.slice(text.indexOf('\r\n\r\n') + 4), 'first second third');
  assert.equal(received, 'early later');
});

test('writes one line to the access log when the tunnel ends', async (t) => {
  const upstream = await startRawHost((socket) => {
    socket.write(`${agreement}12345`);
    socket.once('data', () => socket.end());
  });
  const proxy = await startWebSocketProxy(t, upstream);
  const client = await proxy.connect();
  client.write(handshake);
  await client.until('12345');
  proxy.clock.advance(60_000);
  client.write('123');
  await client.untilClosed();
  const [line = ''] = await proxy.logLines(1);
  assert.match(line, /"GET \/chat HTTP\/1.1" 101 - 3 5 60\d{3} - /);
  assert.ok(line.endsWith(`"a" "127.0.0.1:${upstream.port}"`), line);
});

test('treats requests without an upgrade on such a route as any other', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream, route: { use_websocket: true } });
  assert.equal((await proxy.send()).text, 'hello');
});

test('treats upgrades to other protocols as requests, without the headers of the hop', async (t) => {
  const upstream = await FakeUpstream.start((request, response) => {
    request.setEncoding('latin1');
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.end(`got ${body}`));
  });
  const proxy = await TestProxy.start(t, { upstream, route: { use_websocket: true } });
  for (const protocol of ['h2c', 'foo']) {
    const text = await proxy.exchange(
      `POST / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: ${protocol}\r\n` +
        'http2-settings: AAMAAABk\r\ncontent-length: 4\r\n\r\nbody',
    );
    assert.match(text, /^HTTP\/1.1 200 OK\r\n/);
    assert.match(text, /got body$|got body\r\n/);
    const headers = upstream.requests.at(-1)?.headers;
    assert.equal(headers?.upgrade, undefined);
    assert.notEqual(headers?.connection, 'Upgrade, HTTP2-Settings');
  }
  assert.equal(await proxy.stat('downstream_cx_websocket_total'), 0);
});

test('answers 400 to a handshake with a body, or by another method than GET', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream, route: { use_websocket: true } });
  for (const text of [
    handshake.replace('GET', 'POST'),
    handshake.replace('host: a', 'host: a\r\ncontent-length: 4').concat('body'),
    handshake.replace('host: a', 'host: a\r\ntransfer-encoding: chunked').concat('0\r\n\r\n'),
  ]) {
    assert.match(await proxy.exchange(text), /^HTTP\/1.1 400 Bad Request\r\n/);
  }
  assert.equal(upstream.requests.length, 0);
});

test('answers 400 to a handshake that does not wait for the answer before it', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream, route: { use_websocket: true } });
  const text = await proxy.exchange(`GET / HTTP/1.1\r\nhost: a\r\n\r\n${handshake}`);
  assert.match(text, /^HTTP\/1.1 200 OK\r\n.*hello.*HTTP\/1.1 400 Bad Request\r\n/s);
});

test('makes a tunnel of a connection that has served requests before', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw);
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('no WebSocket');
  client.write(handshake);
  await client.until('HTTP/1.1 101 ');
  client.socket.destroy();
});

test('answers 403 on a route without use_websocket, and on one that redirects', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, {
    upstream,
    config: {
      virtualHosts: [
        virtualHost(['plain'], 'app'),
        { name: 'moved', domains: ['moved'], routes: [{ prefix: '/', host_redirect: 'other' }] },
        { ...virtualHost(['secure'], 'app', { use_websocket: true }), require_ssl: 'all' },
      ],
    },
  });
  for (const host of ['plain', 'moved', 'secure']) {
    const text = await proxy.exchange(handshake.replace('host: a', `host: ${host}`));
    assert.match(text, /^HTTP\/1.1 403 Forbidden\r\n/, host);
    assert.doesNotMatch(text, /location:/);
  }
  assert.equal(await proxy.stat('downstream_rq_ws_on_non_ws_route'), 3);
  assert.equal(upstream.requests.length, 0);
});

test('answers 404 where there is no route, and no cluster', async (t) => {
  const proxy = await TestProxy.start(t, {
    config: {
      virtualHosts: [
        {
          name: 'here',
          domains: ['here'],
          routes: [{ prefix: '/', cluster_header: 'x-cluster', use_websocket: true }],
        },
      ],
    },
  });
  const noRoute = await proxy.exchange(handshake);
  assert.match(noRoute, /^HTTP\/1.1 404 Not Found\r\n/);
  const noCluster = await proxy.exchange(handshake.replace('host: a', 'host: here'));
  assert.match(noCluster, /^HTTP\/1.1 404 Not Found\r\n/);
  assert.equal(await proxy.stat('no_cluster'), 1);
});

test('answers 503 where there is no host', async (t) => {
  const proxy = await TestProxy.start(t, {
    route: { use_websocket: true },
    config: {
      clusters: [staticCluster('app', ['tcp://app.example:80'], { type: 'logical_dns' })],
    },
    environment: { resolver: new FakeDns() },
  });
  assert.match(await proxy.exchange(handshake), /^HTTP\/1.1 503 .*no healthy upstream$/s);
  assert.equal(await proxy.loggedResult(), '503 UH');
});

test('delivers the response of a host that refuses, and closes both connections', async (t) => {
  for (const [status, body] of [
    ['403 Forbidden', 'go away'],
    ['200 OK', 'a page'],
    ['404 Not Found', ''],
  ]) {
    const upstream = await FakeUpstream.start((_request, response) => {
      response.writeHead(Number.parseInt(status ?? '', 10), { 'x-host': 'yes' });
      response.end(body);
    });
    const proxy = await TestProxy.start(t, { upstream, route: { use_websocket: true } });
    const text = await proxy.exchange(handshake);
    assert.ok(text.startsWith(`HTTP/1.1 ${status}\r\n`), text);
    assert.match(text, /\r\nx-host: yes\r\n/);
    assert.match(text, /\r\nconnection: close\r\n/);
    assert.ok(text.includes(`${body}`));
    await proxy.untilStat('downstream_cx_active', 0);
    assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_active'), 0);
    assert.match(
      (await proxy.logLines(1))[0] ?? '',
      new RegExp(` ${status?.slice(0, 3)} - 0 ${body?.length} `),
    );
    await proxy.close();
  }
});

test('tells a client of WebSocket the status that the host refuses with', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => {
    response.writeHead(401).end();
  });
  const proxy = await TestProxy.start(t, { upstream, route: { use_websocket: true } });
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
  const [error] = (await once(socket, 'error')) as [Error];
  assert.match(error.message, /401/);
});
