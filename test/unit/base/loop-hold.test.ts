import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopHold } from '../../../lib/base/loop-hold.js';

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

test('the event loop is held from the first hold to the last release', () => {
  const before = countTimers();
  const hold = new LoopHold();
  assert.equal(countTimers(), before);
  hold.hold();
  hold.hold();
  assert.equal(countTimers(), before + 1);
  hold.release();
  assert.equal(countTimers(), before + 1);
  hold.release();
  assert.equal(countTimers(), before);
  hold.hold();
  assert.equal(countTimers(), before + 1);
  hold.close();
});

test('a closed one holds nothing, whatever is held or released later', () => {
  const before = countTimers();
  const hold = new LoopHold();
  hold.hold();
  hold.close();
  assert.equal(countTimers(), before);
  hold.release();
  hold.hold();
  hold.hold();
  assert.equal(countTimers(), before);
  hold.close();
});
