import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { FakeUpstream } from '../support/fake-upstream.js';
import { frame, type GrpcAnswer, GrpcUpstream, sendGrpc } from '../support/grpc-fixture.js';
import type { ClientRequest } from '../support/http-client.js';
import { startMounted } from '../support/mounted-proxy.js';
import { TestProxy } from '../support/proxy.js';
import { parseRawResponse } from '../support/responses.js';

const bridged = {
  filters: [
    { name: 'grpc_http1_bridge', config: {} },
    { name: 'router', config: {} },
  ],
};

const path = '/helloworld.Greeter/SayHello';

function callOf(contentType = 'application/grpc', callPath = path): ClientRequest {
  const headers = { 'content-type': contentType, te: 'trailers' };
  return { method: 'POST', path: callPath, headers, body: frame('Ann') };
}

/** A proxy whose host answers every call like this. */
async function start(
  t: TestContext,
  answer: GrpcAnswer = {},
): Promise<{ proxy: TestProxy; upstream: GrpcUpstream }> {
  const upstream = await GrpcUpstream.start(() => answer);
  const proxy = await TestProxy.start(t, { upstream: upstream.host, manager: bridged });
  return { proxy, upstream };
}

describe('a call of an HTTP/1.1 client', () => {
  test('has its result in the head of the response, and a length', async (t) => {
    const message = frame('Hello Ann');
    const pieces = [message.subarray(0, 3), message.subarray(3)];
    const trailers = { 'grpc-status': '0', 'grpc-message': 'fine' };
    const { proxy, upstream } = await start(t, { pieces, trailers });
    const response = await proxy.send(callOf());
    assert.equal(response.status, 200);
    assert.equal(response.headers['grpc-status'], '0');
    assert.equal(response.headers['grpc-message'], 'fine');
    assert.equal(response.headers['content-type'], 'application/grpc');
    assert.equal(response.headers['content-length'], String(message.length));
    assert.equal(response.headers['transfer-encoding'], undefined);
    assert.deepEqual(response.body, message);
    const [call] = upstream.calls;
    assert.deepEqual(call?.body, frame('Ann'));
    assert.equal(call?.request.headers['content-type'], 'application/grpc');
    assert.equal(call?.request.headers['te'], 'trailers');
  });

  for (const status of ['5', '16', 'x', '']) {
    test(`that fails with grpc-status "${status}" is answered with 503`, async (t) => {
      const trailers = { 'grpc-status': status, 'grpc-message': 'no%20such%20name' };
      const { proxy } = await start(t, { trailers });
      const response = await proxy.send(callOf());
      assert.equal(response.status, 503);
      assert.equal(response.headers['grpc-status'], status);
      assert.equal(response.headers['grpc-message'], 'no%20such%20name');
      assert.equal(response.headers['content-length'], '0');
    });
  }

  test('is answered when its trailers are here, and not before', async (t) => {
    const message = frame('Hello Ann');
    let finish: (() => void) | undefined;
    const upstream = await FakeUpstream.start((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/grpc' });
      response.write(message);
      finish = () => {
        response.addTrailers({ 'grpc-status': '2' });
        response.end();
      };
    });
    const proxy = await TestProxy.start(t, { upstream, manager: bridged });
    const client = await proxy.connect();
    client.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\n\r\n`);
    const read = async (): Promise<number | undefined> =>
      (await proxy.stats()).get('cluster.app.upstream_cx_rx_bytes_total');
    for (let i = 0; i < 500 && !((await read()) ?? 0); i++) {
      // The host has answered when its first bytes are here.
    }
    assert.equal(client.received, '');
    finish?.();
    await client.until('Hello Ann');
    assert.equal(parseRawResponse(client.received).status, 503);
  });

  test('keeps the status of a response that has its result in its head', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      request.resume();
      response.writeHead(200, {
        'content-type': 'application/grpc',
        'content-length': '0',
        'grpc-status': '7',
        'grpc-message': 'no',
      });
      response.end();
    });
    const proxy = await TestProxy.start(t, { upstream, manager: bridged });
    const response = await proxy.send(callOf());
    assert.equal(response.status, 200);
    assert.equal(response.headers['grpc-status'], '7');
    assert.equal(response.headers['grpc-message'], 'no');
    const stats = await proxy.stats();
    assert.equal(stats.get('cluster.app.grpc.helloworld.Greeter.SayHello.failure'), 1);
  });

  test('gets a response without trailers as it is', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      request.resume();
      response.statusCode = 502;
      response.write('a page');
      response.end(' in two pieces');
    });
    const proxy = await TestProxy.start(t, { upstream, manager: bridged });
    const response = await proxy.send(callOf());
    assert.deepEqual([response.status, response.text], [502, 'a page in two pieces']);
  });

  test('may have a content type with a format', async (t) => {
    const { proxy } = await start(t, { trailers: { 'grpc-status': '1' } });
    assert.equal((await proxy.send(callOf('application/grpc+proto'))).status, 503);
  });

  test('gets the replies that the sidecar makes', async (t) => {
    const { proxy, upstream } = await start(t);
    await upstream.host.close();
    const response = await proxy.send(callOf());
    assert.equal(response.status, 503);
    assert.match(response.text, /^upstream connect error/);
    assert.equal(response.headers['content-type'], 'text/plain');
  });

  test('is broken off when its response is', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/grpc' });
      response.write(frame('Hello'), () => response.destroy());
    });
    const proxy = await TestProxy.start(t, { upstream, manager: bridged });
    const client = await proxy.connect();
    client.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\n\r\n`);
    assert.equal(await client.untilClosed(), '');
  });

  test('whose response is larger than the buffer limit is answered with 500', async (t) => {
    const upstream = await GrpcUpstream.start(() => ({ pieces: [frame('x'.repeat(2000))] }));
    const proxy = await TestProxy.start(t, {
      upstream: upstream.host,
      manager: bridged,
      config: { listener: { per_connection_buffer_limit_bytes: 1000 } },
    });
    assert.equal((await proxy.send(callOf())).status, 500);
    assert.equal(await proxy.stat('rs_too_large'), 1);
  });

  test('can be answered by a mounted application', async (t) => {
    const application = (_request: unknown, response: ServerResponse): void =>
      sendGrpc(response, { pieces: [frame('Hello')], trailers: { 'grpc-status': '3' } });
    const proxy = await startMounted(t, application, { manager: bridged });
    const response = await proxy.send(callOf());
    assert.equal(response.status, 503);
    assert.equal(response.headers['grpc-status'], '3');
    assert.deepEqual(response.body, frame('Hello'));
  });
});

