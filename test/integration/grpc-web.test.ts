import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { FakeUpstream } from '../support/fake-upstream.js';
import {
  frame,
  type GrpcAnswer,
  GrpcUpstream,
  readFrames,
  sendGrpc,
} from '../support/grpc-fixture.js';
import type { ClientRequest } from '../support/http-client.js';
import { startMounted } from '../support/mounted-proxy.js';
import { TestProxy } from '../support/proxy.js';
import { parseRawResponse } from '../support/responses.js';

const bridged = {
  filters: [
    { name: 'grpc_web', config: {} },
    { name: 'router', config: {} },
  ],
};

const path = '/helloworld.Greeter/SayHello';
const binary = 'application/grpc-web';
const text = 'application/grpc-web-text';
const trailersFlag = 0x80;

function callOf(type: string, body: string | Uint8Array, accept = type): ClientRequest {
  const headers = { 'content-type': type, accept, 'x-grpc-web': '1' };
  return { method: 'POST', path, headers, body };
}

async function start(
  t: TestContext,
  answer: GrpcAnswer = {},
): Promise<{ proxy: TestProxy; upstream: GrpcUpstream }> {
  const upstream = await GrpcUpstream.start(() => answer);
  return {
    proxy: await TestProxy.start(t, { upstream: upstream.host, manager: bridged }),
    upstream,
  };
}

/** Returns the bytes of one piece of base64 behind another. */
function fromBase64(body: Buffer): Buffer {
  const groups = body.toString('latin1').match(/[^=]+={0,2}/g) ?? [];
  return Buffer.concat(groups.map((group) => Buffer.from(group, 'base64')));
}

describe('a binary call', () => {
  test('becomes one of gRPC, and its response one of gRPC-Web', async (t) => {
    const pieces = [frame('Hello'), frame('Ann')];
    const trailers = { 'grpc-status': '0', 'Grpc-Message': 'fine' };
    const { proxy, upstream } = await start(t, { pieces, trailers });
    const response = await proxy.send(callOf(binary, frame('Ann')));
    assert.equal(response.status, 200);
    assert.equal(response.headers['content-type'], 'application/grpc-web+proto');
    assert.deepEqual(readFrames(response.body), [
      { flags: 0, message: 'Hello' },
      { flags: 0, message: 'Ann' },
      { flags: trailersFlag, message: 'grpc-status:0\r\ngrpc-message:fine\r\n' },
    ]);
    assert.deepEqual(response.trailers, {});
    const [call] = upstream.calls;
    assert.deepEqual(call?.body, frame('Ann'));
    assert.equal(call?.request.headers['content-type'], 'application/grpc');
    assert.equal(call?.request.headers['te'], 'trailers');
    assert.equal(call?.request.headers['grpc-accept-encoding'], 'identity,deflate,gzip');
    assert.equal(call?.request.headers['x-grpc-web'], '1');
    assert.equal(call?.request.headers['content-length'], '8');
  });

  test('gets each message as soon as it is here', async (t) => {
    let response: ServerResponse | undefined;
    const upstream = await FakeUpstream.start((request, answer) => {
      request.resume();
      response = answer;
      answer.writeHead(200, { 'content-type': 'application/grpc', trailer: 'grpc-status' });
      answer.write(frame('first'));
    });
    const proxy = await TestProxy.start(t, { upstream, manager: bridged });
    const client = await proxy.connect();
    client.write(
      `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: ${binary}\r\ncontent-length: 0\r\n\r\n`,
    );
    await client.until('first');
    assert.doesNotMatch(client.received, /trailer:/i);
    response?.write(frame('second'));
    await client.until('second');
    response?.addTrailers({ 'grpc-status': '13' });
    response?.end();
    await client.until('grpc-status:13\r\n');
  });

  test('is broken off when a message of its response is cut off', async (t) => {
    const { proxy } = await start(t, { pieces: [frame('Hello').subarray(0, 8)] });
    await assert.rejects(proxy.send(callOf(binary, frame('Ann'))));
  });

  test('can be answered by a mounted application', async (t) => {
    const application = (_request: unknown, response: ServerResponse): void =>
      sendGrpc(response, { pieces: [frame('Hello')] });
    const proxy = await startMounted(t, application, { manager: bridged });
    const response = await proxy.send(callOf(binary, frame('Ann')));
    assert.deepEqual(
      readFrames(response.body).map(({ message }) => message),
      ['Hello', 'grpc-status:0\r\n'],
    );
  });
});

