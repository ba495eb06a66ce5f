import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  chunked,
  fitResponseHeaders,
  readRequestHeaders,
  readTrailers,
  unknownCoding,
} from '../../../../lib/downstream/codec/http1-framing.js';
import type { RequestHead } from '../../../../lib/http/message.js';

function emptyHead(): RequestHead {
  return { method: 'GET', path: '/', authority: '', headers: [] };
}

describe('reading a request', () => {
  test('keeps the headers in their order, with names in lower case, and the host by itself', () => {
    const head = emptyHead();
    const raw = ['X-A', 'One', 'Host', 'foo.com', 'x-a', 'Two'];
    assert.equal(readRequestHeaders(raw, head), 0);
    assert.equal(head.authority, 'foo.com');
    assert.deepEqual(head.headers, ['x-a', 'One', 'x-a', 'Two']);
  });

  test('finds no host where there are two', () => {
    const head = emptyHead();
    readRequestHeaders(['Host', 'a', 'host', 'a'], head);
    assert.equal(head.authority, '');
  });

  const framings: readonly (readonly [readonly string[], number])[] = [
    [[], 0],
    [['Content-Length', '0'], 0],
    [['content-length', '12'], 12],
    [['Transfer-Encoding', 'chunked'], chunked],
    [['transfer-encoding', 'Chunked'], chunked],
    [['transfer-encoding', 'gzip, chunked'], unknownCoding],
    [['transfer-encoding', 'gzip'], unknownCoding],
    [['transfer-encoding', ''], unknownCoding],
    [['transfer-encoding', 'gzip', 'transfer-encoding', 'chunked'], unknownCoding],
    [['transfer-encoding', 'chunked', 'transfer-encoding', 'chunked'], unknownCoding],
    [['transfer-encoding', 'chunked', 'transfer-encoding', 'identity'], unknownCoding],
    [['transfer-encoding', 'chunked', 'content-length', '5'], chunked],
    [['transfer-encoding', 'gzip', 'content-length', '5'], unknownCoding],
  ];
  for (const [raw, expected] of framings) {
    test(`takes ${JSON.stringify(raw)} for ${expected}`, () => {
      assert.equal(readRequestHeaders(raw, emptyHead()), expected);
    });
  }
});

describe('fitting the headers of a response', () => {
  /** Returns the headers of a response as they are sent. */
  function fit(
    status: number,
    headers: readonly string[],
    endStream: boolean,
    method = 'GET',
  ): readonly string[] {
    const head = { status, headers: [...headers] };
    fitResponseHeaders(head, method, endStream);
    return head.headers;
  }

  test('announces an empty body where there could be one', () => {
    assert.deepEqual(fit(200, ['a', '1'], true), ['a', '1', 'content-length', '0']);
    assert.deepEqual(fit(404, [], true, 'POST'), ['content-length', '0']);
  });

  test('announces none where there can be none', () => {
    assert.deepEqual(fit(200, [], true, 'HEAD'), []);
    assert.deepEqual(fit(204, [], true), []);
    assert.deepEqual(fit(304, [], true), []);
  });

  test('announces none where a body may follow, or a length is there', () => {
    assert.deepEqual(fit(200, [], false), []);
    assert.deepEqual(fit(200, ['content-length', '0'], true), ['content-length', '0']);
    assert.deepEqual(fit(200, ['content-length', '7'], true, 'HEAD'), ['content-length', '7']);
    assert.deepEqual(fit(304, ['content-length', '7'], true), ['content-length', '7']);
  });

  test('looks at names and not at values', () => {
    const headers = ['vary', 'content-length', 'x', 'trailer'];
    assert.deepEqual(fit(200, headers, true), [...headers, 'content-length', '0']);
  });

  test('takes every length from a 204', () => {
    const headers = ['content-length', '5', 'a', '1', 'content-length', '5'];
    assert.deepEqual(fit(204, headers, true), ['a', '1']);
  });

  test('announces trailers only in chunks', () => {
    const trailer = ['trailer', 'x-sum'];
    assert.deepEqual(fit(200, trailer, false), trailer);
    assert.deepEqual(fit(200, [...trailer, 'content-length', '2'], false), ['content-length', '2']);
    assert.deepEqual(fit(200, trailer, true), ['content-length', '0']);
    assert.deepEqual(fit(200, trailer, false, 'HEAD'), []);
    assert.deepEqual(fit(304, trailer, true), []);
  });
});

describe('reading trailers', () => {
  test('keeps them in their order, with names in lower case', () => {
    assert.deepEqual(readTrailers(['X-B', '1', 'X-A', '2']), ['x-b', '1', 'x-a', '2']);
  });

  test('finds none where there are none to hand on', () => {
    assert.equal(readTrailers([]), undefined);
    assert.equal(readTrailers(['Host', 'a', 'X-Envoy-Internal', 'true']), undefined);
  });

  test('drops what tells of framing, routing or trust', () => {
    const raw = ['Content-Length', '1', 'x', '1', 'Transfer-Encoding', 'chunked', 'TE', 'x'];
    assert.deepEqual(readTrailers([...raw, 'X-Forwarded-For', '10.0.0.1']), ['x', '1']);
  });
});
