import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RawUpstream } from '../support/fake-upstream.js';
import { type ProxyParts, TestProxy } from '../support/proxy.js';
import { parseRawResponse, type RawResponse, valuesOf } from '../support/responses.js';
import { until } from '../support/until.js';

const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

/** Returns what becomes of a response head with these lines. */
async function pass(
  t: TestContext,
  lines: readonly string[],
  parts: ProxyParts = {},
  request = get,
): Promise<RawResponse> {
  const upstream = await RawUpstream.start((socket) => {
    socket.on('data', () => {
      const head = lines.map((line) => `${line}\r\n`).join('');
      socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n`, 'latin1');
    });
  });
  const proxy = await TestProxy.start(t, { ...parts, upstream });
  const client = await proxy.connect();
  client.write(request);
  return parseRawResponse(await client.until('\r\n\r\n'));
}

const empty = 'content-length: 0';

test('adds to a plain response exactly what the reference names', async (t) => {
  const { headers } = await pass(t, [empty, 'x-app: 1']);
  assert.deepEqual(
    [...headers].sort(([a], [b]) => (a < b ? -1 : 1)),
    [
      ['content-length', '0'],
      ['date', 'Fri, 15 Apr 2016 20:17:00 GMT'],
      ['server', 'envoy'],
      ['x-app', '1'],
      ['x-envoy-upstream-service-time', '0'],
    ],
  );
});

test('overwrites server and date', async (t) => {
  const response = await pass(t, [empty, 'Server: apache', 'Date: yesterday', 'server: two']);
  assert.deepEqual(valuesOf(response, 'server'), ['envoy']);
  assert.deepEqual(valuesOf(response, 'date'), ['Fri, 15 Apr 2016 20:17:00 GMT']);
});

test('calls itself by server_name', async (t) => {
  const response = await pass(t, [empty], { manager: { server_name: 'front door' } });
  assert.deepEqual(valuesOf(response, 'server'), ['front door']);
});

test('removes what belongs to the connection to the host', async (t) => {
  const response = await pass(t, [
    'connection: close, x-kept',
    'keep-alive: timeout=5',
    'transfer-encoding: chunked',
    'x-kept: named in connection',
  ]);
  assert.deepEqual(valuesOf(response, 'connection'), []);
  assert.deepEqual(valuesOf(response, 'keep-alive'), []);
  assert.deepEqual(valuesOf(response, 'x-kept'), ['named in connection']);
});

test('closes when the client asks for it, and says so once', async (t) => {
  const request = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';
  const response = await pass(t, [empty], {}, request);
  assert.deepEqual(valuesOf(response, 'connection'), ['close']);
});

test('leaves everything else as it came: order, repetition, bytes beyond ASCII', async (t) => {
  const lines = [
    'set-cookie: a=1',
    empty,
    'x-b: \xe9\xff',
    'set-cookie: b=2',
    'vary: content-length',
  ];
  const response = await pass(t, lines);
  assert.deepEqual(valuesOf(response, 'set-cookie'), ['a=1', 'b=2']);
  assert.deepEqual(valuesOf(response, 'x-b'), ['\xe9\xff']);
  assert.deepEqual(
    response.headers.slice(0, 5).map(([name]) => name),
    ['set-cookie', 'content-length', 'x-b', 'set-cookie', 'vary'],
  );
});

test('says how long the host took, in whole milliseconds since the end of the request', async (t) => {
  let answer: (() => void) | undefined;
  const upstream = await RawUpstream.start((socket) => {
    socket.on('data', () => {
      answer = (): void => void socket.write(`HTTP/1.1 200 OK\r\n${empty}\r\n\r\n`);
    });
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(get);
  await until(() => answer !== undefined, 'the host has the request');
  proxy.clock.advance(42.9);
  answer?.();
  const response = parseRawResponse(await client.until('\r\n\r\n'));
  assert.deepEqual(valuesOf(response, 'x-envoy-upstream-service-time'), ['42']);
});

test('says how long it took itself, not how long the host says', async (t) => {
  const response = await pass(t, [empty, 'x-envoy-upstream-service-time: 9000']);
  assert.deepEqual(valuesOf(response, 'x-envoy-upstream-service-time'), ['0']);
});

test('says nothing of the time if the request was not complete', async (t) => {
  const request = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf';
  const response = await pass(t, [empty], {}, request);
  assert.deepEqual(valuesOf(response, 'x-envoy-upstream-service-time'), []);
});

test('overwrites a request id of the host when it echoes one', async (t) => {
  const request =
    'GET / HTTP/1.1\r\nhost: a\r\nx-envoy-force-trace: 1\r\nx-request-id: mine\r\n\r\n';
  const manager = { use_remote_address: true };
  const response = await pass(t, [empty, 'x-request-id: theirs'], { manager }, request);
  assert.deepEqual(valuesOf(response, 'x-request-id'), ['mine']);
});

test('echoes the request id on its own replies too, and closes where it must', async (t) => {
  const proxy = await TestProxy.start(t, {
    manager: { use_remote_address: true },
    route: { prefix: '/only' },
  });
  const text = await proxy.exchange(
    'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-envoy-force-trace: 1\r\nx-request-id: i\r\n\r\n',
  );
  const response = parseRawResponse(text);
  assert.deepEqual(valuesOf(response, 'x-request-id'), ['i']);
  assert.deepEqual(valuesOf(response, 'connection'), ['close']);
});

test('survives a response that announces trailers it cannot have', async (t) => {
  const response = await pass(t, [empty, 'trailer: x-sum']);
  assert.equal(response.status, 200);
  assert.deepEqual(valuesOf(response, 'trailer'), []);
});
