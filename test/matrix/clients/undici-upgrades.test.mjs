/** What of undici is no ordinary request, given `sidecar.dispatcher`: upgrades, WebSockets, CONNECT. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { createSidecar } from '../support/pillion.mjs';

const admin = 'tcp://127.0.0.1:9901';
const egress = 'tcp://127.0.0.1:9211';
const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' };
const [major, minor] = process.versions.node.split('.').map(Number);

/** A host that sends WebSocket messages back, and early hints before every response. */
async function startHost() {
  const server = createServer((_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('hello'));
  });
  const sockets = new WebSocketServer({ server, path: '/ws' });
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data) => socket.send(`echo ${data}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function startSidecar(port) {
  const routes = [{ prefix: '/', cluster: 'app', use_websocket: true }];
  const config = {
    codec_type: 'auto',
    stat_prefix: 'egress',
    route_config: { virtual_hosts: [{ name: 'chat', domains: ['chat.example'], routes }] },
    filters: [{ name: 'router', config: {} }],
  };
  return createSidecar({
    config: {
      listeners: [{ address: egress, filters: [{ name: 'http_connection_manager', config }] }],
      admin: { access_log_path: '/dev/null', address: admin },
      cluster_manager: {
        clusters: [
          {
            name: 'app',
            type: 'static',
            lb_type: 'round_robin',
            connect_timeout_ms: 1000,
            hosts: [{ url: `tcp://127.0.0.1:${port}` }],
          },
        ],
      },
    },
    listenOn: { [admin]: 'tcp://127.0.0.1:0', [egress]: 'tcp://127.0.0.1:0' },
  });
}

let host;
let sidecar;

before(async () => {
  host = await startHost();
  sidecar = await startSidecar(host.address().port);
});

after(async () => {
  await sidecar.close({ timeoutMs: 0 });
  host.closeAllConnections();
  host.close();
});

/** Sends a message by a WebSocket of the standard form, and closes it. */
async function talk(WebSocket) {
  const socket = new WebSocket('ws://chat.example/ws', { dispatcher: sidecar.dispatcher });
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = ({ error, message }) => reject(error ?? new Error(message));
  });
  const answer = new Promise((resolve) => {
    socket.onmessage = ({ data }) => resolve(data);
  });
  socket.send('hello');
  assert.equal(await answer, 'echo hello');
  const closed = new Promise((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  socket.close(1000);
  assert.equal(await closed, 1000);
}

test('the built-in WebSocket talks to the host', { skip: major < 22 }, async () => {
  await talk(globalThis.WebSocket);
});

for (const version of [6, 7, 8]) {
  // Undici 8 needs Node.js 22.19.
  const skip = version === 8 && (major < 22 || (major === 22 && minor < 19));
  describe(`undici ${version}`, { skip }, () => {
    let undici;
    before(async () => {
      undici = await import(`undici${version}`);
    });

    test('upgrade() gets the connection', async () => {
      const { dispatcher } = sidecar;
      const { headers, socket } = await undici.upgrade('http://chat.example/ws', {
        dispatcher,
        protocol: 'websocket',
        headers: key,
      });
      assert.equal(headers.upgrade, 'websocket');
      // A masked text frame, the mask all zero.
      socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
      const [frame] = await once(socket, 'data');
      assert.deepEqual(frame.subarray(2).toString(), 'echo hi');
      socket.destroy();
    });

    test('upgrade() rejects when the host refuses', async () => {
      const { dispatcher } = sidecar;
      const options = { dispatcher, headers: key };
      await assert.rejects(undici.upgrade('http://chat.example/not-there', options), {
        message: 'bad upgrade',
      });
    });

    test('connect() rejects with a word of explanation', async () => {
      const { dispatcher } = sidecar;
      await assert.rejects(undici.connect('http://chat.example', { dispatcher }), {
        code: 'SIDECAR_REQUEST_INVALID',
        message: /CONNECT/,
      });
    });

    test('request() gets the response and no interim ones', async () => {
      const infos = [];
      const { statusCode, body } = await undici.request('http://chat.example/', {
        dispatcher: sidecar.dispatcher,
        onInfo: (info) => infos.push(info),
      });
      assert.deepEqual([statusCode, await body.text(), infos], [200, 'hello', []]);
    });

    test('a WebSocket talks to the host', async () => {
      await talk(undici.WebSocket);
    });
  });
}
