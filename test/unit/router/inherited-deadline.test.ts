import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimerWheel } from '../../../lib/base/timer-wheel.js';
import { InheritedDeadline } from '../../../lib/router/inherited-deadline.js';
import { ManualClock } from '../../support/manual-clock.js';

/** A deadline at `endMs`, which the test may move; and when it has been over. */
function start(endMs: number | undefined): {
  readonly clock: ManualClock;
  readonly wheel: TimerWheel;
  readonly inherited: InheritedDeadline;
  readonly over: number[];
  move(endMs: number | undefined): void;
} {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const over: number[] = [];
  let end = endMs;
  const deadline = {
    remainingMs: () => (end === undefined ? undefined : end - clock.now()),
  };
  const inherited = new InheritedDeadline(deadline, wheel, () => over.push(clock.now()));
  inherited.start();
  const move = (moved: number | undefined): void => {
    end = moved;
  };
  return { clock, wheel, inherited, over, move };
}

test('is over at the deadline, be it near or far', () => {
  for (const endMs of [1, 7.5, 150, 199, 200, 1000, 15_000, 3_600_000]) {
    const { clock, over, wheel } = start(endMs);
    clock.advance(endMs - 1);
    assert.deepEqual(over, [], `${endMs} ms`);
    clock.advance(2);
    assert.equal(over.length, 1);
    assert.ok((over[0] ?? 0) - endMs < 1, `${endMs} ms: over at ${over[0]}`);
    assert.equal(clock.timerCount, 0);
    wheel.close();
  }
});

test('is never over when nobody waits any more', () => {
  const { clock, over, move } = start(1000);
  clock.advance(500);
  move(undefined);
  clock.advance(5000);
  assert.deepEqual(over, []);
  assert.equal(clock.timerCount, 0);
});

test('is over later when its time begins later', () => {
  const { clock, over, move } = start(1000);
  move(2500);
  clock.advance(2499);
  assert.deepEqual(over, []);
  clock.advance(1);
  assert.deepEqual(over, [2500]);
});

test('is not over once it has been stopped', () => {
  const { clock, inherited, over } = start(1000);
  inherited.stop();
  clock.advance(2000);
  assert.deepEqual(over, []);
});

test('that limits nothing starts no timer', () => {
  assert.equal(start(undefined).clock.timerCount, 0);
});

test('of many requests share timers', () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  for (let i = 0; i < 100; i++) {
    const endMs = clock.now() + 10_000 + i / 10;
    new InheritedDeadline({ remainingMs: () => endMs - clock.now() }, wheel, () => {}).start();
  }
  assert.ok(clock.timerCount <= 2, `${clock.timerCount} timers`);
  wheel.close();
});
