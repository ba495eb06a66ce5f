import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOffMs } from '../../../lib/router/retry-state.js';

test('the wait is drawn evenly from 0 on, below a bound that more than doubles', () => {
  const almostOne = 1 - 2 ** -32;
  const bounds = [1, 2, 3, 4].map((retry) => backOffMs(retry, 25, almostOne));
  assert.deepEqual(bounds, [24, 74, 174, 374]);
  assert.deepEqual(
    [1, 2, 3, 4].map((retry) => backOffMs(retry, 25, 0.5)),
    [12, 37, 87, 187],
  );
  for (const retry of [1, 2, 1000]) {
    assert.equal(backOffMs(retry, 25, 0), 0);
  }
});

test('the wait is 0 without a base, and a number for any retry', () => {
  assert.equal(backOffMs(3, 0, 0.9), 0);
  assert.equal(backOffMs(3, -25, 0.9), 0);
  assert.equal(Number.isSafeInteger(backOffMs(1e15, 25, 0.9)), true);
});
