import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeHttp2Head,
  encodeHttp2Trailers,
  readHttp2ResponseHead,
  readHttp2Trailers,
} from '../../../../lib/upstream/connection/http2-request-head.js';

function encode(headers: string[], joins = false): Record<string, unknown> {
  const head = { method: 'GET', path: '/a', authority: 'foo.com', headers };
  return { ...encodeHttp2Head(head, 'http', joins) };
}

const pseudo = { ':method': 'GET', ':scheme': 'http', ':authority': 'foo.com', ':path': '/a' };

test('the head of a request has what HTTP/2 has for it', () => {
  assert.deepEqual(encode(['a', '1', 'b', '2', 'a', '3']), { ...pseudo, a: ['1', '3'], b: '2' });
  assert.deepEqual(encode(['a', '1', 'a', '3'], true), { ...pseudo, a: '1, 3' });
});

test('a host among the headers is sent in the place of the authority', () => {
  assert.deepEqual(encode(['host', 'bar.com']), { ...pseudo, ':authority': 'bar.com' });
});

test('what is of one connection stays there, but for te: trailers', () => {
  const headers = ['connection', 'x', 'keep-alive', '5', 'upgrade', 'h2c', 'http2-settings', 'x'];
  assert.deepEqual(encode(headers), pseudo);
  for (const te of ['trailers', 'gzip, Trailers', 'trailers;q=1']) {
    assert.deepEqual(encode(['te', te]), { ...pseudo, te: 'trailers' }, te);
  }
  assert.deepEqual(encode(['te', 'gzip']), pseudo);
  assert.deepEqual(encode(['te', 'nontrailers']), pseudo);
});

test('trailers that are none are left out', () => {
  const trailers = ['a', '1', 'no token', '2', 'b', 'x\r\ny', ':status', '200', 'connection', 'x'];
  assert.deepEqual({ ...encodeHttp2Trailers(trailers) }, { a: '1' });
  assert.deepEqual({ ...encodeHttp2Trailers(undefined) }, {});
  // Filters of an application may put in what is no text.
  assert.deepEqual({ ...encodeHttp2Trailers([5, 6] as never) }, {});
});

test('the head and the trailers of a response are read', () => {
  assert.deepEqual(readHttp2ResponseHead([':status', '404', 'a', '1', 'a', '2']), {
    status: 404,
    headers: ['a', '1', 'a', '2'],
  });
  assert.deepEqual(readHttp2Trailers(['a', '1']), ['a', '1']);
  assert.equal(readHttp2Trailers([]), undefined);
});
