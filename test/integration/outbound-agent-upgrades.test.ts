import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { Command } from '../support/command.js';
import {
  adminAddress,
  buildConfig,
  staticCluster,
  virtualHost,
} from '../support/config-builder.js';
import { FakeUpstream, unusedPort } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';
import {
  agreement,
  closeWebSocket,
  exchangeMessage,
  keepSilent,
  startEcho,
  startRawHost,
  startWebSocketProxy,
  type WebSocketUpstream,
} from '../support/websocket-fixture.js';

const sidecarModule = new URL('../../lib/index.js', import.meta.url).href;
const mebibyte = 1024 * 1024;
/** A host that the routes of the fixture claim, and nobody else knows. */
const url = 'ws://chat.example/room';

async function open(proxy: TestProxy, options: object = {}): Promise<WebSocket> {
  const { agent } = proxy.sidecar;
  const socket = new WebSocket(url, { agent, ...options });
  socket.on('error', () => {});
  proxy.closesWith({ destroy: () => socket.terminate() });
  await once(socket, 'open');
  return socket;
}

async function startChat(t: TestContext): Promise<{ echo: WebSocketUpstream; proxy: TestProxy }> {
  const echo = await startEcho();
  return { echo, proxy: await startWebSocketProxy(t, echo.raw) };
}

/** Sends a handshake without a WebSocket library, and returns what becomes of it. */
function shake(proxy: TestProxy, options: http.RequestOptions = {}): http.ClientRequest {
  const headers = { connection: 'Upgrade', upgrade: 'websocket', ...options.headers };
  const { agent } = proxy.sidecar;
  return http.request('http://chat.example/room', { agent, ...options, headers });
}

async function upgraded(request: http.ClientRequest): Promise<[IncomingMessage, Duplex, string]> {
  request.end();
  const [response, socket, head] = (await once(request, 'upgrade')) as [
    IncomingMessage,
    Duplex,
    Buffer,
  ];
  return [response, socket, head.toString()];
}

async function read(stream: Duplex): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
  }
  return text;
}

async function refused(request: http.ClientRequest): Promise<IncomingMessage & { text: string }> {
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
  }
  return Object.assign(response, { text });
}

