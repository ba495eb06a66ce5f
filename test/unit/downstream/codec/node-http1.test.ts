import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../../../lib/base/log.js';
import { systemRandom } from '../../../../lib/base/random.js';
import { defaultRuntime } from '../../../../lib/base/runtime.js';
import { TimerWheel } from '../../../../lib/base/timer-wheel.js';
import { defaultConnectionManager } from '../../../../lib/config/connection-manager-config.js';
import { createNodeHttp1Server } from '../../../../lib/downstream/codec/node-http1.js';
import { ConnectionManager } from '../../../../lib/downstream/connection-manager.js';
import type { HttpFilter } from '../../../../lib/http/filter.js';
import { ServerState } from '../../../../lib/http/server-state.js';
import { ConnectionManagerStats } from '../../../../lib/telemetry/stats/connection-manager-stats.js';
import { ListenerHttpStats } from '../../../../lib/telemetry/stats/listener-http-stats.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { WireClient } from '../../../support/wire-client.js';

interface Fixture {
  readonly server: Server;
  readonly client: WireClient;
  /** The client's connection, as the server has it. */
  readonly socket: Socket;
  readonly stats: ConnectionManagerStats;
}

/** Starts a server whose requests are never answered, with one connection to it. */
async function start(t: TestContext): Promise<Fixture> {
  const clock = new ManualClock();
  const stats = new ConnectionManagerStats();
  const silence: HttpFilter = { decodeHead: () => 'stop' };
  const manager = new ConnectionManager({
    config: {
      ...defaultConnectionManager,
      statPrefix: 'test',
      filters: [],
      useRemoteAddress: true,
    },
    routeTable: { match: () => undefined, claims: () => true },
    filterFactories: [() => silence],
    bufferLimitBytes: 0,
    accessLogs: [],
    stats,
    listenerStats: new ListenerHttpStats(),
    serverState: new ServerState(clock),
    clock,
    random: systemRandom,
    runtime: defaultRuntime,
    log: silentLogger,
    serviceCluster: '',
    serviceNode: '',
  });
  const server = createNodeHttp1Server(manager, new TimerWheel(clock));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = await WireClient.connect((server.address() as AddressInfo).port);
  const [socket] = (await accepted) as [Socket];
  t.after(() => {
    client.socket.destroy();
    socket.destroy();
    server.close();
  });
  return { server, client, socket, stats };
}

/** What `node:http` says of a head that did not come in time. It takes a minute to wait for it. */
function timeoutError(): NodeJS.ErrnoException {
  return Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
}

test('gives a client a minute for a head, and any time for a body', async (t) => {
  const { server } = await start(t);
  assert.equal(server.headersTimeout, 60_000);
  assert.equal(server.requestTimeout, 0);
  assert.equal(server.keepAliveTimeout, 0);
  assert.equal(server.timeout, 0);
});

test('answers 408 to a head that does not come, and closes', async (t) => {
  const { server, client, socket, stats } = await start(t);
  client.write('GET / HTTP/1.1\r\n');
  server.emit('clientError', timeoutError(), socket);
  assert.equal(
    await client.untilClosed(),
    'HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
  );
  assert.equal(stats.downstreamRqTotal, 0);
  assert.equal(stats.downstreamCxProtocolError, 0);
});

test('cuts the connection if a request is under way before that head', async (t) => {
  const { server, client, socket, stats } = await start(t);
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\n');
  await once(server, 'request');
  server.emit('clientError', timeoutError(), socket);
  assert.equal(await client.untilClosed(), '');
  assert.equal(stats.downstreamRqRxReset, 1);
});

test('drops a connection whose client has left, without an answer', async (t) => {
  const { server, client, socket, stats } = await start(t);
  server.emit('clientError', Object.assign(new Error('reset'), { code: 'ECONNRESET' }), socket);
  assert.equal(await client.untilClosed(), '');
  assert.equal(stats.downstreamCxProtocolError, 0);
});

test('leaves idle connections alone when it stops listening', async (t) => {
  const { server, client } = await start(t);
  const closed = once(server, 'close');
  server.close();
  client.write('nonsense\r\n\r\n');
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 400 /);
  client.socket.destroy();
  await closed;
});
