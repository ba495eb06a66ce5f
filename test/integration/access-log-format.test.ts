import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { SidecarError } from '../../lib/base/errors.js';
import { staticCluster } from '../support/config-builder.js';
import { FakeUpstream, unusedPort } from '../support/fake-upstream.js';
import { startLoggingProxy, temporaryLog } from '../support/logging-proxy.js';
import { TestProxy } from '../support/proxy.js';
import { type Answer, RetryProxy } from '../support/retry-proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { until } from '../support/until.js';
import { agreement, handshake, startRawHost } from '../support/websocket-fixture.js';

test('format: a line is what it says, its end included', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => {
    response.setHeader('x-version', '1.2.3');
    response.end('hello');
  });
  const format =
    '%START_TIME%|%REQ(:METHOD)%|%REQ(X-None?X-User):3%|%RESP(X-Version)%|%RESP(X-None):5%|' +
    '%PROTOCOL%|%RESPONSE_CODE%|%RESPONSE_FLAGS%|%BYTES_RECEIVED%|%BYTES_SENT%|%DURATION%|' +
    '%UPSTREAM_HOST%|%UPSTREAM_CLUSTER%;';
  const { proxy, read } = await startLoggingProxy(t, [{ path: 'log', format }], { upstream });
  await proxy.send({ method: 'POST', headers: { 'x-user': 'martha' }, body: 'abc' });
  await proxy.send({ headers: { 'x-user': '' } });
  const start = '2016-04-15T20:17:00.310Z';
  const end = `HTTP/1.1|200|-|%|5|0|127.0.0.1:${upstream.port}|app;`;
  assert.equal(
    await read('log'),
    `${start}|POST|mar|1.2.3|-|${end.replace('%', '3')}` +
      `${start}|GET||1.2.3|-|${end.replace('%', '0')}`,
  );
});

test('format: the addresses of both ends, of a trusted peer whom it speaks for', async (t) => {
  const format =
    '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% ' +
    '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_ADDRESS%\n';
  for (const [useRemoteAddress, client] of [
    [true, '127.0.0.1'],
    [false, '10.1.2.3'],
  ] as const) {
    const { proxy, read } = await startLoggingProxy(t, [{ path: 'log', format }], {
      manager: { use_remote_address: useRemoteAddress },
    });
    const { port } = proxy;
    await proxy.send({ headers: { 'x-forwarded-for': '10.9.9.9, 10.1.2.3' } });
    assert.equal(await read('log'), `127.0.0.1:${port} 127.0.0.1 ${client} ${client}\n`);
  }
});