describe('a WebSocket by sidecar.agent', () => {
  test('carries messages both ways on a route with use_websocket', async (t) => {
    const { echo, proxy } = await startChat(t);
    const socket = await open(proxy, { perMessageDeflate: false, headers: { 'x-a': '1' } });
    assert.equal(await exchangeMessage(socket, 'hällo'), 'hällo');
    const bytes = Buffer.alloc(3 * mebibyte, 7);
    assert.deepEqual(await exchangeMessage(socket, bytes), bytes);
    const [handshake] = echo.handshakes;
    assert.equal(handshake?.url, '/room');
    assert.equal(handshake?.headers.host, 'chat.example');
    assert.equal(handshake?.headers['x-a'], '1');
    assert.ok(handshake?.headers['x-request-id'], 'the rules of headers are applied');
    assert.equal(await closeWebSocket(socket), 1000);
    await until(() => echo.raw.sockets.size === 0, 'the host has lost the connection');
  });

  test('is counted while it is open, and logged when it ends', async (t) => {
    const { proxy } = await startChat(t);
    const socket = await open(proxy, { perMessageDeflate: false });
    await exchangeMessage(socket, 'hello');
    const stats = await proxy.stats();
    assert.equal(stats.get('http.ingress_http.downstream_cx_websocket_active'), 1);
    assert.equal(stats.get('http.ingress_http.downstream_cx_http1_active'), 0);
    assert.equal(stats.get('http.ingress_http.downstream_rq_active'), 1);
    assert.equal(stats.get('cluster.app.upstream_cx_websocket_active'), 1);
    await closeWebSocket(socket);
    await proxy.untilStat('downstream_cx_websocket_active', 0);
    assert.equal(await proxy.stat('downstream_cx_websocket_total'), 1);
    assert.equal(await proxy.stat('downstream_rq_active'), 0);
    assert.equal(await proxy.stat('downstream_rq_rx_reset'), 0);
    const [line = ''] = await proxy.logLines(1);
    // A masked frame of 11 bytes and a closing one of 8; they come back without their masks.
    assert.match(line, /"GET \/room HTTP\/1.1" 101 - 19 11 /);
  });

  test('is closed with 1006 when the host dies', async (t) => {
    const { echo, proxy } = await startChat(t);
    const socket = await open(proxy);
    const closed = once(socket, 'close');
    for (const upstream of echo.raw.sockets) {
      upstream.resetAndDestroy();
    }
    assert.equal((await closed)[0], 1006);
    assert.equal(await proxy.loggedResult(), '101 UC');
    assert.equal(await proxy.stat('downstream_cx_websocket_active'), 0);
  });

  test('that is terminated is closed at the host, and is no reset request', async (t) => {
    const { echo, proxy } = await startChat(t);
    const socket = await open(proxy);
    socket.terminate();
    await until(() => echo.raw.sockets.size === 0, 'the host has lost the connection');
    assert.equal(await proxy.loggedResult(), '101 -');
    assert.equal(await proxy.stat('downstream_rq_rx_reset'), 0);
    assert.equal(await proxy.stat('downstream_cx_websocket_active'), 0);
  });

  test('that is given up before its answer is given up at the host, too', async (t) => {
    const upstream = await startRawHost(keepSilent);
    const proxy = await startWebSocketProxy(t, upstream);
    const socket = new WebSocket(url, { agent: proxy.sidecar.agent });
    const failed = once(socket, 'error');
    await until(() => upstream.sockets.size === 1, 'the host has the connection');
    socket.terminate();
    assert.match((await failed)[0].message, /closed before the connection was established/);
    await until(() => upstream.sockets.size === 0, 'the host has lost the connection');
    await proxy.untilStat('downstream_rq_rx_reset', 1);
  });

  test('ends with the sidecar, at the latest when its time is up', async (t) => {
    const { echo, proxy } = await startChat(t);
    const socket = await open(proxy);
    const closed = once(socket, 'close');
    let isDrained = false;
    const draining = proxy.sidecar.drain({ timeoutMs: 5000 }).then(() => {
      isDrained = true;
    });
    assert.equal(await exchangeMessage(socket, 'still there'), 'still there');
    assert.ok(!isDrained);
    proxy.clock.advance(5000);
    await draining;
    assert.equal(socket.readyState, WebSocket.OPEN);
    await proxy.sidecar.close({ timeoutMs: 0 });
    assert.equal((await closed)[0], 1006);
    await until(() => echo.raw.sockets.size === 0, 'the host has lost the connection');
  });

  test('to a mounted server ends in the application', async (t) => {
    const upstream = await FakeUpstream.start();
    const server = createServer();
    const webSockets = new WebSocketServer({ server });
    webSockets.on('connection', (socket) =>
      socket.on('message', (data) => socket.send(`${data}!`)),
    );
    const proxy = await TestProxy.start(t, {
      upstream,
      route: { use_websocket: true },
      options: { mount: { app: server } },
    });
    const socket = await open(proxy);
    assert.equal(await exchangeMessage(socket, 'hello'), 'hello!');
    await closeWebSocket(socket);
    assert.equal(upstream.requests.length, 0);
  });

  test('to a host that nobody claims goes there as without us', async (t) => {
    const echo = await startEcho();
    const proxy = await startWebSocketProxy(t, await startRawHost(keepSilent), {
      config: { virtualHosts: [virtualHost(['known.example'], 'app', { use_websocket: true })] },
    });
    t.after(() => echo.raw.close());
    const { agent } = proxy.sidecar;
    const socket = new WebSocket(`ws://127.0.0.1:${echo.raw.port}/`, { agent });
    await once(socket, 'open');
    assert.equal(await exchangeMessage(socket, 'hello'), 'hello');
    await closeWebSocket(socket);
    assert.deepEqual(echo.handshakes[0]?.rawHeaders.slice(0, 2), ['Sec-WebSocket-Version', '13']);
    assert.equal(await proxy.stat('downstream_rq_total'), 0);
  });

  test('holds the process while it is open, and no longer', async (t) => {
    const echo = await startEcho();
    t.after(() => echo.raw.close());
    echo.server.on('connection', (socket) => setTimeout(() => socket.close(), 100));
    const config = buildConfig({
      clusters: [staticCluster('app', [echo.raw.url])],
      virtualHosts: [virtualHost(['chat.example'], 'app', { use_websocket: true })],
    });
    const script = `
      import { WebSocket } from 'ws';
      import { createSidecar } from ${JSON.stringify(sidecarModule)};
      const listenOn = {
        ${JSON.stringify(adminAddress)}: 'tcp://127.0.0.1:0',
        'tcp://0.0.0.0:80': 'tcp://127.0.0.1:0',
      };
      const sidecar = await createSidecar({ config: ${JSON.stringify(config)}, listenOn });
      const { agent } = sidecar;
      const socket = new WebSocket('ws://chat.example/', { agent });
      socket.on('close', async (code) => {
        console.log('closed', code);
        await sidecar.close();
      });`;
    const command = Command.start(t, ['--throw-deprecation', '--input-type=module', '-e', script]);
    assert.deepEqual(await command.exited, { code: 0, signal: null }, command.stderr);
    assert.equal(command.stdout, 'closed 1005\n');
  });
});

