import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutboundBody } from '../../../lib/egress/outbound-body.js';
import { OutboundResponse } from '../../../lib/egress/outbound-response.js';

const noSource = {
  onBodyWanted(): void {},
  onBodyUnwanted(): void {},
  onReaderWaiting(): void {},
  onReaderServed(): void {},
};

function response(headers: string[]): OutboundResponse {
  return new OutboundResponse(200, headers, new OutboundBody(noSource));
}

test('a name that occurs several times has all its values', () => {
  const { headers } = response([
    'a',
    '1',
    'set-cookie',
    'x',
    'a',
    '2',
    'set-cookie',
    'y',
    'a',
    '3',
  ]);
  assert.deepEqual({ ...headers }, { a: ['1', '2', '3'], 'set-cookie': ['x', 'y'] });
});

test('a peer that names a header __proto__ sets a header and nothing else', () => {
  const { headers } = response(['__proto__', 'x', 'constructor', 'y']);
  assert.equal(Object.getPrototypeOf(headers), null);
  assert.equal(Object.getOwnPropertyDescriptor(headers, '__proto__')?.value, 'x');
  assert.equal(headers['toString'], undefined);
});

test('trailers are empty until they have come', () => {
  const incoming = response([]);
  assert.deepEqual({ ...incoming.trailers }, {});
  incoming.setTrailers(['x-sum', '1']);
  assert.deepEqual({ ...incoming.trailers }, { 'x-sum': '1' });
});
