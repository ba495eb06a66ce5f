import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { unusedPort } from '../support/fake-upstream.js';
import { HangingHost } from '../support/hanging-host.js';
import { TestProxy } from '../support/proxy.js';
import { connectTls, sslContext } from '../support/tls-client.js';
import { until } from '../support/until.js';
import {
  agreement,
  closeWebSocket,
  exchangeMessage,
  handshake,
  keepSilent,
  openWebSocket,
  startEcho,
  startRawHost,
  startWebSocketProxy,
} from '../support/websocket-fixture.js';

test('closes the client when the host dies', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw);
  const socket = await openWebSocket(proxy.port);
  const closed = once(socket, 'close');
  for (const upstream of echo.raw.sockets) {
    upstream.resetAndDestroy();
  }
  assert.deepEqual((await closed)[0], 1006);
  assert.equal(await proxy.loggedResult(), '101 UC');
  await proxy.untilStat('downstream_cx_destroy_local', 1);
  const stats = await proxy.stats();
  assert.equal(stats.get('http.ingress_http.downstream_cx_destroy_remote'), 0);
  assert.equal(stats.get('cluster.app.upstream_cx_destroy_remote'), 1);
  assert.equal(stats.get('cluster.app.upstream_cx_destroy_local'), 0);
});

test('closes the connection to the host when the client dies', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw);
  for (const kill of ['terminate', 'reset'] as const) {
    const socket = await openWebSocket(proxy.port);
    await until(() => echo.raw.sockets.size === 1, 'the host has the connection');
    socket.on('error', () => {});
    if (kill === 'terminate') {
      socket.terminate();
    } else {
      const { _socket: raw } = socket as unknown as { readonly _socket: Socket };
      raw.resetAndDestroy();
    }
    await until(() => echo.raw.sockets.size === 0, 'the host has lost the connection');
  }
  const lines = await proxy.logLines(2);
  for (const line of lines) {
    assert.match(line, / 101 - /);
  }
  await proxy.untilStat('downstream_cx_destroy_remote', 2);
  const stats = await proxy.stats();
  assert.equal(stats.get('http.ingress_http.downstream_cx_destroy_local'), 0);
  assert.equal(stats.get('cluster.app.upstream_cx_destroy_remote'), 0);
  assert.equal(stats.get('cluster.app.upstream_cx_destroy_local'), 2);
});

test('closes the connection to the host when the client goes before there is an answer', async (t) => {
  const upstream = await startRawHost(keepSilent);
  const proxy = await startWebSocketProxy(t, upstream);
  for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const client = await proxy.connect();
    client.write(handshake);
    await until(() => upstream.sockets.size === 1, 'the host has the connection');
    client.socket[leave]();
    await until(() => upstream.sockets.size === 0, 'the host has lost the connection');
  }
  await proxy.untilStat('downstream_rq_rx_reset', 3);
});

test('passes an end on, delivers the rest, and does not wait for ever for the other half', async (t) => {
  let hostHasEnd = false;
  const upstream = await startRawHost((socket) => {
    socket.write(agreement);
    socket.resume();
    socket.on('end', () => {
      hostHasEnd = true;
      socket.write('the rest');
    });
  });
  const proxy = await startWebSocketProxy(t, upstream);
  const client = await proxy.connect();
  client.write(handshake);
  await client.until('101 ');
  client.socket.end();
  await client.until('the rest');
  assert.ok(hostHasEnd);
  assert.ok(!client.hasEnded);
  proxy.clock.advance(4000);
  assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_active'), 1);
  proxy.clock.advance(2000);
  await client.untilClosed();
  await untilStat(proxy, 'cluster.app.upstream_cx_active', 0);
  assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_destroy_local'), 1);
});

