import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { FakeUpstream, RawUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { parseRawResponse, valuesOf } from '../support/responses.js';
import { until } from '../support/until.js';

const mebibyte = 1024 * 1024;

function post(path: string, bytes: number): string {
  return `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${bytes}\r\n\r\n`;
}

test('delivers a response that comes before the request is complete, and closes', async (t) => {
  const upstream = await RawUpstream.start((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 413 Too Much\r\ncontent-length: 5\r\n\r\nlater');
    });
    socket.on('end', () => socket.end());
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(`${post('/', 100)}some`);
  await client.until('later');
  await until(() => upstream.sockets.size === 0, 'the connection to the host is given up');
  proxy.clock.advance(1000);
  const response = parseRawResponse(await client.untilClosed());
  assert.equal(response.status, 413);
  assert.equal(response.body, 'later');
  assert.equal(await proxy.stat('downstream_rq_response_before_rq_complete'), 1);
  assert.equal(await proxy.stat('downstream_rq_rx_reset'), 0);
  assert.equal(await proxy.stat('downstream_rq_tx_reset'), 0);
  assert.equal(await proxy.loggedResult(), '413 -');
  assert.equal(await proxy.stat('downstream_cx_destroy_local'), 1);
});

test('says that it closes when a response is complete before its request', async (t) => {
  const proxy = await TestProxy.start(t, { route: { prefix: '/only' } });
  const client = await proxy.connect();
  client.write(post('/else', 100));
  const response = parseRawResponse(await client.until('\r\n\r\n'));
  assert.equal(response.status, 404);
  assert.deepEqual(valuesOf(response, 'connection'), ['close']);
});

test('says that it closes in a local reply with a body too', async (t) => {
  const upstream = await RawUpstream.start((socket) => socket.destroy());
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(post('/', 100));
  const response = parseRawResponse(await client.until('before headers'));
  assert.equal(response.status, 503);
  assert.deepEqual(valuesOf(response, 'connection'), ['close']);
});

test('lets the client finish its upload, so that the response is not lost', async (t) => {
  const proxy = await TestProxy.start(t, { route: { prefix: '/only' } });
  const client = await proxy.connect();
  let failure: unknown;
  client.socket.on('error', (error) => {
    failure = error;
  });
  client.write(post('/else', 16 * mebibyte));
  for (let i = 0; i < 16; i++) {
    client.socket.write(Buffer.alloc(mebibyte));
  }
  client.socket.end();
  await once(client.socket, 'finish');
  const response = parseRawResponse(await client.untilClosed());
  assert.equal(response.status, 404);
  assert.equal(failure, undefined);
  await proxy.untilStat(
    'downstream_cx_rx_bytes_total',
    post('/else', 16 * mebibyte).length + 16 * mebibyte,
  );
});

test('delivers a large early response while the client still sends', async (t) => {
  const body = 'y'.repeat(4 * mebibyte);
  const upstream = await FakeUpstream.start((_request, response) => response.end(body));
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(post('/', 64 * mebibyte));
  let isSending = true;
  const sendOn = (): void => {
    while (isSending && client.socket.write(Buffer.alloc(64 * 1024))) {
      // As much as the connection takes.
    }
  };
  client.socket.on('drain', sendOn);
  sendOn();
  await until(() => client.received.length > body.length, 'the client has the response');
  isSending = false;
  assert.equal(parseRawResponse(client.received).body, body);
  proxy.clock.advance(1000);
  await proxy.untilStat('downstream_cx_active', 0);
});

test('gives up a client that goes on sending after its early response', async (t) => {
  const proxy = await TestProxy.start(t, { route: { prefix: '/only' } });
  const client = await proxy.connect();
  client.write(post('/else', 100));
  await client.until('\r\n\r\n');
  assert.equal(await proxy.stat('downstream_cx_active'), 1);
  proxy.clock.advance(999);
  assert.equal(await proxy.stat('downstream_cx_active'), 1);
  proxy.clock.advance(1);
  await proxy.untilStat('downstream_cx_active', 0);
});

test('goes on with a connection if the request was complete before its response', async (t) => {
  let finish: (() => void) | undefined;
  const upstream = await FakeUpstream.start((request, response) => {
    response.writeHead(200, { 'content-length': '3' });
    response.flushHeaders();
    request.on('end', () => {
      finish = (): void => void response.end('end');
    });
    request.resume();
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(`${post('/', 4)}ha`);
  await client.until('\r\n\r\n');
  client.write('lf');
  await until(() => finish !== undefined, 'the host has the whole request');
  finish?.();
  await client.until('end');
  assert.equal(await proxy.stat('downstream_rq_response_before_rq_complete'), 0);
  client.write(`${post('/', 0)}`);
  await until(() => client.received.split('HTTP/1.1 200').length === 3, 'it goes on');
});