describe('an upgrade of node:http by sidecar.agent', () => {
  test('gets the head of the host, and in order what either side sends at once', async (t) => {
    let received = '';
    const upstream = await startRawHost((socket) => {
      socket.write(`${agreement.replace('\r\n\r\n', '\r\nX-B: \xe4\r\n\r\n')}first `, 'latin1');
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        if (received === 'early later') {
          socket.end('third');
        }
      });
    });
    const proxy = await startWebSocketProxy(t, upstream);
    const request = shake(proxy);
    // Without a length it is no body: it leaves with the head, and just as it is.
    request.write('early ');
    const [response, socket, head] = await upgraded(request);
    assert.equal(response.statusCode, 101);
    assert.equal(response.headers.connection, 'Upgrade');
    assert.equal(response.headers.upgrade, 'websocket');
    assert.equal(response.headers['x-b'], '\xe4');
    socket.write('later');
    assert.equal(head + (await read(socket)), 'first third');
    assert.equal(received, 'early later');
    await until(() => socket.destroyed, 'the connection is gone');
    await proxy.untilStat('downstream_cx_websocket_active', 0);
  });

  test('is read only as fast as it is taken, in both directions', async (t) => {
    const size = 32 * mebibyte;
    const upstream = await startRawHost((socket) => {
      socket.write(agreement);
      socket.pipe(socket);
    });
    const proxy = await startWebSocketProxy(t, upstream);
    const [, socket] = await upgraded(shake(proxy));
    const piece = Buffer.alloc(mebibyte, 'x');
    let written = 0;
    const write = (): void => {
      while (written < size) {
        written += piece.length;
        if (!socket.write(piece)) {
          socket.once('drain', write);
          return;
        }
      }
      socket.end();
    };
    write();
    let turns = 0;
    await until(() => turns++ > 300, 'nobody has read for a while');
    assert.ok(written < size / 2, `${written} bytes were taken while nobody read`);
    let received = 0;
    for await (const chunk of socket) {
      received += (chunk as Buffer).length;
    }
    assert.equal(received, size);
  });

  test('passes the end of the client on, and delivers the rest', async (t) => {
    const upstream = await startRawHost((socket) => {
      socket.write(agreement);
      socket.resume();
      socket.on('end', () => socket.end('the rest'));
    });
    const proxy = await startWebSocketProxy(t, upstream);
    const [, socket] = await upgraded(shake(proxy));
    socket.end();
    assert.equal(await read(socket), 'the rest');
    await proxy.untilStat('downstream_cx_websocket_active', 0);
    assert.equal(await proxy.loggedResult(), '101 -');
  });

  test('ends when the host has ended and all of it has been read', async (t) => {
    const upstream = await startRawHost((socket) => {
      socket.end(`${agreement}last words`);
      socket.resume();
    });
    const proxy = await startWebSocketProxy(t, upstream);
    const [, socket, head] = await upgraded(shake(proxy));
    let text = head;
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    await until(() => socket.destroyed, 'the connection is gone');
    assert.equal(text, 'last words');
    await until(() => upstream.sockets.size === 0, 'the host has lost it, too');
  });

  test('does not wait for ever for a host that does not end after the client has', async (t) => {
    const upstream = await startRawHost((socket) => {
      socket.write(agreement);
      socket.resume();
    });
    const proxy = await startWebSocketProxy(t, upstream);
    const [, socket] = await upgraded(shake(proxy));
    const [host] = upstream.sockets;
    socket.end();
    await until(() => host?.readableEnded === true, 'the host has the end');
    assert.ok(!socket.destroyed);
    proxy.clock.advance(6000);
    await until(() => socket.destroyed, 'the connection is gone');
    const stats = await proxy.stats();
    assert.equal(stats.get('cluster.app.upstream_cx_active'), 0);
    assert.equal(stats.get('http.ingress_http.downstream_cx_websocket_active'), 0);
  });

  test('to an application without a listener for it is closed', async (t) => {
    const { echo, proxy } = await startChat(t);
    const headers = {
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    };
    const request = shake(proxy, { headers }).on('error', () => {});
    request.end();
    await until(() => echo.handshakes.length === 1, 'the host has agreed');
    await until(() => echo.raw.sockets.size === 0, 'the host has lost the connection');
  });

  test('is answered with 403 on a route without use_websocket, and ends its connection', async (t) => {
    const proxy = await startWebSocketProxy(t, await startRawHost(keepSilent), {
      route: { use_websocket: false },
    });
    const response = await refused(shake(proxy));
    assert.deepEqual([response.statusCode, response.text], [403, '']);
    assert.equal(response.headers.connection, 'close');
    await until(() => response.socket.destroyed, 'the connection is gone');
    assert.deepEqual(Object.keys(proxy.sidecar.agent.freeSockets), []);
    assert.equal(await proxy.stat('downstream_rq_ws_on_non_ws_route'), 1);
  });

  test('is taken by a cluster that is reached by its name', async (t) => {
    const echo = await startEcho();
    const proxy = await startWebSocketProxy(t, echo.raw, { config: { hasListener: false } });
    const socket = new WebSocket('ws://app/', { agent: proxy.sidecar.agent });
    await once(socket, 'open');
    await exchangeMessage(socket, 'by name');
    const stats = await proxy.stats();
    assert.equal(stats.get('http.outbound.downstream_cx_websocket_total'), 1);
    await closeWebSocket(socket);
  });

  test('is answered with 400 if it has a body or another method', async (t) => {
    const proxy = await startWebSocketProxy(t, await startRawHost(keepSilent));
    for (const options of [{ method: 'POST' }, { headers: { 'content-length': '2' } }]) {
      const request = shake(proxy, options);
      request.write('hi');
      assert.equal((await refused(request)).statusCode, 400);
    }
  });

  test('gets the answer of a host that refuses', async (t) => {
    const upstream = await FakeUpstream.start((_request, response) => {
      response.statusCode = 418;
      response.end('no tunnel');
    });
    const proxy = await TestProxy.start(t, { upstream, route: { use_websocket: true } });
    const response = await refused(shake(proxy));
    assert.deepEqual([response.statusCode, response.text], [418, 'no tunnel']);
    assert.equal(await proxy.stat('downstream_cx_websocket_total'), 0);
  });

  test('gets 503 when there is no connection', async (t) => {
    const proxy = await startWebSocketProxy(t, await startRawHost(keepSilent), {
      cluster: { hosts: [{ url: `tcp://127.0.0.1:${await unusedPort()}` }] },
    });
    assert.equal((await refused(shake(proxy))).statusCode, 503);
  });

  test('to another protocol is a request as any other, and its connection goes on', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      response.end(String(request.headers.upgrade));
    });
    const proxy = await TestProxy.start(t, { upstream, route: { use_websocket: true } });
    const headers = { upgrade: 'h2c' };
    assert.equal((await refused(shake(proxy, { headers }))).text, 'undefined');
  });

  test('fails with SIDECAR_CLOSED when the sidecar closes before the answer', async (t) => {
    const upstream = await startRawHost(keepSilent);
    const proxy = await startWebSocketProxy(t, upstream);
    const request = shake(proxy);
    request.end();
    const failed = once(request, 'error');
    await until(() => upstream.sockets.size === 1, 'the host has the connection');
    await proxy.sidecar.close({ timeoutMs: 0 });
    assert.equal((await failed)[0].code, 'SIDECAR_CLOSED');
  });
});
