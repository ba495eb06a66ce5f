import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { startMounted } from '../support/mounted-proxy.js';
import { until } from '../support/until.js';
import {
  closeWebSocket,
  exchangeMessage,
  handshake,
  openWebSocket,
  startEcho,
  startRawHost,
  startWebSocketProxy,
} from '../support/websocket-fixture.js';

const thresholds = (limits: Record<string, number>): Record<string, unknown> => ({
  circuit_breakers: { default: limits },
});

test('counts tunnels, as connections of the listener and of the cluster', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw);
  const sockets = [await openWebSocket(proxy.port), await openWebSocket(proxy.port)];
  const open = await proxy.stats();
  assert.equal(open.get('http.ingress_http.downstream_cx_websocket_active'), 2);
  assert.equal(open.get('http.ingress_http.downstream_cx_websocket_total'), 2);
  assert.equal(open.get('http.ingress_http.downstream_cx_http1_active'), 0);
  assert.equal(open.get('http.ingress_http.downstream_cx_http1_total'), 2);
  assert.equal(open.get('http.ingress_http.downstream_cx_active'), 2);
  assert.equal(open.get('http.ingress_http.downstream_rq_active'), 2);
  assert.equal(open.get('http.ingress_http.downstream_rq_1xx'), 2);
  assert.equal(open.get('cluster.app.upstream_cx_active'), 2);
  assert.equal(open.get('cluster.app.upstream_cx_websocket_active'), 2);
  await Promise.all(sockets.map(closeWebSocket));
  await proxy.untilStat('downstream_cx_active', 0);
  const closed = await proxy.stats();
  assert.equal(closed.get('http.ingress_http.downstream_cx_websocket_active'), 0);
  assert.equal(closed.get('http.ingress_http.downstream_cx_http1_active'), 0);
  assert.equal(closed.get('http.ingress_http.downstream_rq_active'), 0);
  assert.equal(closed.get('http.ingress_http.downstream_rq_rx_reset'), 0);
  assert.equal(closed.get('http.ingress_http.downstream_cx_destroy_active_rq'), 0);
  assert.equal(closed.get('cluster.app.upstream_cx_active'), 0);
  assert.equal(closed.get('cluster.app.upstream_cx_websocket_active'), 0);
  assert.equal(closed.get('cluster.app.upstream_cx_websocket_total'), 2);
  assert.ok((closed.get('cluster.app.upstream_cx_rx_bytes_total') ?? 0) > 200);
  assert.ok((closed.get('cluster.app.upstream_cx_tx_bytes_total') ?? 0) > 200);
});

test('leaves no socket and no count behind after a thousand tunnels', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw);
  for (let round = 0; round < 50; round++) {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => openWebSocket(proxy.port)));
    await Promise.all(sockets.map((socket) => exchangeMessage(socket, 'x')));
    await Promise.all(
      sockets.map((socket, i) => (i % 2 === 0 ? closeWebSocket(socket) : cut(socket))),
    );
  }
  await proxy.untilStat('downstream_cx_active', 0);
  await until(() => echo.raw.sockets.size === 0, 'the host has no connection');
  const stats = await proxy.stats();
  assert.equal(stats.get('http.ingress_http.downstream_cx_websocket_total'), 1000);
  for (const name of ['downstream_cx_websocket_active', 'downstream_rq_active']) {
    assert.equal(stats.get(`http.ingress_http.${name}`), 0, name);
  }
  for (const name of [
    'upstream_cx_active',
    'upstream_cx_websocket_active',
    'upstream_rq_pending_active',
  ]) {
    assert.equal(stats.get(`cluster.app.${name}`), 0, name);
  }
  assert.deepEqual(proxy.errors, []);
});

async function cut(socket: WebSocket): Promise<void> {
  const closed = once(socket, 'close');
  socket.terminate();
  await closed;
}

test('answers 503 when the cluster has as many connections as it may have', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw, {
    cluster: thresholds({ max_connections: 1 }),
  });
  const socket = await openWebSocket(proxy.port);
  const text = await proxy.exchange(handshake);
  assert.match(text, /^HTTP\/1.1 503 .*\r\nx-envoy-overloaded: true\r\n/s);
  assert.match((await proxy.logLines(1))[0] ?? '', / 503 UO /);
  assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_overflow'), 1);
  await closeWebSocket(socket);
  await proxy.untilStat('downstream_cx_active', 0);
  await closeWebSocket(await openWebSocket(proxy.port));
});

test('answers 503 when nobody may wait for a connection', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw, {
    cluster: thresholds({ max_pending_requests: 0 }),
  });
  assert.match(
    await proxy.exchange(handshake),
    /^HTTP\/1.1 503 .*\r\nx-envoy-overloaded: true\r\n/s,
  );
  assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_pending_overflow'), 1);
});

test('takes the circuit breakers of the priority of the route', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw, {
    cluster: { circuit_breakers: { high: { max_connections: 0 } } },
    route: { priority: 'high' },
  });
  assert.match(await proxy.exchange(handshake), /^HTTP\/1.1 503 .*x-envoy-overloaded/s);
});

test('passes handshakes by the filters, and requests on the same route not', async (t) => {
  const echo = await startEcho();
  const abort = { abort_percent: 100, http_status: 418 };
  const proxy = await startWebSocketProxy(t, echo.raw, {
    manager: {
      filters: [
        { name: 'fault', config: { abort } },
        { name: 'router', config: {} },
      ],
    },
  });
  assert.equal((await proxy.send()).status, 418);
  const socket = await openWebSocket(proxy.port);
  assert.equal(await exchangeMessage(socket, 'x'), 'x');
  await closeWebSocket(socket);
});

