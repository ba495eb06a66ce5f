import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { FakeUpstream, RawUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import {
  type RecordedRequest,
  RecordingUpstream,
  recordedValues,
} from '../support/recording-upstream.js';
import { parseRawResponse, type RawResponse, valuesOf } from '../support/responses.js';
import { until } from '../support/until.js';

/** Returns what a host gets of a request. */
async function passRequest(t: TestContext, text: string): Promise<RecordedRequest> {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, { upstream: upstream.raw });
  const client = await proxy.connect();
  client.write(text);
  await client.until('\r\n\r\nok');
  assert.deepEqual(upstream.errors, []);
  return upstream.only;
}

/**
 * Returns what a client gets of a response, and holds that the connection goes on: a second request
 * on it is answered in the same way.
 */
async function passResponse(t: TestContext, answer: string, method = 'GET'): Promise<RawResponse> {
  const upstream = await RawUpstream.start((socket) => {
    socket.on('data', () => {
      socket.write(answer, 'latin1');
      if (!/content-length|chunked| 304 | 204 /.test(answer)) {
        socket.end();
      }
    });
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(`${method} / HTTP/1.1\r\nhost: a\r\n\r\n`);
  await client.until('\r\n\r\n');
  client.write('GET /end HTTP/1.1\r\nconnection: close\r\n\r\n');
  const all = await client.untilClosed();
  // The second request has no host, so that its answer is our own and known.
  const second = all.lastIndexOf('HTTP/1.1 400 Bad Request\r\n');
  assert.ok(second > 0, `no second response in ${JSON.stringify(all)}`);
  return parseRawResponse(all.slice(0, second));
}

test('keeps the length of a request body', async (t) => {
  const request = await passRequest(
    t,
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello',
  );
  assert.deepEqual(recordedValues(request, 'content-length'), ['5']);
  assert.deepEqual(recordedValues(request, 'transfer-encoding'), []);
  assert.equal(request.body, 'hello');
});

test('sends a chunked request body in chunks', async (t) => {
  const request = await passRequest(
    t,
    'PUT / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: Chunked\r\n\r\n2;ext=1\r\nhe\r\n003\r\nllo\r\n0\r\n\r\n',
  );
  assert.deepEqual(recordedValues(request, 'transfer-encoding'), ['chunked']);
  assert.deepEqual(recordedValues(request, 'content-length'), []);
  assert.equal(request.body, 'hello');
});

test('ends an empty chunked request body', async (t) => {
  const request = await passRequest(
    t,
    'PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  );
  assert.equal(request.body, '');
});

test('keeps content-length: 0', async (t) => {
  const request = await passRequest(t, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n');
  assert.deepEqual(recordedValues(request, 'content-length'), ['0']);
});

test('announces no body for a GET request that has none', async (t) => {
  const request = await passRequest(t, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.deepEqual(recordedValues(request, 'content-length'), []);
  assert.deepEqual(recordedValues(request, 'transfer-encoding'), []);
});

test('says that a POST request without a body has none', async (t) => {
  const request = await passRequest(t, 'POST / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.deepEqual(recordedValues(request, 'content-length'), ['0']);
});

test('carries the body of a GET request', async (t) => {
  const request = await passRequest(t, 'GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi');
  assert.equal(request.body, 'hi');
});

test('carries methods and targets as they are', async (t) => {
  const request = await passRequest(
    t,
    'PROPFIND /a//b/../%2f;p?q=%00&x HTTP/1.1\r\nhost: a\r\n\r\n',
  );
  assert.equal(request.method, 'PROPFIND');
  assert.equal(request.target, '/a//b/../%2f;p?q=%00&x');
});

test('carries the trailers of a request', async (t) => {
  const request = await passRequest(
    t,
    'POST / HTTP/1.1\r\nhost: a\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n1\r\nz\r\n0\r\nX-Sum: 7\r\n\r\n',
  );
  assert.deepEqual(request.trailers, ['x-sum: 7']);
  assert.equal(request.body, 'z');
});

test('drops trailers that would say something about framing, routing or trust', async (t) => {
  const names = [
    'Host',
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'TE',
    'Trailer',
    'Expect',
    'Upgrade',
    'X-Forwarded-For',
    'X-Envoy-Internal',
  ];
  const bad = names.map((name) => `${name}: 1\r\n`).join('');
  const request = await passRequest(
    t,
    `POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${bad}x-ok: 1\r\n\r\n`,
  );
  assert.deepEqual(request.trailers, ['x-ok: 1']);
});

test('keeps the length of a response body', async (t) => {
  const response = await passResponse(t, 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello');
  assert.deepEqual(valuesOf(response, 'content-length'), ['5']);
  assert.deepEqual(valuesOf(response, 'transfer-encoding'), []);
  assert.equal(response.body, 'hello');
});

test('sends a chunked response body in chunks', async (t) => {
  const response = await passResponse(
    t,
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  );
  assert.deepEqual(valuesOf(response, 'transfer-encoding'), ['chunked']);
  assert.equal(response.body, '5\r\nhello\r\n0\r\n\r\n');
});

test('sends a response that ends with its connection in chunks', async (t) => {
  const response = await passResponse(t, 'HTTP/1.1 200 OK\r\n\r\nhello');
  assert.deepEqual(valuesOf(response, 'transfer-encoding'), ['chunked']);
  assert.match(response.body, /^5\r\nhello\r\n0\r\n\r\n$/);
});

test('keeps content-length: 0 of a response', async (t) => {
  const response = await passResponse(t, 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  assert.deepEqual(valuesOf(response, 'content-length'), ['0']);
  assert.equal(response.body, '');
});

test('carries the trailers of a response', async (t) => {
  const response = await passResponse(
    t,
    'HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n1\r\nz\r\n0\r\nX-Sum: 7\r\n\r\n',
  );
  assert.deepEqual(valuesOf(response, 'trailer'), ['x-sum']);
  assert.equal(response.body, '1\r\nz\r\n0\r\nx-sum: 7\r\n\r\n');
});

test('does not announce trailers that a response cannot have', async (t) => {
  for (const [method, answer] of [
    ['GET', 'HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ncontent-length: 2\r\n\r\nok'],
    ['HEAD', 'HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\ntrailer: x-sum\r\n\r\n'],
    ['GET', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\ntrailer: x-sum\r\n\r\n'],
  ] as const) {
    const response = await passResponse(t, answer, method);
    assert.deepEqual(valuesOf(response, 'trailer'), [], answer);
  }
});

test('carries the headers of a response to HEAD, and no body', async (t) => {
  const response = await passResponse(t, 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', 'HEAD');
  assert.deepEqual(valuesOf(response, 'content-length'), ['5']);
  assert.equal(response.body, '');
});

test('adds no length to a response to HEAD that names none', async (t) => {
  const response = await passResponse(
    t,
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    'HEAD',
  );
  assert.deepEqual(valuesOf(response, 'content-length'), []);
  assert.equal(response.body, '');
});

test('gives a 204 neither a body nor a length, whatever the host says', async (t) => {
  for (const length of ['', 'content-length: 0\r\n', 'content-length: 5\r\n']) {
    const response = await passResponse(t, `HTTP/1.1 204 No Content\r\n${length}\r\n`);
    assert.deepEqual(valuesOf(response, 'content-length'), []);
    assert.deepEqual(valuesOf(response, 'transfer-encoding'), []);
    assert.equal(response.body, '');
  }
});

test('gives a 304 no body, and the length that the host names', async (t) => {
  const named = await passResponse(t, 'HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n');
  assert.deepEqual(valuesOf(named, 'content-length'), ['5']);
  assert.equal(named.body, '');
  const none = await passResponse(t, 'HTTP/1.1 304 Not Modified\r\n\r\n');
  assert.deepEqual(valuesOf(none, 'content-length'), []);
  assert.deepEqual(valuesOf(none, 'transfer-encoding'), []);
  assert.equal(none.body, '');
});

test('carries every status that a host may send', async (t) => {
  for (const status of [200, 299, 451, 599, 799]) {
    const response = await passResponse(t, `HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`);
    assert.equal(response.status, status);
  }
});

test('swallows informational responses of the host', async (t) => {
  const response = await passResponse(
    t,
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
  );
  assert.equal(response.status, 200);
  assert.deepEqual(valuesOf(response, 'link'), []);
  assert.equal(response.body, 'ok');
});

test('answers 100-continue itself, and does not pass the expectation on', async (t) => {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, { upstream: upstream.raw });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-Continue\r\ncontent-length: 2\r\n\r\n');
  assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n');
  client.write('hi');
  assert.match(await client.until('\r\n\r\nok'), /\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assert.deepEqual(recordedValues(upstream.only, 'expect'), []);
  assert.equal(upstream.only.body, 'hi');
});

test('passes on an expectation that it does not know', async (t) => {
  const request = await passRequest(t, 'GET / HTTP/1.1\r\nhost: a\r\nexpect: a-miracle\r\n\r\n');
  assert.deepEqual(recordedValues(request, 'expect'), ['a-miracle']);
});

test('ends a response of the host that is longer than announced where it was to end', async (t) => {
  const upstream = await RawUpstream.start((socket) => {
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200');
    });
    socket.on('end', () => socket.end());
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(await client.until('\r\n\r\n'), /\r\n\r\nok$/);
  await until(() => upstream.sockets.size === 0, 'the connection to the host is given up');
  assert.doesNotMatch(client.received, /okH/);
});

test('serves one request after another on a connection', async (t) => {
  const upstream = await FakeUpstream.start((request, response) => response.end(request.url));
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  for (const path of ['/a', '/b', '/c']) {
    client.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await client.until(`\r\n\r\n${path}`);
  }
  assert.equal(await proxy.stat('downstream_cx_total'), 1);
  assert.equal(await proxy.stat('downstream_rq_total'), 3);
  assert.equal(upstream.sockets.size, 1);
});
