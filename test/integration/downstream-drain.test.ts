import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { FakeUpstream } from '../support/fake-upstream.js';
import { startMounted } from '../support/mounted-proxy.js';
import { TestProxy } from '../support/proxy.js';
import { parseRawResponse, valuesOf } from '../support/responses.js';
import { until } from '../support/until.js';

const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

async function postAdmin(proxy: TestProxy, path: string): Promise<void> {
  const url = `http://127.0.0.1:${proxy.adminPort}${path}`;
  assert.equal((await fetch(url, { method: 'POST' })).status, 200);
}

test('closes connections behind their next response while health checks fail', async (t) => {
  const proxy = await TestProxy.start(t);
  const client = await proxy.connect();
  client.write(get);
  await client.until('hello');
  await postAdmin(proxy, '/healthcheck/fail');
  assert.equal(client.hasEnded, false);
  assert.equal(await proxy.stat('downstream_cx_drain_close'), 0);
  client.write(get);
  const text = await client.untilClosed();
  const second = parseRawResponse(text.slice(text.indexOf('hello') + 5));
  assert.equal(second.body, 'hello');
  assert.deepEqual(valuesOf(second, 'connection'), ['close']);
  assert.equal(await proxy.stat('downstream_cx_drain_close'), 1);
  assert.equal(await proxy.stat('downstream_cx_destroy_local'), 1);
});

test('goes on accepting while health checks fail', async (t) => {
  const proxy = await TestProxy.start(t);
  await postAdmin(proxy, '/healthcheck/fail');
  for (let i = 0; i < 3; i++) {
    const response = await proxy.send();
    assert.equal(response.text, 'hello');
    assert.equal(response.headers.connection, 'close');
  }
});

test('keeps connections again when health checks succeed', async (t) => {
  const proxy = await TestProxy.start(t);
  await postAdmin(proxy, '/healthcheck/fail');
  await postAdmin(proxy, '/healthcheck/ok');
  const client = await proxy.connect();
  client.write(get);
  assert.doesNotMatch(await client.until('hello'), /connection: close/);
  client.write(get);
  await until(() => client.received.split('hello').length === 3, 'it is answered again');
});

test('closes its own replies too while health checks fail', async (t) => {
  const proxy = await TestProxy.start(t, { route: { prefix: '/only' } });
  await postAdmin(proxy, '/healthcheck/fail');
  const response = parseRawResponse(await proxy.exchange(get));
  assert.equal(response.status, 404);
  assert.deepEqual(valuesOf(response, 'connection'), ['close']);
});

test('a drain does not cut what a slow client has not read yet', async (t) => {
  const body = Buffer.alloc(32 * 1024 * 1024, 'z');
  const upstream = await FakeUpstream.start((_request, response) => response.end(body));
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.socket.removeAllListeners('data');
  client.socket.pause();
  client.write(get);
  let received = 0;
  client.socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  await until(() => upstream.requests.length === 1, 'the host has the request');
  await proxy.stats();
  const draining = proxy.sidecar.drain();
  await proxy.stats();
  client.socket.resume();
  await draining;
  await until(() => client.hasEnded, 'the connection is closed');
  assert.ok(received > body.length, `the client has ${received} bytes`);
  assert.equal(await proxy.stat('downstream_rq_active'), 0);
});

test('a drain does not cut the end of a response that is still in our buffers', async (t) => {
  const body = Buffer.alloc(32 * 1024 * 1024, 'z');
  let hasEnded = false;
  const proxy = await startMounted(t, (_request, response: ServerResponse) => {
    // All of it is ours from here on, and more than the kernel takes.
    response.end(body);
    hasEnded = true;
  });
  const client = await proxy.connect();
  client.socket.removeAllListeners('data');
  client.socket.pause();
  client.write(get);
  await until(() => hasEnded, 'the application has answered');
  const draining = proxy.sidecar.drain();
  await proxy.stats();
  let received = 0;
  client.socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  client.socket.resume();
  await until(() => client.hasEnded, 'the connection is closed');
  assert.ok(received > body.length, `the client has ${received} bytes`);
  await draining;
});

test('a drain lets an upload end and answers it', async (t) => {
  const upstream = await FakeUpstream.start((request, response) => {
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
    });
    request.on('end', () => response.end(`got ${size}`));
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\nhalf');
  await until(() => upstream.requests.length === 1, 'the host has the head');
  const draining = proxy.sidecar.drain();
  await proxy.stats();
  client.write('half');
  const response = parseRawResponse(await client.untilClosed());
  assert.equal(response.body, 'got 8');
  assert.deepEqual(valuesOf(response, 'connection'), ['close']);
  await draining;
});

test('a drain forgets the requests that wait behind the one under way', async (t) => {
  let response: ServerResponse | undefined;
  const upstream = await FakeUpstream.start((_request, fresh) => {
    response = fresh;
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(get + get + get);
  await until(() => upstream.requests.length === 1, 'the host has the first request');
  const draining = proxy.sidecar.drain();
  response?.end('only this');
  assert.equal((await client.untilClosed()).match(/HTTP\/1\.1 200/g)?.length, 1);
  await draining;
  assert.equal(upstream.requests.length, 1);
});

test('a drain closes a connection that has sent no whole request', async (t) => {
  const proxy = await TestProxy.start(t);
  const silent = await proxy.connect();
  const half = await proxy.connect();
  half.write('GET / HTTP/1.1\r\nhost:');
  await proxy.untilStat('downstream_cx_active', 2);
  await proxy.sidecar.drain();
  assert.equal(await silent.untilClosed(), '');
  assert.equal(await half.untilClosed(), '');
  assert.equal(await proxy.stat('downstream_cx_destroy_local'), 2);
});
