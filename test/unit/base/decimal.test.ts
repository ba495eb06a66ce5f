import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDecimal } from '../../../lib/base/decimal.js';

test('digits alone are a number, as far as it holds them exactly', () => {
  assert.deepEqual(['0', '007', '999999999999999'].map(readDecimal), [0, 7, 999_999_999_999_999]);
});

test('every other text is none', () => {
  for (const text of [
    '',
    ' 1',
    '1 ',
    '-1',
    '+1',
    '1.0',
    '1e3',
    '0x1',
    '1\n',
    '9999999999999999',
    '١',
  ]) {
    assert.equal(readDecimal(text), undefined, JSON.stringify(text));
  }
});
