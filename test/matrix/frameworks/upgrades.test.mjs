import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Server as SocketServer } from 'socket.io';
import { io } from 'socket.io-client';
import { WebSocket, WebSocketServer } from 'ws';
import { applications, servers } from './applications.mjs';
import { sendHttp1, startMounted, until } from './sidecar.mjs';

for (const [name, create] of Object.entries(servers)) {
  test(`a WebSocket reaches ws on the server of ${name}`, async (t) => {
    const server = await create(t);
    const sockets = new WebSocketServer({ server, path: '/ws' });
    t.after(() => sockets.close());
    sockets.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    const proxy = await startMounted(t, server);
    const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/ws`);
    t.after(() => client.terminate());
    await once(client, 'open');
    for (const message of ['hello', Buffer.alloc(300_000, 'ab')]) {
      client.send(message);
      const [echo] = await once(client, 'message');
      assert.ok(echo.equals(Buffer.from(message)));
    }
    assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_active'), 1);
    // Requests go on beside it.
    const hello = await sendHttp1({ port: proxy.port, path: '/hello' });
    assert.equal(String(hello.body), 'hello');
    client.close(4000, 'enough');
    const [code] = await once(client, 'close');
    assert.equal(code, 4000);
    await until('the tunnel is closed', async () => {
      return (await proxy.stats()).get('cluster.app.upstream_cx_active') === 0;
    });
    assert.deepEqual(proxy.errors, []);
  });

  test(`socket.io on the server of ${name} serves by polling, WebSocket and both`, async (t) => {
    const server = await create(t);
    const sockets = new SocketServer(server);
    t.after(() => sockets.close().catch(() => {}));
    sockets.on('connection', (socket) => socket.on('echo', (text, reply) => reply(text)));
    const proxy = await startMounted(t, server);
    for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
      const client = io(`http://127.0.0.1:${proxy.port}`, { transports, forceNew: true });
      t.after(() => client.close());
      assert.equal(await client.timeout(5000).emitWithAck('echo', 'hello'), 'hello');
      const last = transports.at(-1);
      await until(`it speaks ${last}`, () => client.io.engine.transport.name === last);
      assert.equal(await client.timeout(5000).emitWithAck('echo', 'again'), 'again');
      client.close();
    }
    const hello = await sendHttp1({ port: proxy.port, path: '/hello' });
    assert.equal(String(hello.body), 'hello');
    assert.deepEqual(proxy.errors, []);
  });
}

for (const name of ['a handler of node:http', 'a fetch-style handler', 'Express 5', 'Hono 4']) {
  test(`a WebSocket to ${name}, which is no server, is refused`, async (t) => {
    const proxy = await startMounted(t, await applications[name].create(t));
    const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/ws`);
    client.on('error', () => {});
    const [, response] = await once(client, 'unexpected-response');
    assert.equal(response.statusCode, 501);
    client.terminate();
    assert.equal((await sendHttp1({ port: proxy.port, path: '/hello' })).status, 200);
  });
}
