import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListenAddress } from '../../../lib/sds-server/listen-address.js';

test('reads a host and a port', () => {
  assert.deepEqual(parseListenAddress('127.0.0.1:8080'), { host: '127.0.0.1', port: 8080 });
  assert.deepEqual(parseListenAddress('localhost:0'), { host: 'localhost', port: 0 });
  assert.deepEqual(parseListenAddress('[::1]:80'), { host: '::1', port: 80 });
});

test('takes a missing host for every address', () => {
  assert.deepEqual(parseListenAddress(':80'), { host: undefined, port: 80 });
});

test('refuses what is no address', () => {
  for (const text of [
    '',
    '80',
    'localhost',
    'localhost:',
    '::1:80',
    ':x',
    'a:65536',
    'a:-1',
    'a:80x',
  ]) {
    assert.throws(() => parseListenAddress(text), { code: 'SIDECAR_OPTION_INVALID' }, text);
  }
});