describe('a call in base64', () => {
  test('becomes one of gRPC, and its response one of gRPC-Web in base64', async (t) => {
    const hello = frame('Hello');
    const pieces = [hello.subarray(0, 4), hello.subarray(4), frame('A'), frame('')];
    const { proxy, upstream } = await start(t, { pieces, trailers: { 'grpc-status': '9' } });
    const body = frame('Ann').toString('base64') + frame('Bob!').toString('base64');
    const response = await proxy.send(callOf(text, body));
    assert.equal(response.headers['content-type'], 'application/grpc-web-text+proto');
    const trailers = frame('grpc-status:9\r\n', trailersFlag);
    const expected = [hello, frame('A'), frame(''), trailers];
    // Each message has base64 of its own.
    assert.equal(response.text, expected.map((bytes) => bytes.toString('base64')).join(''));
    const [call] = upstream.calls;
    assert.deepEqual(call?.body, Buffer.concat([frame('Ann'), frame('Bob!')]));
    assert.equal(call?.request.headers['content-type'], 'application/grpc');
    assert.equal(call?.request.headers['content-length'], undefined);
  });

  test('can be cut anywhere', async (t) => {
    const { proxy, upstream } = await start(t);
    const client = await proxy.connect();
    client.write(
      `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: ${text}+proto\r\n` +
        'transfer-encoding: chunked\r\n\r\n',
    );
    const body = frame('A').toString('base64') + frame('Bo').toString('base64');
    for (const character of body) {
      client.write(`1\r\n${character}\r\n`);
    }
    client.write('0\r\n\r\n');
    await client.until('grpc-status:0\r\n');
    assert.deepEqual(upstream.calls[0]?.body, Buffer.concat([frame('A'), frame('Bo')]));
  });

  test('is answered in base64 only if it accepts that', async (t) => {
    const { proxy } = await start(t, { pieces: [frame('Hello')] });
    const request = frame('Ann').toString('base64');
    const asBytes = await proxy.send(callOf(text, request, '*/*'));
    assert.equal(asBytes.headers['content-type'], 'application/grpc-web+proto');
    assert.equal(readFrames(asBytes.body).length, 2);
    const asText = await proxy.send(callOf(`${binary}+proto`, frame('Ann'), `${text}+proto`));
    assert.equal(asText.headers['content-type'], 'application/grpc-web-text+proto');
    assert.equal(readFrames(fromBase64(asText.body)).length, 2);
  });

  test('can be large in both directions', async (t) => {
    const large = frame('x'.repeat(1_000_000));
    const upstream = await GrpcUpstream.start((body) => ({ pieces: [body] }));
    const proxy = await TestProxy.start(t, { upstream: upstream.host, manager: bridged });
    const response = await proxy.send(callOf(text, large.toString('base64')));
    const frames = readFrames(fromBase64(response.body));
    assert.deepEqual([frames.length, frames[0]?.message.length], [2, 1_000_000]);
  });

  for (const [what, body] of Object.entries({
    'has other characters': 'AAAA$AAA',
    'is of the URL-safe alphabet': 'AA-_',
    'has line breaks': 'AAAA\r\nAAAA',
    'ends within a group': 'AAAAA',
    'has padding in the wrong place': 'A===',
    'has bits behind its end': 'AB==',
  })) {
    test(`is refused if it ${what}`, async (t) => {
      const { proxy, upstream } = await start(t);
      const response = await proxy.send(callOf(text, body));
      assert.equal(response.status, 400);
      assert.equal(response.text, 'Bad gRPC-web request, invalid base64 data.');
      assert.equal(upstream.calls.length, 0);
    });
  }

  test('is refused in the middle of a stream of chunks, too', async (t) => {
    const { proxy, upstream } = await start(t);
    const head = `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: ${text}\r\n`;
    const client = await proxy.connect();
    client.write(`${head}transfer-encoding: chunked\r\n\r\n5\r\nAAAAA\r\n0\r\n\r\n`);
    assert.equal(parseRawResponse(await client.until('base64 data.')).status, 400);
    assert.equal(upstream.calls.length, 0);
  });

  test('that turns bad behind the head of its response is broken off', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      request.on('error', () => {});
      request.resume();
      response.writeHead(200, { 'content-type': 'application/grpc' });
      response.write(frame('Hello'));
    });
    const proxy = await TestProxy.start(t, { upstream, manager: bridged });
    const client = await proxy.connect();
    client.write(
      `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: ${text}\r\n` +
        'transfer-encoding: chunked\r\n\r\n4\r\nAAAA\r\n',
    );
    await client.until('Hello');
    client.write('4\r\n!!!!\r\n');
    await client.untilClosed();
  });
});

