import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { parseRawResponse, valuesOf } from '../support/responses.js';
import { until } from '../support/until.js';

/** Fails unless `text` is one response of headers only, made by the connection manager. */
function assertReply(text: string, status: number): void {
  const response = parseRawResponse(text);
  assert.equal(response.status, status);
  assert.equal(response.body, '');
  assert.deepEqual(valuesOf(response, 'content-length'), ['0']);
  assert.deepEqual(valuesOf(response, 'server'), ['envoy']);
  assert.equal(valuesOf(response, 'date').length, 1);
  assert.deepEqual(valuesOf(response, 'content-type'), []);
  assert.deepEqual(valuesOf(response, 'transfer-encoding'), []);
}

/** Fails unless `text` is one response of headers only, made by the codec, that says it closes. */
function assertCodecReply(text: string, status: number): void {
  const response = parseRawResponse(text);
  assert.equal(response.status, status);
  assert.equal(response.body, '');
  assert.deepEqual(valuesOf(response, 'content-length'), ['0']);
  assert.deepEqual(valuesOf(response, 'connection'), ['close']);
}

/** Sends a request that the connection manager answers, and returns what came of it. */
async function reply(proxy: TestProxy, request: string): Promise<string> {
  const client = await proxy.connect();
  client.write(request);
  return await client.until('\r\n\r\n');
}

for (const version of ['1.0', '0.9', '2.0']) {
  test(`answers 426 to HTTP/${version}`, async (t) => {
    const proxy = await TestProxy.start(t);
    const text = await proxy.exchange(`GET / HTTP/${version}\r\nhost: a\r\n\r\n`);
    assertReply(text, 426);
    assert.deepEqual(valuesOf(parseRawResponse(text), 'connection'), ['close']);
    const [line = ''] = await proxy.logLines(1);
    assert.match(line, /"GET \/ HTTP\/1\.0" 426 - 0 0 /);
    assert.equal(await proxy.stat('downstream_rq_4xx'), 1);
    assert.equal(await proxy.stat('rq_total'), 0);
  });
}

test('answers 400 to a request without a host', async (t) => {
  const proxy = await TestProxy.start(t);
  assertReply(await reply(proxy, 'GET / HTTP/1.1\r\n\r\n'), 400);
  assert.equal(await proxy.loggedResult(), '400 -');
  assert.equal(await proxy.stat('downstream_rq_4xx'), 1);
});

test('answers 400 to a request with an empty host', async (t) => {
  const proxy = await TestProxy.start(t);
  assertReply(await reply(proxy, 'GET / HTTP/1.1\r\nhost:\r\n\r\n'), 400);
});

test('answers 400 to a request with two hosts, even if they are equal', async (t) => {
  const proxy = await TestProxy.start(t);
  assertReply(await reply(proxy, 'GET / HTTP/1.1\r\nhost: a\r\nHost: a\r\n\r\n'), 400);
  assert.equal(await proxy.stat('rq_total'), 0);
});

test('answers 431 to a head of more than 60 KiB', async (t) => {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, { upstream: upstream.raw });
  const request = (bytes: number): string =>
    `GET / HTTP/1.1\r\nhost: a\r\nx-big: ${'x'.repeat(bytes)}\r\n\r\n`;
  assert.match(await reply(proxy, request(60 * 1024 - 200)), /^HTTP\/1\.1 200 /);
  const text = await proxy.exchange(request(60 * 1024));
  assertReply(text, 431);
  assert.deepEqual(valuesOf(parseRawResponse(text), 'connection'), ['close']);
  assert.equal(upstream.requests.length, 1);
  const [, line = ''] = await proxy.logLines(2);
  assert.match(line, /"- - HTTP\/1\.1" 431 - 0 0 /);
  assert.equal(await proxy.stat('downstream_rq_4xx'), 1);
  assert.equal(await proxy.stat('downstream_rq_active'), 0);
  assert.equal(await proxy.stat('downstream_cx_protocol_error'), 0);
});

test('delivers a 431 to a client that goes on sending', async (t) => {
  const proxy = await TestProxy.start(t);
  const client = await proxy.connect();
  client.write(`GET / HTTP/1.1\r\nhost: a\r\n`);
  for (let i = 0; i < 64; i++) {
    client.write(`x-${i}: ${'x'.repeat(16_384)}\r\n`);
  }
  assertReply(await client.untilClosed(), 431);
});

for (const [what, target] of [
  ['the target *', '*'],
  ['a target in absolute form', 'http://foo.com/'],
  ['a target that is no path', 'foo'],
]) {
  test(`answers 404 to ${what}`, async (t) => {
    const proxy = await TestProxy.start(t);
    const text = await reply(proxy, `OPTIONS ${target} HTTP/1.1\r\nhost: a\r\n\r\n`).catch(String);
    if (target === 'foo') {
      // The parser does not even take it for a target.
      assertCodecReply(text, 400);
      return;
    }
    assertReply(text, 404);
    assert.equal(await proxy.stat('downstream_rq_non_relative_path'), 1);
    assert.equal(await proxy.loggedResult(), '404 -');
  });
}

test('answers 404 to CONNECT and closes', async (t) => {
  const proxy = await TestProxy.start(t);
  const text = await proxy.exchange('CONNECT foo.com:443 HTTP/1.1\r\nhost: foo.com:443\r\n\r\n');
  assertReply(text, 404);
  assert.deepEqual(valuesOf(parseRawResponse(text), 'connection'), ['close']);
  assert.equal(await proxy.stat('downstream_rq_non_relative_path'), 1);
  assert.equal(await proxy.stat('downstream_rq_active'), 0);
  await proxy.untilStat('downstream_cx_active', 0);
});