test('delivers the rest over TLS to a client that has closed its half, too', async (t) => {
  const upstream = await startRawHost((socket) => {
    socket.write(agreement);
    socket.resume();
    socket.on('end', () => setImmediate(() => socket.end('the rest')));
  });
  const config = { listener: { ssl_context: sslContext() } };
  const proxy = await startWebSocketProxy(t, upstream, { config });
  const client = await connectTls(proxy.port);
  client.allowHalfOpen = true;
  let received = '';
  client.on('data', (chunk) => {
    received += chunk;
  });
  client.write(handshake);
  await until(() => received.includes('101 '), 'there is a tunnel');
  client.end();
  await until(() => client.readableEnded, 'the host has closed its half');
  assert.ok(received.endsWith('the rest'));
  await proxy.untilStat('downstream_cx_ssl_active', 0);
});

test('does not wait for ever for a client that does not close after the host has', async (t) => {
  const upstream = await startRawHost((socket) => socket.end(`${agreement}last words`));
  const proxy = await startWebSocketProxy(t, upstream);
  const client = await proxy.connect();
  client.write(handshake);
  await client.until('last words');
  await until(() => client.hasEnded, 'the end is passed on');
  await until(() => upstream.sockets.size === 0, 'the host is released');
  assert.equal(await proxy.stat('downstream_cx_websocket_active'), 1);
  proxy.clock.advance(6000);
  await proxy.untilStat('downstream_cx_websocket_active', 0);
  assert.equal(await proxy.stat('downstream_cx_destroy_local'), 1);
});

test('answers 503 when there is no connection', async (t) => {
  const proxy = await TestProxy.start(t, {
    route: { use_websocket: true },
    cluster: { hosts: [{ url: `tcp://127.0.0.1:${await unusedPort()}` }] },
  });
  assert.match(await proxy.exchange(handshake), /^HTTP\/1.1 503 .*upstream connect error/s);
  assert.equal(await proxy.loggedResult(), '503 UF');
  assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_connect_fail'), 1);
});

test('answers 503 when the connection is not there in time', async (t) => {
  const host = await HangingHost.start();
  t.after(() => host.close());
  const proxy = await TestProxy.start(t, {
    route: { use_websocket: true },
    cluster: { hosts: [{ url: host.url }], connect_timeout_ms: 250 },
  });
  const client = await proxy.connect();
  client.write(handshake);
  await untilStat(proxy, 'cluster.app.upstream_cx_active', 1);
  proxy.clock.advance(300);
  assert.match(await client.untilClosed(), /^HTTP\/1.1 503 /);
  assert.equal(await proxy.loggedResult(), '503 UF');
  const stats = await proxy.stats();
  assert.equal(stats.get('cluster.app.upstream_cx_connect_timeout'), 1);
  assert.equal(stats.get('cluster.app.upstream_cx_active'), 0);
  assert.equal(stats.get('cluster.app.upstream_rq_pending_active'), 0);
});

test('answers 504 when the host does not answer in the time of the route', async (t) => {
  const upstream = await startRawHost(keepSilent);
  const proxy = await startWebSocketProxy(t, upstream, { route: { timeout_ms: 2000 } });
  const client = await proxy.connect();
  client.write(handshake);
  await until(() => upstream.sockets.size === 1, 'the host has the handshake');
  proxy.clock.advance(2100);
  assert.match(await client.untilClosed(), /^HTTP\/1.1 504 .*upstream request timeout$/s);
  await until(() => upstream.sockets.size === 0, 'the host has lost the connection');
  assert.equal(await proxy.loggedResult(), '504 UT');
});

test('has no time-outs once there is a tunnel', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw, {
    route: { timeout_ms: 2000 },
    manager: { idle_timeout_s: 1 },
  });
  const socket = await openWebSocket(proxy.port);
  for (let i = 0; i < 10; i++) {
    proxy.clock.advance(600_000);
  }
  assert.equal(await exchangeMessage(socket, 'still here'), 'still here');
  await closeWebSocket(socket);
});

