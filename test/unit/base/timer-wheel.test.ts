import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimerWheel, WheelTimer } from '../../../lib/base/timer-wheel.js';
import { ManualClock } from '../../support/manual-clock.js';

/** A wheel, its clock, and a record of the timers that have run out. */
class Fixture {
  readonly clock: ManualClock = new ManualClock();
  readonly wheel: TimerWheel = new TimerWheel(this.clock);
  /** `name@time`, in the order of the calls. */
  readonly calls: string[] = [];

  timer(name: string, onDeadline: () => void = () => {}): WheelTimer {
    return new WheelTimer({
      onDeadline: () => {
        this.calls.push(`${name}@${this.clock.now()}`);
        onDeadline();
      },
    });
  }
}

test('calls a deadline once, when its time has run out and not before', () => {
  const fixture = new Fixture();
  fixture.wheel.start(fixture.timer('a'), 100);
  fixture.clock.advance(99);
  assert.deepEqual(fixture.calls, []);
  fixture.clock.advance(1);
  assert.deepEqual(fixture.calls, ['a@100']);
  fixture.clock.advance(1000);
  assert.deepEqual(fixture.calls, ['a@100']);
});

test('gives each timer its own time, though they share one timer of the clock', () => {
  const fixture = new Fixture();
  for (let i = 0; i < 5; i++) {
    fixture.wheel.start(fixture.timer(String(i)), 100);
    fixture.clock.advance(10);
  }
  assert.equal(fixture.clock.timerCount, 1);
  fixture.clock.advance(200);
  assert.deepEqual(fixture.calls, ['0@100', '1@110', '2@120', '3@130', '4@140']);
});

test('keeps timers of several durations apart', () => {
  const fixture = new Fixture();
  fixture.wheel.start(fixture.timer('long'), 300);
  fixture.wheel.start(fixture.timer('short'), 100);
  fixture.clock.advance(50);
  fixture.wheel.start(fixture.timer('later'), 100);
  assert.equal(fixture.clock.timerCount, 2);
  fixture.clock.advance(1000);
  assert.deepEqual(fixture.calls, ['short@100', 'later@150', 'long@300']);
});

test('never calls a timer that was stopped, wherever it stood', () => {
  const fixture = new Fixture();
  const timers = ['a', 'b', 'c', 'd'].map((name) => fixture.timer(name));
  for (const timer of timers) {
    fixture.wheel.start(timer, 100);
  }
  for (const index of [0, 3, 1]) {
    timers[index]?.stop();
    timers[index]?.stop();
  }
  fixture.clock.advance(1000);
  assert.deepEqual(fixture.calls, ['c@100']);
});

test('counts anew from now when a running timer is started', () => {
  const fixture = new Fixture();
  const timer = fixture.timer('a');
  fixture.wheel.start(timer, 100);
  fixture.clock.advance(60);
  fixture.wheel.start(timer, 100);
  fixture.clock.advance(99);
  assert.deepEqual(fixture.calls, []);
  fixture.clock.advance(1);
  assert.deepEqual(fixture.calls, ['a@160']);
});

test('moves a running timer to another duration', () => {
  const fixture = new Fixture();
  const timer = fixture.timer('a');
  fixture.wheel.start(timer, 100);
  fixture.wheel.start(timer, 500);
  fixture.clock.advance(1000);
  assert.deepEqual(fixture.calls, ['a@500']);
});

test('holds no timer of the clock once nothing is left to wait for', () => {
  const fixture = new Fixture();
  const timer = fixture.timer('a');
  fixture.wheel.start(timer, 100);
  timer.stop();
  // The alarm stays until it rings: most timers are stopped, and stopping is to cost nothing.
  assert.equal(fixture.clock.timerCount, 1);
  fixture.clock.advance(100);
  assert.equal(fixture.clock.timerCount, 0);
  fixture.wheel.start(timer, 100);
  fixture.clock.advance(100);
  assert.deepEqual(fixture.calls, ['a@200']);
});

test('lets a deadline start its own timer anew', () => {
  const fixture = new Fixture();
  let roundsLeft = 3;
  const timer: WheelTimer = fixture.timer('a', () => {
    roundsLeft--;
    if (roundsLeft > 0) {
      fixture.wheel.start(timer, 100);
    }
  });
  fixture.wheel.start(timer, 100);
  fixture.clock.advance(1000);
  assert.deepEqual(fixture.calls, ['a@100', 'a@200', 'a@300']);
  assert.equal(fixture.clock.timerCount, 0);
});

test('lets a deadline start a timer of its duration while others of it are still due', () => {
  const fixture = new Fixture();
  fixture.wheel.start(
    fixture.timer('a', () => fixture.wheel.start(fixture.timer('new'), 100)),
    100,
  );
  fixture.wheel.start(fixture.timer('b'), 100);
  fixture.clock.advance(10);
  fixture.wheel.start(fixture.timer('c'), 100);
  fixture.clock.advance(1000);
  assert.deepEqual(fixture.calls, ['a@100', 'b@100', 'c@110', 'new@200']);
  assert.equal(fixture.clock.timerCount, 0);
});

test('lets a deadline stop a timer that is due in the same moment', () => {
  const fixture = new Fixture();
  const second = fixture.timer('second');
  fixture.wheel.start(
    fixture.timer('first', () => second.stop()),
    100,
  );
  fixture.wheel.start(second, 100);
  fixture.wheel.start(fixture.timer('third'), 100);
  fixture.clock.advance(100);
  assert.deepEqual(fixture.calls, ['first@100', 'third@100']);
});

test('lets a deadline stop itself', () => {
  const fixture = new Fixture();
  const timer: WheelTimer = fixture.timer('a', () => timer.stop());
  fixture.wheel.start(timer, 100);
  fixture.wheel.start(fixture.timer('b'), 100);
  fixture.clock.advance(100);
  assert.deepEqual(fixture.calls, ['a@100', 'b@100']);
});

test('takes an alarm that rings a fraction of a millisecond early', () => {
  const fixture = new Fixture();
  fixture.clock.advance(0.3);
  fixture.wheel.start(fixture.timer('a'), 100);
  fixture.clock.advance(99.9);
  assert.deepEqual(fixture.calls, []);
  fixture.clock.advance(1);
  assert.equal(fixture.calls.length, 1);
});

test('calls nothing and starts nothing once it is closed', () => {
  const fixture = new Fixture();
  const timer = fixture.timer('a');
  fixture.wheel.start(timer, 100);
  fixture.wheel.start(fixture.timer('b'), 200);
  fixture.wheel.close();
  assert.equal(fixture.clock.timerCount, 0);
  timer.stop();
  fixture.wheel.start(timer, 100);
  assert.equal(fixture.clock.timerCount, 0);
  fixture.clock.advance(1000);
  assert.deepEqual(fixture.calls, []);
});

test('a deadline that closes the wheel is the last', () => {
  const fixture = new Fixture();
  fixture.wheel.start(
    fixture.timer('a', () => fixture.wheel.close()),
    100,
  );
  fixture.clock.advance(5);
  fixture.wheel.start(fixture.timer('b'), 100);
  fixture.clock.advance(1000);
  assert.deepEqual(fixture.calls, ['a@100']);
  assert.equal(fixture.clock.timerCount, 0);
});
