import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TimerWheel } from '../../../lib/base/timer-wheel.js';
import { RetryLoop, type RetryLoopOwner } from '../../../lib/router/retry-loop.js';
import { ManualClock } from '../../support/manual-clock.js';

class Owner implements RetryLoopOwner {
  starts = 0;
  readonly errors: unknown[] = [];
  onStart: () => void = () => {};

  startRetry(): void {
    this.starts++;
    this.onStart();
  }

  onLoopBroken(error: unknown): void {
    this.errors.push(error);
  }
}

function createLoop(retries: number): { owner: Owner; clock: ManualClock; loop: RetryLoop } {
  const owner = new Owner();
  const clock = new ManualClock();
  return { owner, clock, loop: new RetryLoop(owner, new TimerWheel(clock), retries) };
}

test('starts each attempt after its back-off, and not before', async () => {
  const { owner, clock, loop } = createLoop(3);
  loop.start(10);
  for (const [starts, nextMs] of [
    [1, 20],
    [2, 0],
  ] as const) {
    await nextTurn();
    clock.advance(starts === 1 ? 9 : 19);
    await nextTurn();
    assert.equal(owner.starts, starts - 1);
    clock.advance(1);
    await nextTurn();
    assert.equal(owner.starts, starts);
    loop.next(nextMs);
  }
  await nextTurn();
  assert.equal(owner.starts, 3, 'without a back-off it starts at once');
  loop.end();
  await nextTurn();
  assert.deepEqual(owner.errors, []);
});

test('takes a failure that comes while the attempt is being started', async () => {
  const { owner, loop } = createLoop(50);
  owner.onStart = () => {
    if (owner.starts < 50) {
      loop.next(0);
    }
  };
  loop.start(0);
  await nextTurn();
  assert.equal(owner.starts, 50);
  loop.end();
});

test('starts nothing once it has ended, at whatever point', async () => {
  for (const point of ['at once', 'in the back-off', 'when it is over', 'in the attempt']) {
    const { owner, clock, loop } = createLoop(2);
    loop.start(10);
    if (point !== 'at once') {
      await nextTurn();
    }
    if (point === 'when it is over' || point === 'in the attempt') {
      clock.advance(10);
    }
    if (point === 'in the attempt') {
      await nextTurn();
    }
    loop.end();
    loop.end();
    loop.next(0);
    clock.advance(1000);
    await nextTurn();
    assert.equal(owner.starts, point === 'in the attempt' ? 1 : 0, point);
    assert.equal(clock.timerCount, 0, point);
    assert.deepEqual(owner.errors, [], point);
  }
});

test('tells its owner of what it throws, a TypeError as well', async () => {
  for (const error of [new Error('broken'), new TypeError('broken')]) {
    const { owner, loop } = createLoop(2);
    owner.onStart = () => {
      throw error;
    };
    loop.start(0);
    await nextTurn();
    assert.deepEqual(owner.errors, [error]);
  }
});