const answers: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['garbage', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['a 101 that does not say to what', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ['a head without end', `HTTP/1.1 101 Switching Protocols\r\nx: ${'x'.repeat(70_000)}\r\n\r\n`],
  ['a folded header', 'HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nx: a\r\n b\r\n\r\n'],
  ['half a head', 'HTTP/1.1 101 Switching Protocols\r\nupgra'],
];

for (const [name, answer] of answers) {
  test(`answers 503 to a host that answers with ${name}`, async (t) => {
    const upstream = await startRawHost((socket) => socket.end(answer));
    const proxy = await startWebSocketProxy(t, upstream);
    const text = await proxy.exchange(handshake);
    assert.match(text, /^HTTP\/1.1 503 .*upstream connect error/s);
    assert.equal(await proxy.loggedResult(), '503 UC');
    assert.deepEqual(proxy.errors, []);
  });
}

test('answers 503 to a host that resets the connection', async (t) => {
  const upstream = await startRawHost((socket) => socket.resetAndDestroy());
  const proxy = await startWebSocketProxy(t, upstream);
  assert.match(await proxy.exchange(handshake), /^HTTP\/1.1 503 /);
  assert.equal(await proxy.loggedResult(), '503 UC');
});

test('tries a handshake once, whatever the retry policy of the route', async (t) => {
  const answers = ['', 'HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n'];
  const upstream = await startRawHost((socket) => socket.end(answers.shift() ?? ''));
  const retry_policy = { retry_on: '5xx,connect-failure', num_retries: 3 };
  const proxy = await startWebSocketProxy(t, upstream, { route: { retry_policy } });
  for (const connections of [1, 2]) {
    assert.match(await proxy.exchange(handshake), /^HTTP\/1.1 503 /);
    assert.equal(upstream.connectionCount, connections);
  }
});

test('cuts the connection when a refusal ends in its middle', async (t) => {
  const upstream = await startRawHost((socket) => {
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 100\r\n\r\nbeginning');
  });
  const proxy = await startWebSocketProxy(t, upstream);
  const text = await proxy.exchange(handshake);
  assert.match(text, /^HTTP\/1.1 403 .*beginning$/s);
  assert.equal(await proxy.loggedResult(), '403 UC');
});

test('swallows interim responses', async (t) => {
  const upstream = await startRawHost((socket) => {
    socket.end(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${agreement}`);
  });
  const proxy = await startWebSocketProxy(t, upstream);
  assert.match(await proxy.exchange(handshake), /^HTTP\/1.1 101 /);
});

test('stops reading a host whose client does not read, and the other way round', async (t) => {
  const total = 64 * 1024 * 1024;
  for (const slow of ['client', 'host'] as const) {
    const hosts: Socket[] = [];
    const upstream = await startRawHost((socket) => {
      socket.pause();
      socket.write(agreement);
      hosts.push(socket);
    });
    const proxy = await startWebSocketProxy(t, upstream);
    const client = await proxy.connect();
    client.write(handshake);
    await client.until('\r\n\r\n');
    client.socket.pause();
    const host = hosts[0];
    assert.ok(host !== undefined);
    const [writer, reader] = slow === 'client' ? [host, client.socket] : [client.socket, host];
    const chunk = Buffer.alloc(256 * 1024);
    for (let i = 0; i < total / chunk.length; i++) {
      writer.write(chunk);
    }
    // What is in the buffers of the system and of the proxy has left the writer; the rest has not.
    let left = -1;
    let turns = 0;
    while (turns < 200) {
      turns = writer.writableLength === left ? turns + 1 : 0;
      left = writer.writableLength;
      await new Promise(setImmediate);
    }
    assert.ok(left > total / 2, `${left} bytes wait`);
    let received = 0;
    reader.on('data', (data: Buffer) => {
      received += data.length;
    });
    reader.resume();
    await until(() => received === total, 'all of it has arrived');
    host.destroy();
    await proxy.close();
  }
});

async function untilStat(proxy: TestProxy, name: string, value: number): Promise<void> {
  let last: number | undefined;
  for (let i = 0; i < 500 && last !== value; i++) {
    last = (await proxy.stats()).get(name);
  }
  assert.equal(last, value, name);
}
