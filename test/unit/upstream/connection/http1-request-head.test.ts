import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderList } from '../../../../lib/http/headers.js';
import {
  encodeRequestHead,
  encodeTrailers,
} from '../../../../lib/upstream/connection/http1-request-head.js';

function encode(method: string, headers: HeaderList, endStream: boolean): string {
  const head = { method, path: '/a?b=c', authority: 'foo.com', headers };
  return encodeRequestHead(head, endStream).text;
}

test('the host comes first, then the headers as they are', () => {
  assert.equal(
    encode('GET', ['accept', '*/*', 'x-a', '1', 'x-a', '2'], true),
    'GET /a?b=c HTTP/1.1\r\nhost: foo.com\r\naccept: */*\r\nx-a: 1\r\nx-a: 2\r\n\r\n',
  );
});

test('a host among the headers stands in the place of the authority, and nowhere else', () => {
  assert.equal(
    encode('GET', ['x-a', '1', 'host', 'bar.com'], true),
    'GET /a?b=c HTTP/1.1\r\nhost: bar.com\r\nx-a: 1\r\n\r\n',
  );
});

test('a body of known length keeps its length and goes as it is', () => {
  const headers = ['content-length', '5'];
  const head = { method: 'POST', path: '/', authority: 'foo.com', headers };
  assert.deepEqual(encodeRequestHead(head, false), {
    text: 'POST / HTTP/1.1\r\nhost: foo.com\r\ncontent-length: 5\r\n\r\n',
    isChunked: false,
  });
});

test('a body of unknown length goes in chunks, whatever the method', () => {
  const head = { method: 'GET', path: '/', authority: 'foo.com', headers: [] };
  assert.deepEqual(encodeRequestHead(head, false), {
    text: 'GET / HTTP/1.1\r\nhost: foo.com\r\ntransfer-encoding: chunked\r\n\r\n',
    isChunked: true,
  });
});

test('methods that usually have a body say that there is none', () => {
  for (const method of ['POST', 'PUT', 'PATCH']) {
    assert.match(encode(method, [], true), /\r\ncontent-length: 0\r\n/);
    assert.equal(encode(method, ['content-length', '0'], true).match(/content-length/g)?.length, 1);
  }
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
    assert.ok(!encode(method, [], true).includes('content-length'));
  }
});

test('trailers that are not one field each are left out', () => {
  const wide = 'b\u010d\u010ax-c: d';
  const trailers = [
    'x-a',
    'b\r\nx-c: d',
    'x-a',
    wide,
    'x a',
    'b',
    '',
    'b',
    'x-ok',
    'caf\xe9',
    'x-a',
  ];
  assert.equal(encodeTrailers(trailers), '0\r\nx-ok: caf\xe9\r\n\r\n');
});

test('trailers stand behind the last chunk', () => {
  assert.equal(encodeTrailers(['x-sum', '1']), '0\r\nx-sum: 1\r\n\r\n');
});
