import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHttp2Head } from '../../../../lib/downstream/codec/http2-headers.js';
import { removeConnectionHeaders, toRecord } from '../../../../lib/http/http2-headers.js';

test('a head is read in the words of HTTP/1.1', () => {
  const raw = [':method', 'PUT', ':scheme', 'https', ':path', '/a', ':authority', 'b', 'c', 'd'];
  assert.deepEqual(readHttp2Head(raw), {
    method: 'PUT',
    path: '/a',
    authority: 'b',
    headers: ['c', 'd'],
  });
});

test('cookies become one field, in the place of the first', () => {
  const raw = ['a', '1', 'cookie', 'x=1', 'b', '2', 'cookie', 'y=2', 'cookie', 'z=3'];
  assert.deepEqual(readHttp2Head(raw).headers, ['a', '1', 'cookie', 'x=1; y=2; z=3', 'b', '2']);
});

test('the host is :authority, or host; two that differ are none', () => {
  assert.equal(readHttp2Head(['host', 'a']).authority, 'a');
  assert.equal(readHttp2Head([':authority', 'a', 'host', 'a']).authority, 'a');
  assert.equal(readHttp2Head([':authority', 'a', 'host', 'b']).authority, '');
  assert.equal(readHttp2Head(['host', 'a', 'host', 'b']).authority, '');
  assert.deepEqual(readHttp2Head([':authority', 'a', 'host', 'a']).headers, []);
});

test('what is of a connection is removed', () => {
  const headers = ['a', '1', 'connection', 'close', 'upgrade', 'h2c', 'te', 'gzip', 'b', '2'];
  headers.push('keep-alive', '5', 'transfer-encoding', 'chunked', 'proxy-connection', 'x');
  removeConnectionHeaders(headers);
  assert.deepEqual(headers, ['a', '1', 'b', '2']);
});

test('several fields of one name stay apart, or are joined', () => {
  const list = ['a', '1', 'set-cookie', 'x', 'a', '2', 'set-cookie', 'y', 'a', '3'];
  const apart = toRecord(list, false);
  assert.deepEqual({ ...apart }, { a: ['1', '2', '3'], 'set-cookie': ['x', 'y'] });
  assert.deepEqual({ ...toRecord(list, true) }, { a: '1, 2, 3', 'set-cookie': ['x', 'y'] });
});

test('no name is special', () => {
  const record = toRecord(['__proto__', 'x', 'constructor', 'y'], false);
  assert.deepEqual(Object.entries(record), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});
