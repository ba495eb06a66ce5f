import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIdempotent } from '../../../lib/http/idempotence.js';
import { maxResendBytes, ReplayBuffer } from '../../../lib/router/replay-buffer.js';

const limitBytes = maxResendBytes;

test('keeps what it is given, oldest first, up to 64 KiB', () => {
  const buffer = new ReplayBuffer();
  assert.deepEqual(buffer.chunks, []);
  const pieces = [Buffer.from('a'), Buffer.alloc(limitBytes - 1)];
  for (const piece of pieces) {
    buffer.add(piece, limitBytes);
  }
  assert.equal(buffer.isComplete, true);
  assert.deepEqual(buffer.chunks, pieces);
});

test('keeps nothing once it was too much', () => {
  const buffer = new ReplayBuffer();
  buffer.add(Buffer.alloc(limitBytes), limitBytes);
  buffer.add(Buffer.alloc(1), limitBytes);
  assert.equal(buffer.isComplete, false);
  assert.equal(buffer.chunks, undefined);
  buffer.add(Buffer.alloc(1), limitBytes);
  assert.equal(buffer.chunks, undefined);
});

test('keeps everything without a limit, and says beforehand whether there is room', () => {
  const buffer = new ReplayBuffer();
  buffer.add(Buffer.alloc(10), 0);
  assert.equal(buffer.hasRoom(2 ** 30, 0), true);
  assert.equal(buffer.hasRoom(5, 15), true);
  assert.equal(buffer.hasRoom(6, 15), false);
  assert.equal(buffer.chunks?.length, 1);
});

test('knows the methods that may be done twice', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']) {
    assert.equal(isIdempotent(method), true, method);
  }
  for (const method of ['POST', 'PATCH', 'CONNECT', 'get', 'PURGE', '']) {
    assert.equal(isIdempotent(method), false, method);
  }
});
