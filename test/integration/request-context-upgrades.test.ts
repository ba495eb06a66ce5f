import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import type { Sidecar } from '../../lib/sidecar.js';
import { staticCluster, virtualHost } from '../support/config-builder.js';
import { callOrders } from '../support/context-fixture.js';
import { TestProxy } from '../support/proxy.js';
import { openWebSocket, startEcho } from '../support/websocket-fixture.js';

const inbound = {
  'x-request-id': 'the-id',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

test('handshakes of mounted servers, and those that they make, have a context', async (t) => {
  const upstream = await startEcho();
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  const statuses: Promise<number>[] = [];
  sockets.on('connection', (socket) => {
    const outgoing = new WebSocket('ws://orders/', { agent: sidecar().agent });
    outgoing.on('open', () => {
      statuses.push(callOrders(sidecar(), 'call'));
      outgoing.close();
      socket.close();
    });
  });
  const sidecar = (): Sidecar => proxy.sidecar;
  const proxy: TestProxy = await TestProxy.start(t, {
    upstream: upstream.raw,
    config: {
      clusters: [
        staticCluster('app', ['tcp://192.0.2.1:80']),
        staticCluster('orders', [upstream.raw.url]),
      ],
      virtualHosts: [
        virtualHost(['a'], 'app', { use_websocket: true }),
        virtualHost(['orders'], 'orders', { use_websocket: true }),
      ],
    },
    options: { mount: { app: server } },
  });
  const socket = await openWebSocket(proxy.port, '/', { headers: { host: 'a', ...inbound } });
  await once(socket, 'close');
  const [handshake] = upstream.handshakes;
  assert.equal(handshake?.headers['x-request-id'], 'the-id');
  assert.equal(handshake?.headers['traceparent'], inbound.traceparent);
  await Promise.allSettled(statuses);
});
