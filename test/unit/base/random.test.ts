import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../lib/base/random.js';

const draws = 5000;

test('makes version 4 UUIDs in lower case, and none twice', () => {
  const seen = new Set<string>();
  for (let i = 0; i < draws; i++) {
    const uuid = systemRandom.uuid();
    assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    seen.add(uuid);
  }
  assert.equal(seen.size, draws);
});

test('draws fractions from 0 up to 1, across the whole of it', () => {
  let low = 1;
  let high = 0;
  for (let i = 0; i < draws; i++) {
    const fraction = systemRandom.fraction();
    assert.ok(fraction >= 0 && fraction < 1);
    low = Math.min(low, fraction);
    high = Math.max(high, fraction);
  }
  assert.ok(low < 0.01 && high > 0.99);
});

test('draws whole numbers of 32 bits, not the same block again', () => {
  const seen = new Set<number>();
  for (let i = 0; i < draws; i++) {
    const number = systemRandom.uint32();
    assert.ok(Number.isInteger(number) && number >= 0 && number < 2 ** 32);
    seen.add(number);
  }
  // Of so few numbers hardly two are equal; of a block that is used again many are.
  assert.ok(seen.size > draws - 10);
});
