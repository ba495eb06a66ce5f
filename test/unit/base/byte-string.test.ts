import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, fromByteString, toByteString } from '../../../lib/base/byte-string.js';

test('text becomes its UTF-8 bytes, one character each', () => {
  assert.equal(toByteString('plain'), 'plain');
  assert.deepEqual(bytesOf(toByteString('é € 𝄞')), Buffer.from('é € 𝄞'));
});

test('a byte string keeps its bytes, valid UTF-8 or not', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  assert.deepEqual(bytesOf(bytes.toString('latin1')), bytes);
});

test('no character can turn into another byte such as a line break', () => {
  assert.deepEqual(bytesOf('a\u010ab\xe9'), Buffer.from([97, 0xc4, 0x8a, 98, 0xe9]));
});

test('a byte string in UTF-8 is shown as what it says, and any other as it is', () => {
  for (const text of ['', 'plain', 'caf\u00e9', '\u20ac and \ud83d\ude00']) {
    assert.equal(fromByteString(toByteString(text)), text);
  }
  for (const bytes of ['\u00e9', '\u00c3', '\u20ac']) {
    assert.equal(fromByteString(bytes), bytes);
  }
});
