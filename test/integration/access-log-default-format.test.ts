import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { localAddress } from '../../lib/base/ip-address.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

/** The clock of a proxy starts here, and the log is read a millisecond later at the earliest. */
const start = '[2016-04-15T20:17:00.310Z]';

test('writes a request as Envoy does', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => response.end('twelve bytes'));
  const proxy = await TestProxy.start(t, { upstream, manager: { use_remote_address: true } });
  await proxy.send({
    method: 'POST',
    path: '/a/b?c=d',
    headers: { 'user-agent': 'test/1.0', 'x-request-id': 'id-1', 'x-forwarded-for': '' },
    body: 'seven b',
  });
  const [line] = await proxy.logLines(1);
  assert.equal(
    line?.replace(/"[0-9a-f-]{36}"/, '"UUID"'),
    `${start} "POST /a/b?c=d HTTP/1.1" 200 - 7 12 0 0 ", ${localAddress()}" "test/1.0" "UUID" ` +
      `"foo.com" "127.0.0.1:${upstream.port}"`,
  );
});

test('writes a dash for what there is not', async (t) => {
  const proxy = await TestProxy.start(t, {
    manager: { generate_request_id: false },
    route: { prefix: '/only' },
  });
  const nameless = await proxy.connect();
  nameless.write('GET / HTTP/1.1\r\n\r\n');
  await nameless.until(' 400 ');
  const client = await proxy.connect();
  client.write('GET /else HTTP/1.1\r\nhost: foo.com\r\n\r\n');
  await client.until(' 404 ');
  const lines = await proxy.logLines(2);
  assert.deepEqual(lines, [
    `${start} "GET / HTTP/1.1" 400 - 0 0 0 - "-" "-" "-" "-" "-"`,
    `${start} "GET /else HTTP/1.1" 404 NR 0 0 0 - "-" "-" "-" "foo.com" "-"`,
  ]);
});

test('writes how long a request took, from its head to the end of its response', async (t) => {
  let response: ServerResponse | undefined;
  const upstream = await FakeUpstream.start((_request, fresh) => {
    response = fresh;
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n1');
  await until(() => upstream.requests.length === 1, 'the host has the head');
  let body = '';
  upstream.requests[0]?.on('data', (chunk) => {
    body += chunk;
  });
  proxy.clock.advance(100);
  client.write('2');
  await until(() => body === '12', 'the host has the body');
  proxy.clock.advance(20);
  response?.write('one ');
  await client.until('one ');
  proxy.clock.advance(3.5);
  response?.end('two');
  await client.until('two');
  const [line = ''] = await proxy.logLines(1);
  assert.ok(line.startsWith(`${start} "POST / HTTP/1.1" 200 - 2 7 123 20 "`), line);
});

test('writes a request whose client has left, with code 0', async (t) => {
  const upstream = await FakeUpstream.start(() => {});
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('POST /gone HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf');
  await until(() => upstream.requests.length === 1, 'the host has the head');
  client.socket.destroy();
  await proxy.untilStat('downstream_rq_active', 0);
  const [line = ''] = await proxy.logLines(1);
  assert.match(line, /"POST \/gone HTTP\/1\.1" 0 - 4 0 0 - .*"127\.0\.0\.1:\d+"$/);
});

test('writes what was sent of a response that broke off', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('0123456789', () => response.destroy());
  });
  const proxy = await TestProxy.start(t, { upstream });
  await proxy.exchange('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const [line = ''] = await proxy.logLines(1);
  assert.match(line, /" 200 UC 0 10 0 0 "/);
});

test('writes the body of our own replies, but none for HEAD', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => {
    response.socket?.destroy();
  });
  const proxy = await TestProxy.start(t, { upstream });
  await proxy.send({ method: 'GET' });
  await proxy.send({ method: 'HEAD' });
  const [get = '', head = ''] = await proxy.logLines(2);
  assert.match(get, /"GET \/ HTTP\/1\.1" 503 UC 0 57 0 - "/);
  assert.match(head, /"HEAD \/ HTTP\/1\.1" 503 UC 0 0 0 - "/);
});

test('writes requests in the order in which they end, to every log', async (t) => {
  const held: ServerResponse[] = [];
  const upstream = await FakeUpstream.start((_request, response) => held.push(response));
  const proxy = await TestProxy.start(t, { upstream });
  const clients = [await proxy.connect(), await proxy.connect()];
  for (const [index, client] of clients.entries()) {
    client.write(`GET /${index} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await until(() => held.length === index + 1, 'the host has the request');
  }
  held[1]?.end('second');
  await clients[1]?.until('second');
  held[0]?.end('first');
  await clients[0]?.until('first');
  const lines = await proxy.logLines(2);
  assert.deepEqual(
    lines.map((line) => / \/(\d) /.exec(line)?.[1]),
    ['1', '0'],
  );
});

test('has every line in the file when the sidecar is closed', async (t) => {
  const proxy = await TestProxy.start(t, { options: { accessLogFlushIntervalMs: 1e9 } });
  for (let i = 0; i < 20; i++) {
    await proxy.send();
  }
  await proxy.close();
  assert.equal((await proxy.logLines(20)).length, 20);
});
