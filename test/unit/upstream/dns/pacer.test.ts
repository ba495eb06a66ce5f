import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Pacer } from '../../../../lib/upstream/dns/pacer.js';

test('so many begin in each turn of the event loop, in their order', async () => {
  const pacer = new Pacer(2);
  const begun: number[] = [];
  const all = [1, 2, 3, 4, 5].map(async (number) => {
    await pacer.wait();
    begun.push(number);
  });
  await Promise.resolve();
  assert.deepEqual(begun, [1, 2]);
  await nextTurn();
  assert.deepEqual(begun, [1, 2, 3, 4]);
  await Promise.all(all);
  assert.deepEqual(begun, [1, 2, 3, 4, 5]);
  await nextTurn();
  await pacer.wait();
  await pacer.wait();
});
