import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerGetter, headerSetter } from '../../../../lib/telemetry/tracing/header-carrier.js';

test('propagators read headers by any spelling, and all values of one', () => {
  const headers = ['a', '1', 'b', 'a', 'a', '2'];
  assert.deepEqual(headerGetter.keys(headers), ['a', 'b', 'a']);
  assert.deepEqual(headerGetter.get(headers, 'A'), ['1', '2']);
  assert.equal(headerGetter.get(headers, 'b'), 'a');
  assert.equal(headerGetter.get(headers, '1'), undefined);
});

test('propagators replace headers', () => {
  const headers = ['a', '1', 'b', '2', 'a', '3'];
  headerSetter.set(headers, 'A', '4');
  assert.deepEqual(headers, ['a', '4', 'b', '2']);
});

test('propagators write nothing that could not stand in a header', () => {
  const headers: string[] = [];
  headerSetter.set(headers, 'a', 'b\r\nc: d');
  headerSetter.set(headers, 'a', 'b\u010a');
  headerSetter.set(headers, 'a:', 'b');
  headerSetter.set(headers, '', 'b');
  // As code without types may do.
  headerSetter.set(headers, 'a', undefined as unknown as string);
  assert.deepEqual(headers, []);
});
