import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { isHandshake } from '../../../../lib/downstream/codec/node-http1-upgrade.js';

function request(rawHeaders: string[], method = 'GET', httpVersion = '1.1'): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { method, httpVersion, rawHeaders });
}

test('a GET for WebSocket without a body is a handshake', () => {
  assert.ok(isHandshake(request(['Upgrade', 'websocket'])));
  assert.ok(isHandshake(request(['upgrade', 'WebSocket', 'content-length', '0'])));
});

test('anything else is a request as any other', () => {
  assert.ok(!isHandshake(request([])));
  assert.ok(!isHandshake(request(['upgrade', 'h2c'])));
  assert.ok(!isHandshake(request(['upgrade', 'websocket', 'upgrade', 'h2c'])));
  assert.ok(!isHandshake(request(['upgrade', 'websocket'], 'POST')));
  assert.ok(!isHandshake(request(['upgrade', 'websocket'], 'GET', '1.0')));
  assert.ok(!isHandshake(request(['upgrade', 'websocket', 'content-length', '1'])));
  assert.ok(!isHandshake(request(['upgrade', 'websocket', 'Transfer-Encoding', 'chunked'])));
});