for (const contentType of ['application/json', 'application/grpc-web', 'application/grpcx']) {
  test(`a request with ${contentType} is none of its business`, async (t) => {
    const { proxy } = await start(t, { trailers: { 'grpc-status': '2' } });
    const response = await proxy.send(callOf(contentType));
    assert.equal(response.status, 200);
    assert.equal(response.headers['grpc-status'], undefined);
    assert.equal(response.trailers['grpc-status'], '2');
    const names = [...(await proxy.stats()).keys()];
    assert.deepEqual(
      names.filter((name) => name.includes('.grpc.')),
      [],
    );
  });
}

test('calls are counted by service, method and result', async (t) => {
  const trailers = ['0', '0', '4'];
  const upstream = await GrpcUpstream.start(() => ({
    trailers: { 'grpc-status': trailers.shift() ?? '0' },
  }));
  const proxy = await TestProxy.start(t, { upstream: upstream.host, manager: bridged });
  for (let i = 0; i < 3; i++) {
    await proxy.send(callOf());
  }
  await proxy.send(callOf('application/grpc', '/a.B/C?x=y'));
  await proxy.send(callOf('application/grpc', '/a.B/C/D'));
  await proxy.send(callOf('application/grpc', '/onlyOne'));
  const shown = [...(await proxy.stats())].filter(([name]) => name.startsWith('cluster.app.grpc.'));
  assert.deepEqual(shown, [
    ['cluster.app.grpc.a.B.C.failure', 0],
    ['cluster.app.grpc.a.B.C.success', 1],
    ['cluster.app.grpc.a.B.C.total', 1],
    ['cluster.app.grpc.helloworld.Greeter.SayHello.failure', 1],
    ['cluster.app.grpc.helloworld.Greeter.SayHello.success', 2],
    ['cluster.app.grpc.helloworld.Greeter.SayHello.total', 3],
  ]);
});

test('a call that says its result twice is counted once', async (t) => {
  const { proxy } = await start(t, {
    headers: { 'grpc-status': '0' },
    trailers: { 'grpc-status': '0' },
  });
  await proxy.send(callOf());
  const scope = 'cluster.app.grpc.helloworld.Greeter.SayHello';
  assert.equal((await proxy.stats()).get(`${scope}.total`), 1);
});

test('without the filter, trailers pass in both directions', async (t) => {
  const upstream = await GrpcUpstream.start(() => ({
    pieces: [frame('Hello')],
    trailers: { 'grpc-status': '5', 'grpc-message': 'gone' },
  }));
  const proxy = await TestProxy.start(t, { upstream: upstream.host });
  const client = await proxy.connect();
  client.write(
    `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\nte: trailers\r\n` +
      'transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx-checksum: 7\r\n\r\n',
  );
  const received = await client.until('grpc-status: 5\r\n');
  assert.equal(parseRawResponse(received).status, 200);
  assert.match(received, /Hello/);
  const [call] = upstream.calls;
  assert.equal(call?.request.headers['te'], 'trailers');
  assert.deepEqual(call?.request.trailers, { 'x-checksum': '7' });
});
