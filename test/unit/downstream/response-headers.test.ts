import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyResponseHeaderRules } from '../../../lib/downstream/response-headers.js';
import type { HeaderList } from '../../../lib/http/headers.js';

const ours = ['date', 'today', 'server', 'envoy'];

function apply(headers: HeaderList, isClosing = false): HeaderList {
  applyResponseHeaderRules(headers, 'envoy', 'today', isClosing);
  return headers;
}

test('adds date and server', () => {
  assert.deepEqual(apply([]), ours);
});

test('replaces date and server, however often they are there', () => {
  const headers = ['server', 'x', 'date', 'y', 'x-a', 'b', 'server', 'z', 'date', 'w'];
  assert.deepEqual(apply(headers), ['x-a', 'b', ...ours]);
});

test('removes what is of the connection to the host', () => {
  const headers = [
    'connection',
    'keep-alive, x-a',
    'keep-alive',
    'timeout=5',
    'transfer-encoding',
    'chunked',
    'connection',
    'close',
    'x-a',
    'b',
  ];
  assert.deepEqual(apply(headers), ['x-a', 'b', ...ours]);
});

test('says that it closes', () => {
  assert.deepEqual(apply(['connection', 'keep-alive'], true), [...ours, 'connection', 'close']);
});

test('keeps everything else in its order, repetitions included', () => {
  const headers = ['set-cookie', 'a', 'x-b', '', 'set-cookie', 'c', 'content-length', '5'];
  assert.deepEqual(apply([...headers]), [...headers, ...ours]);
});

test('takes no value for a name', () => {
  const headers = ['x-a', 'connection', 'x-b', 'date', 'vary', 'server'];
  assert.deepEqual(apply([...headers]), [...headers, ...ours]);
});