test('lets tunnels go on while it drains, and cuts what is left when time is up', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw);
  const [stays, goes] = [await openWebSocket(proxy.port), await openWebSocket(proxy.port)];
  let isDrained = false;
  void proxy.sidecar.drain({ timeoutMs: 60_000 }).then(() => {
    isDrained = true;
  });
  proxy.clock.advance(30_000);
  assert.equal(await exchangeMessage(stays, 'still here'), 'still here');
  await closeWebSocket(goes);
  assert.ok(!isDrained);
  const closed = once(stays, 'close');
  const closing = proxy.sidecar.close({ timeoutMs: 10_000 });
  assert.equal(await exchangeMessage(stays, 'here too'), 'here too');
  proxy.clock.advance(10_000);
  await closing;
  assert.equal((await closed)[0], 1006);
  await until(() => echo.raw.sockets.size === 0, 'the host has no connection');
});

test('drains at once when the last tunnel ends', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw);
  const socket = await openWebSocket(proxy.port);
  const drained = proxy.sidecar.drain();
  await closeWebSocket(socket);
  await drained;
});

test('hands a handshake to a mounted server, with a connection in memory', async (t) => {
  const server = createServer((_request, response) => response.end('plain'));
  const echo = new WebSocketServer({ server });
  echo.on('connection', (socket, request) => {
    socket.on('message', (data) => socket.send(`${request.url} ${data}`));
  });
  const proxy = await startMounted(t, server, {
    route: { use_websocket: true, prefix: '/', prefix_rewrite: '/in/' },
  });
  const socket = await openWebSocket(proxy.port, '/here');
  assert.equal(await exchangeMessage(socket, 'hello'), '/in/here hello');
  const stats = await proxy.stats();
  assert.equal(stats.get('cluster.app.upstream_cx_websocket_active'), 1);
  assert.equal(stats.get('http.ingress_http.downstream_cx_websocket_active'), 1);
  await closeWebSocket(socket);
  await proxy.untilStat('downstream_cx_active', 0);
  assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_active'), 0);
});

test('closes the tunnel when a mounted server cuts it, and when the client does', async (t) => {
  const server = createServer();
  const echo = new WebSocketServer({ server });
  let closedInside = 0;
  echo.on('connection', (socket) => {
    socket.on('message', () => socket.terminate());
    socket.on('close', () => {
      closedInside++;
    });
  });
  const proxy = await startMounted(t, server, { route: { use_websocket: true } });
  const first = await openWebSocket(proxy.port);
  const closed = once(first, 'close');
  first.send('go');
  assert.equal((await closed)[0], 1006);
  const second = await openWebSocket(proxy.port);
  second.terminate();
  await until(() => closedInside === 2, 'the application knows');
  await proxy.untilStat('downstream_cx_active', 0);
});

test('answers 501 for a mounted application that takes no upgrades', async (t) => {
  const handler = (): void => assert.fail('it is no request');
  for (const application of [handler, createServer(handler)]) {
    const proxy = await startMounted(t, application, { route: { use_websocket: true } });
    assert.match(await proxy.exchange(handshake), /^HTTP\/1.1 501 Not Implemented\r\n/);
    await proxy.close();
  }
});

test('answers 503 for a mounted server whose listener throws, and says so', async (t) => {
  const server = createServer().on('upgrade', () => {
    throw new Error('not today');
  });
  const proxy = await startMounted(t, server, { route: { use_websocket: true } });
  assert.match(await proxy.exchange(handshake), /^HTTP\/1.1 503 /);
  assert.match(proxy.errors[0] ?? '', /not today/);
});

test('reaches the host where connectTo says', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw, {
    config: {
      clusters: [
        {
          name: 'app',
          connect_timeout_ms: 250,
          type: 'static',
          lb_type: 'round_robin',
          hosts: [{ url: 'tcp://192.0.2.1:80' }],
        },
      ],
    },
    options: { connectTo: { '192.0.2.1:80': `127.0.0.1:${echo.raw.port}` } },
  });
  const socket = await openWebSocket(proxy.port);
  assert.equal(await exchangeMessage(socket, 'x'), 'x');
  await closeWebSocket(socket);
});

test('refuses slowly read responses no faster than they are read', async (t) => {
  const size = 32 * 1024 * 1024;
  let host: { writableLength: number } | undefined;
  const upstream = await startRawHost((socket) => {
    host = socket;
    socket.write(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${size}\r\n\r\n`);
    for (let i = 0; i < 32; i++) {
      socket.write(Buffer.alloc(size / 32));
    }
  });
  const proxy = await startWebSocketProxy(t, upstream);
  const client = await proxy.connect();
  client.write(handshake);
  await client.until('\r\n\r\n');
  client.socket.pause();
  let left = -1;
  for (let turns = 0; turns < 200; ) {
    turns = host?.writableLength === left ? turns + 1 : 0;
    left = host?.writableLength ?? 0;
    await new Promise(setImmediate);
  }
  assert.ok(left > size / 2, `${left} bytes wait`);
  client.socket.resume();
  const text = await client.untilClosed();
  assert.ok(text.length > size);
});
