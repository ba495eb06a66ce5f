import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResetLimit } from '../../../../lib/downstream/codec/reset-limit.js';
import { ManualClock } from '../../../support/manual-clock.js';

/** Counts until one is too many. */
function countToLimit(limit: ResetLimit): number {
  let count = 0;
  while (limit.count() && count < 10_000) {
    count++;
  }
  return count;
}

test('a thousand at once are let pass', () => {
  assert.equal(countToLimit(new ResetLimit(new ManualClock())), 1000);
});

test('thirty-three more each second, and never more than a thousand', () => {
  const clock = new ManualClock();
  const limit = new ResetLimit(clock);
  countToLimit(limit);
  clock.advance(10_000);
  // The one that was too many has been counted, too.
  assert.equal(countToLimit(limit), 329);
  clock.advance(3_600_000);
  assert.equal(countToLimit(limit), 1000);
});

test('whoever stays below has no limit', () => {
  const clock = new ManualClock();
  const limit = new ResetLimit(clock);
  for (let i = 0; i < 10_000; i++) {
    clock.advance(31);
    assert.ok(limit.count());
  }
});
