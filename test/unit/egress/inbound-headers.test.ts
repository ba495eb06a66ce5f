import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import {
  checkInboundHeaders,
  type InboundHeaders,
  readInboundHeaders,
} from '../../../lib/egress/inbound-headers.js';

// Callers without types may give anything.
const check = (input: unknown) => () => checkInboundHeaders(input as InboundHeaders);

const refused = (message: RegExp) => ({ code: 'SIDECAR_REQUEST_INVALID', message });

test('headers of any kind are read, names in lower case', () => {
  const incoming = new IncomingMessage(new Socket());
  Object.assign(incoming.headers, { 'x-request-id': 'a' });
  class Message {
    readonly 'x-request-id' = 'a';
  }
  for (const headers of [
    { 'X-Request-Id': 'a', other: 'b' },
    [['x-request-id', 'a']] as const,
    new Map([['X-Request-ID', 'a']]),
    new Headers({ 'x-request-id': 'a' }),
    incoming.headers,
    new Message() as unknown as InboundHeaders,
    // Queues have bytes, and a header may be called so.
    { 'x-request-id': 'a', headers: Buffer.from('b'), raw: ['c'] },
  ]) {
    checkInboundHeaders(headers);
    assert.deepEqual(readInboundHeaders(headers), ['x-request-id', 'a']);
  }
  check({})();
  check([])();
});

test('a whole request is refused: it would run without a context, and nobody would notice', () => {
  const incoming = new IncomingMessage(new Socket());
  const standard = new Request('http://orders/', { headers: { 'x-request-id': 'a' } });
  const message = { value: 'x', headers: { 'x-request-id': 'a' } };
  for (const whole of [incoming, standard, message, { raw: standard }]) {
    assert.throws(check(whole), refused(/are a whole request; give its headers alone$/));
  }
});

test('what holds no headers is refused', () => {
  for (const [wrong, message] of [
    [undefined, /are nothing, expected an object or pairs; null is for none$/],
    ['x-request-id: a', /are "x-request-id: a", expected/],
    [() => {}, /are a function, expected/],
    [Promise.resolve({}), /are a promise; await it first$/],
    [new Date(0), /are an instance of a class that has none$/],
  ] as const) {
    assert.throws(check(wrong), refused(message));
  }
  const flat = ['x-request-id', 'a'] as unknown as InboundHeaders;
  assert.throws(() => readInboundHeaders(flat), refused(/hold "x-request-id", expected pairs of/));
});

test('values that are no texts, or cannot be sent, are left out', () => {
  const headers = { 'x-request-id': 5, traceparent: 'a\r\nb', b3: ['0', 1] };
  assert.deepEqual(readInboundHeaders(headers), ['b3', '0']);
});
