import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownTexts } from '../../../lib/base/known-texts.js';

test('a text that was added is known, and no other', () => {
  const known = new KnownTexts<number>(2, 5);
  known.add('a', 1);
  known.add('b', 2);
  assert.deepEqual([known.get('a'), known.get('b'), known.get('c')], [1, 2, undefined]);
});

test('one that is too long is not kept', () => {
  const known = new KnownTexts<number>(2, 5);
  known.add('12345', 1);
  known.add('123456', 2);
  assert.deepEqual([known.get('12345'), known.get('123456')], [1, undefined]);
});

test('when it is full it keeps what it has, and takes no more', () => {
  const known = new KnownTexts<number>(2, 5);
  const texts = ['a', 'b', 'c'];
  for (const [index, text] of texts.entries()) {
    known.add(text, index);
  }
  assert.deepEqual(
    texts.map((text) => known.get(text)),
    [0, 1, undefined],
  );
});