test('format: each entry has its own, also in a file that several share', async (t) => {
  const { proxy, read } = await startLoggingProxy(t, [
    { path: 'shared', format: 'first %REQ(:PATH)%\n' },
    { path: 'shared', format: 'second %RESPONSE_CODE%\n' },
    { path: 'other' },
  ]);
  await proxy.send({ path: '/a' });
  await proxy.send({ path: '/b' });
  assert.equal(await read('shared'), 'first /a\nsecond 200\nfirst /b\nsecond 200\n');
  assert.match(await read('other'), /^\[.*\] "GET \/a HTTP\/1\.1" 200 .*\n\[.*"GET \/b .*\n$/);
});

describe('format: the details of a request', () => {
  const format =
    '%REQUEST_DURATION% %RESPONSE_DURATION% %DURATION% %UPSTREAM_LOCAL_ADDRESS% %RESPONSE_CODE%\n';
  const entries = [{ path: 'log', format }];

  test('are when the request was complete and the response began, and our address', async (t) => {
    let response: ServerResponse | undefined;
    const upstream = await FakeUpstream.start((_request, fresh) => {
      response = fresh;
    });
    const { proxy, read } = await startLoggingProxy(t, entries, { upstream });
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n1');
    await until(() => upstream.requests.length === 1, 'the host has the head');
    const [request] = upstream.requests;
    let body = '';
    request?.on('data', (chunk) => {
      body += chunk;
    });
    proxy.clock.advance(100.9);
    client.write('2');
    await until(() => body === '12', 'the host has the body');
    proxy.clock.advance(20);
    response?.write('one ');
    await client.until('one ');
    proxy.clock.advance(3);
    const ourPort = request?.socket.remotePort;
    // What the connection was is known after it is gone.
    response?.end('two', () => request?.socket.destroy());
    await client.until('two');
    assert.equal(await read('log'), `100 120 123 127.0.0.1:${ourPort} 200\n`);
  });

  test('are dashes for what has not happened', async (t) => {
    const upstream = await FakeUpstream.start(() => {});
    const { proxy, read } = await startLoggingProxy(t, entries, {
      upstream,
      route: { prefix: '/only' },
    });
    assert.equal((await proxy.send({ path: '/else' })).status, 404);
    const client = await proxy.connect();
    client.write('POST /only HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf');
    await until(() => upstream.requests.length === 1, 'the host has the head');
    const ourPort = upstream.requests[0]?.socket.remotePort;
    client.socket.destroy();
    await proxy.untilStat('downstream_rq_active', 0);
    assert.equal(await read('log'), `0 - 0 - 404\n- - 0 127.0.0.1:${ourPort} 0\n`);
  });

  test('are of the attempt that brought the response, or of the last one', async (t) => {
    const ports: unknown[] = [];
    const answer = (code: number): Answer => {
      return (response, { socket }) => {
        ports.push(socket.remotePort);
        response.writeHead(code).end();
      };
    };
    const unused = `tcp://127.0.0.1:${await unusedPort()}`;
    const log = await temporaryLog(t);
    const access_log = [{ path: log.path, format: '%UPSTREAM_HOST% %UPSTREAM_LOCAL_ADDRESS%\n' }];
    const { proxy } = await RetryProxy.start(t, {
      firstHosts: [unused],
      hosts: 2,
      answers: [answer(503), answer(200)],
      route: { retry_policy: { retry_on: '5xx,connect-failure', num_retries: 2 } },
      manager: { access_log },
    });
    assert.equal((await proxy.send()).status, 200);
    assert.equal((await proxy.send({ method: 'POST' })).status, 200);
    await proxy.close();
    const lines = (await log.read()).split('\n').map((line) => line.split(' ')[1]);
    assert.deepEqual(lines, [...ports.slice(1).map((port) => `127.0.0.1:${port}`), undefined]);
  });

  test('are not of an attempt before the last one', async (t) => {
    const upstream = await FakeUpstream.start((_request, response) => {
      response.writeHead(503).end();
    });
    const lines = [{ path: 'log', format: '%UPSTREAM_HOST% %UPSTREAM_LOCAL_ADDRESS%\n' }];
    const host = `127.0.0.1:${upstream.port}`;
    const { proxy, read } = await startLoggingProxy(t, lines, {
      upstream,
      route: { retry_policy: { retry_on: '5xx' } },
      // The retry has to wait for the clock.
      environment: { random: new ScriptedRandom(2 ** 32 - 1) },
    });
    let status = 0;
    const sent = proxy.send().then((response) => {
      status = response.status;
    });
    await until(() => upstream.requests.length === 1, 'the host has had the first attempt');
    await upstream.close();
    await until(() => {
      proxy.clock.advance(25);
      return status !== 0;
    }, 'the second attempt has failed');
    await sent;
    assert.equal(status, 503);
    assert.equal(await read('log'), `${host} -\n`);
  });

  test('have no address of ours if there was no connection', async (t) => {
    const cluster = staticCluster('app', [`tcp://127.0.0.1:${await unusedPort()}`]);
    const { proxy, read } = await startLoggingProxy(t, entries, {
      config: { clusters: [cluster] },
    });
    assert.equal((await proxy.send()).status, 503);
    assert.equal(await read('log'), '0 - 0 - 503\n');
  });

  test('have none of a mounted application either, which is in this process', async (t) => {
    const app = (request: IncomingMessage, response: ServerResponse): unknown =>
      request.resume().on('end', () => response.end('hello'));
    const { proxy, read } = await startLoggingProxy(t, entries, { options: { mount: { app } } });
    await proxy.send();
    await proxy.send({ method: 'POST', body: 'abc' });
    await (await proxy.sidecar.request('http://foo.com/')).body.text();
    assert.equal(await read('log'), '0 0 0 - 200\n0 0 0 - 200\n0 0 0 - 200\n');
  });

  test('are there for WebSocket tunnels too', async (t) => {
    let ourPort: number | undefined;
    const upstream = await startRawHost((socket) => {
      ourPort = socket.remotePort;
      socket.end(agreement);
    });
    const { proxy, read } = await startLoggingProxy(t, entries, {
      upstream,
      route: { use_websocket: true },
    });
    const client = await proxy.connect();
    client.write(handshake);
    await client.untilClosed();
    assert.equal(await read('log'), `0 0 0 127.0.0.1:${ourPort} 101\n`);
  });
});

describe('format: the address of the client with its port', () => {
  const entries = [{ path: 'log', format: '%DOWNSTREAM_REMOTE_ADDRESS%\n' }];

  test('is that of the connection, after it is gone too', async (t) => {
    const upstream = await FakeUpstream.start(() => {});
    const { proxy, read } = await startLoggingProxy(t, entries, { upstream });
    const client = await proxy.connect();
    const port = client.socket.localPort;
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await until(() => upstream.requests.length === 1, 'the host has the request');
    client.socket.destroy();
    await proxy.untilStat('downstream_rq_active', 0);
    assert.equal(await read('log'), `127.0.0.1:${port}\n`);
  });

  test('has port 0 if only x-forwarded-for tells of it', async (t) => {
    const { proxy, read } = await startLoggingProxy(t, entries);
    await proxy.send({ headers: { 'x-forwarded-for': '10.9.9.9, fd00::1' } });
    await proxy.send({ headers: { 'x-forwarded-for': '10.9.9.9, 10.1.2.3' } });
    assert.equal(await read('log'), '[fd00::1]:0\n10.1.2.3:0\n');
  });

  test('has port 0 if it is the application itself', async (t) => {
    const { proxy, read } = await startLoggingProxy(t, entries);
    assert.equal((await proxy.sidecar.request('http://foo.com/')).statusCode, 200);
    assert.equal(await read('log'), '127.0.0.1:0\n');
  });
});

test('format: an operator of later years keeps the sidecar from starting', async (t) => {
  const access_log = [{ path: '/dev/null', format: '%REQUESTED_SERVER_NAME%\n' }];
  await assert.rejects(TestProxy.start(t, { manager: { access_log } }), (error) => {
    assert.ok(error instanceof SidecarError);
    assert.equal(error.code, 'SIDECAR_CONFIG_INVALID');
    assert.match(error.message, /"%REQUESTED_SERVER_NAME%" is not an operator; there are /);
    return true;
  });
});