test('survives a client that resets the connection after CONNECT', async (t) => {
  const proxy = await TestProxy.start(t);
  const client = await proxy.connect();
  client.write('CONNECT foo.com:443 HTTP/1.1\r\nhost: foo.com:443\r\n\r\n');
  await client.until('\r\n\r\n');
  client.write('x'.repeat(1000));
  client.socket.resetAndDestroy();
  await proxy.untilStat('downstream_cx_active', 0);
});

test('closes a connection on which CONNECT is sent and nothing more is heard', async (t) => {
  const proxy = await TestProxy.start(t);
  const client = await proxy.connect();
  client.write('CONNECT foo.com:443 HTTP/1.1\r\nhost: foo.com:443\r\n\r\n');
  await client.until('\r\n\r\n');
  await proxy.untilStat('downstream_rq_active', 0);
  proxy.clock.advance(1000);
  await proxy.untilStat('downstream_cx_active', 0);
});

test('cuts a connection on which CONNECT comes behind a request under way', async (t) => {
  const upstream = await FakeUpstream.start(() => {});
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => upstream.requests.length === 1, 'the host has the request');
  client.write('CONNECT foo.com:443 HTTP/1.1\r\nhost: foo.com:443\r\n\r\n');
  assert.equal(await client.untilClosed(), '');
  await proxy.untilStat('downstream_rq_active', 0);
});

const upgrade =
  'GET /chat HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n';

test('answers 403 to a WebSocket upgrade on a route that has none', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream });
  assertReply(await reply(proxy, `${upgrade}\r\n`), 403);
  assert.equal(await proxy.stat('downstream_rq_ws_on_non_ws_route'), 1);
  assert.equal(await proxy.loggedResult(), '403 -');
  assert.equal(upstream.requests.length, 0);
});

test('answers 404 to a WebSocket upgrade that no route matches', async (t) => {
  const proxy = await TestProxy.start(t, { route: { prefix: '/other' } });
  assertReply(await reply(proxy, `${upgrade}\r\n`), 404);
  assert.equal(await proxy.stat('downstream_rq_ws_on_non_ws_route'), 0);
  assert.equal(await proxy.loggedResult(), '404 NR');
});

test('takes an upgrade header without the connection option for an ordinary request', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream });
  const text = await reply(proxy, 'GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\n\r\n');
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.equal(upstream.requests[0]?.headers.upgrade, undefined);
});

test('takes an upgrade to anything else for an ordinary request', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream });
  const text = await reply(
    proxy,
    'POST / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\ncontent-length: 0\r\n\r\n',
  );
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.equal(upstream.requests[0]?.headers.upgrade, undefined);
});

test('answers 400 to what is not HTTP, counts it, and closes', async (t) => {
  const proxy = await TestProxy.start(t);
  const text = await proxy.exchange('this is not HTTP\r\n\r\n');
  assert.equal(text, 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  assert.equal(await proxy.stat('downstream_cx_protocol_error'), 1);
  assert.equal(await proxy.stat('downstream_cx_destroy_local'), 1);
  assert.equal(await proxy.stat('downstream_rq_total'), 0);
});

test('delivers a 400 to a client that goes on sending', async (t) => {
  const proxy = await TestProxy.start(t);
  const client = await proxy.connect();
  client.write('nonsense\r\n\r\n');
  for (let i = 0; i < 64; i++) {
    client.write('x'.repeat(16_384));
  }
  client.socket.end();
  assertCodecReply(await client.untilClosed(), 400);
  assert.equal(await proxy.stat('downstream_cx_protocol_error'), 1);
});

test('closes a connection that stays open after its 400', async (t) => {
  const proxy = await TestProxy.start(t);
  const client = await proxy.connect();
  client.write('nonsense\r\n\r\n');
  await client.until('\r\n\r\n');
  proxy.clock.advance(1000);
  await proxy.untilStat('downstream_cx_active', 0);
});

test('answers 400 to a malformed body as long as there is no response', async (t) => {
  const upstream = await FakeUpstream.start(() => {});
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
  await until(() => upstream.requests.length === 1, 'the host has the head');
  client.write('zz\r\n');
  assertCodecReply(await client.untilClosed(), 400);
  await until(() => upstream.sockets.size === 0, 'the attempt has been cancelled');
  assert.equal(await proxy.stat('downstream_cx_protocol_error'), 1);
  assert.equal(await proxy.stat('downstream_rq_rx_reset'), 1);
  assert.equal(await proxy.stat('downstream_rq_5xx'), 0);
  assert.equal(await proxy.loggedResult(), '0 -');
});

test('cuts the connection on a malformed body when the response has begun', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => response.write('begun'));
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
  await client.until('begun');
  client.write('zz\r\n');
  assert.doesNotMatch(await client.untilClosed(), /400 Bad Request|\r\n0\r\n/);
  await until(() => upstream.sockets.size === 0, 'the attempt has been cancelled');
});

test('cuts the connection on garbage behind a request under way', async (t) => {
  const upstream = await FakeUpstream.start(() => {});
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => upstream.requests.length === 1, 'the host has the request');
  client.write('nonsense\r\n\r\n');
  assert.equal(await client.untilClosed(), '');
  assert.equal(await proxy.stat('downstream_cx_protocol_error'), 1);
});

test('answers 400 to a transfer coding that would be lost on the way', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream });
  assertCodecReply(
    await proxy.exchange(
      'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    ),
    400,
  );
  assert.equal(upstream.requests.length, 0);
  assert.equal(await proxy.stat('downstream_cx_protocol_error'), 1);
});