describe('a response', () => {
  test('that has its result in its head has a new content type, and no more', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      request.resume();
      response.writeHead(200, {
        'content-type': 'application/grpc',
        'content-length': '0',
        'grpc-status': '12',
      });
      response.end();
    });
    const proxy = await TestProxy.start(t, { upstream, manager: bridged });
    for (const type of [binary, text]) {
      const response = await proxy.send(callOf(type, ''));
      assert.equal(response.headers['content-type'], `${type}+proto`);
      assert.equal(response.headers['grpc-status'], '12');
      assert.equal(response.body.length, 0);
    }
    const stats = await proxy.stats();
    assert.equal(stats.get('cluster.app.grpc-web.helloworld.Greeter.SayHello.failure'), 2);
  });

  test('with a length and no trailers is sent whole, whatever its form', async (t) => {
    const message = frame('Hello!');
    const upstream = await FakeUpstream.start((request, response) => {
      request.resume();
      response.writeHead(200, {
        'content-type': 'application/grpc+proto',
        'content-length': String(message.length),
        'grpc-status': '0',
      });
      response.end(message);
    });
    const proxy = await TestProxy.start(t, { upstream, manager: bridged });
    assert.deepEqual((await proxy.send(callOf(binary, ''))).body, message);
    assert.equal((await proxy.send(callOf(text, ''))).text, message.toString('base64'));
  });

  test('that is not of gRPC is passed on as it is', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      request.resume();
      response.writeHead(502, { 'content-type': 'text/html', 'content-length': '13' });
      response.end('<h1>Sorry</h1>'.slice(0, 13));
    });
    const proxy = await TestProxy.start(t, { upstream, manager: bridged });
    for (const type of [binary, text]) {
      const response = await proxy.send(callOf(type, ''));
      assert.deepEqual([response.status, response.text], [502, '<h1>Sorry</h1']);
      assert.equal(response.headers['content-type'], 'text/html');
    }
  });

  test('that the sidecar makes keeps its body, and has the content type if it has none', async (t) => {
    const { proxy, upstream } = await start(t);
    await upstream.host.close();
    const response = await proxy.send(callOf(text, ''));
    assert.equal(response.status, 503);
    assert.match(response.text, /^upstream connect error/);
    const options = { config: { virtualHosts: [] }, manager: bridged };
    const lost = await TestProxy.start(t, options);
    const notFound = await lost.send(callOf(binary, frame('Ann')));
    assert.equal(notFound.status, 404);
    assert.equal(notFound.headers['content-type'], 'application/grpc-web+proto');
  });
});

for (const type of ['application/grpc', 'application/grpc-web+json', 'application/json', '']) {
  test(`a request with the content type "${type}" is none of its business`, async (t) => {
    const { proxy, upstream } = await start(t, { pieces: [frame('Hello')] });
    const headers = type === '' ? {} : { 'content-type': type };
    const response = await proxy.send({ method: 'POST', path, headers, body: 'AAAA' });
    assert.equal(response.headers['content-type'], 'application/grpc');
    assert.deepEqual(response.body, frame('Hello'));
    assert.equal(response.trailers['grpc-status'], '0');
    const [call] = upstream.calls;
    assert.equal(call?.request.headers['content-type'], type === '' ? undefined : type);
    assert.equal(call?.request.headers['te'], undefined);
    assert.equal(call?.body.toString(), 'AAAA');
  });
}

test('calls are counted by service, method and result', async (t) => {
  const { proxy } = await start(t);
  await proxy.send(callOf(binary, frame('Ann')));
  await proxy.send(callOf(text, ''));
  const shown = [...(await proxy.stats())].filter(([name]) => name.includes('.grpc'));
  assert.deepEqual(shown, [
    ['cluster.app.grpc-web.helloworld.Greeter.SayHello.failure', 0],
    ['cluster.app.grpc-web.helloworld.Greeter.SayHello.success', 2],
    ['cluster.app.grpc-web.helloworld.Greeter.SayHello.total', 2],
  ]);
});

test('behind grpc_http1_bridge, each filter has calls of its own', async (t) => {
  const upstream = await GrpcUpstream.start(() => ({ trailers: { 'grpc-status': '3' } }));
  const filters = ['grpc_http1_bridge', 'grpc_web', 'router'].map((name) => ({ name, config: {} }));
  const proxy = await TestProxy.start(t, { upstream: upstream.host, manager: { filters } });
  const web = await proxy.send(callOf(binary, frame('Ann')));
  assert.deepEqual(readFrames(web.body), [{ flags: trailersFlag, message: 'grpc-status:3\r\n' }]);
  assert.equal(web.status, 200);
  const plain = await proxy.send(callOf('application/grpc', frame('Ann')));
  assert.equal(plain.status, 503);
  assert.equal(plain.headers['content-type'], 'application/grpc');
  const totals = [...(await proxy.stats())].filter(([name]) => /\.grpc.*\.total$/.test(name));
  assert.deepEqual(totals, [
    ['cluster.app.grpc-web.helloworld.Greeter.SayHello.total', 1],
    ['cluster.app.grpc.helloworld.Greeter.SayHello.total', 1],
  ]);
});
