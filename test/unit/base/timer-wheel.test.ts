import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Clock } from '../../../lib/base/clock.js';
import { TimerWheel, WheelTimer } from '../../../lib/base/timer-wheel.js';
import { ManualClock } from '../../support/manual-clock.js';

/** A wheel, its clock, and a record of the timers that have run out. */
class Fixture {
  readonly clock: ManualClock = new ManualClock();
  readonly wheel: TimerWheel = new TimerWheel(this.clock);
  /** `name@time`, in the order of the calls. */
  readonly calls: string[] = [];

  readonly timer = (name: string, onDeadline: () => void = () => {}): WheelTimer =>
    new WheelTimer({
      onDeadline: () => {
        this.calls.push(`${name}@${this.clock.now()}`);
        onDeadline();
      },
    });
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

describe('startRoughly', () => {
  for (const [durationMs, slotMs] of [
    [200, 2],
    [499, 2],
    [500, 5],
    [1000, 10],
    [2000, 20],
    [5000, 50],
    [10_000, 100],
    [25_000, 250],
    [50_000, 500],
    [3_600_000, 500],
  ] as const) {
    test(`${durationMs} ms end on a multiple of ${slotMs} ms, and not sooner`, () => {
      const { clock, wheel, timer, calls } = new Fixture();
      clock.advance(1);
      wheel.startRoughly(timer('a'), durationMs);
      const dueMs = Math.ceil((1 + durationMs) / slotMs) * slotMs;
      clock.advance(dueMs - 2);
      assert.deepEqual(calls, []);
      clock.advance(1);
      assert.deepEqual(calls, [`a@${dueMs}`]);
    });
  }

  test('shorter ones are exact', () => {
    const { clock, wheel, timer, calls } = new Fixture();
    clock.advance(1);
    wheel.startRoughly(timer('a'), 198);
    clock.advance(198);
    assert.deepEqual(calls, ['a@199']);
  });

  test('timers of many durations wake the process up together', () => {
    const { clock, wheel, timer, calls } = new Fixture();
    for (let durationMs = 10_001; durationMs <= 10_100; durationMs++) {
      wheel.startRoughly(timer('a'), durationMs);
    }
    assert.equal(clock.timerCount, 1);
    clock.advance(10_100);
    assert.equal(calls.length, 100);
    assert.equal(clock.timerCount, 0);
  });

  test('never calls a timer that was stopped, and leaves no alarm without timers', () => {
    const { clock, wheel, timer, calls } = new Fixture();
    const [first, second] = [timer('first'), timer('second')];
    wheel.startRoughly(first, 10_000);
    wheel.startRoughly(second, 10_000);
    first.stop();
    assert.equal(clock.timerCount, 1);
    second.stop();
    assert.equal(clock.timerCount, 0);
    wheel.startRoughly(second, 10_000);
    clock.advance(20_000);
    assert.deepEqual(calls, ['second@10000']);
  });

  test('a timer that is started anew waits once, whichever way it was started', () => {
    const { clock, wheel, timer, calls } = new Fixture();
    const one = timer('one');
    wheel.startRoughly(one, 10_000);
    wheel.start(one, 5);
    clock.advance(5);
    wheel.start(one, 5);
    wheel.startRoughly(one, 10_000);
    clock.advance(30_000);
    assert.deepEqual(calls, ['one@5', 'one@10100']);
  });

  test('a deadline may stop others of its moment, and start timers for the same one', () => {
    const { clock, wheel, timer, calls } = new Fixture();
    const late = timer('late');
    const other = timer('other');
    wheel.startRoughly(
      timer('first', () => {
        late.stop();
        wheel.startRoughly(other, 400);
      }),
      10_000,
    );
    wheel.startRoughly(late, 10_000);
    clock.advance(10_400);
    assert.deepEqual(calls, ['first@10000', 'other@10400']);
  });

  test('a deadline that throws takes nothing from the others of its moment', () => {
    const { clock, wheel, timer, calls } = new Fixture();
    const fail = (): void => {
      throw new Error('on purpose');
    };
    wheel.startRoughly(timer('first', fail), 10_000);
    wheel.startRoughly(timer('second'), 10_000);
    assert.throws(() => clock.advance(10_000), /on purpose/);
    clock.advance(1);
    assert.deepEqual(
      calls.map((call) => call.replace(/@.*/, '')),
      ['first', 'second'],
    );
  });

  test('a wait that is longer than the timers of Node.js can be ends when it should', () => {
    const { clock, wheel, timer, calls } = new Fixture();
    const capped: Clock = {
      now: () => clock.now(),
      wallNow: () => clock.wallNow(),
      startTimer: (delayMs, callback) => clock.startTimer(Math.min(delayMs, 1000), callback),
    };
    const own = new TimerWheel(capped);
    own.startRoughly(timer('a'), 10_000);
    clock.advance(9999);
    assert.deepEqual(calls, []);
    clock.advance(1);
    assert.deepEqual(calls, ['a@10000']);
    wheel.close();
  });

  test('close cancels every alarm, and nothing is started afterwards', () => {
    const { clock, wheel, timer, calls } = new Fixture();
    wheel.startRoughly(timer('a'), 10_000);
    wheel.startRoughly(timer('b'), 20_000);
    wheel.close();
    wheel.startRoughly(timer('c'), 10_000);
    assert.equal(clock.timerCount, 0);
    clock.advance(30_000);
    assert.deepEqual(calls, []);
  });
});
