import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkedList } from '../../../lib/base/linked-list.js';
import { type Aging, agingStepMs, UnreadBodies } from '../../../lib/egress/unread-bodies.js';
import { ManualClock } from '../../support/manual-clock.js';

class Call implements Aging {
  previous: Call | undefined = undefined;
  next: Call | undefined = undefined;
  steps = 0;
  readonly #onOlder: () => void;

  constructor(onOlder: () => void = () => {}) {
    this.#onOlder = onOlder;
  }

  growOlder(): void {
    this.steps++;
    this.#onOlder();
  }
}

test('all calls grow older by one timer, which runs only while there are some', () => {
  const clock = new ManualClock();
  const calls = new LinkedList<Call>();
  const unread = new UnreadBodies(clock, calls);
  assert.equal(clock.timerCount, 0);
  const [first, second] = [new Call(), new Call()];
  for (const call of [first, second]) {
    calls.append(call);
    unread.watch();
  }
  assert.equal(clock.timerCount, 1);
  clock.advance(2 * agingStepMs);
  assert.deepEqual([first.steps, second.steps], [2, 2]);
  calls.remove(first);
  calls.remove(second);
  clock.advance(agingStepMs);
  assert.equal(clock.timerCount, 0);
  assert.equal(first.steps, 2);
});

test('a call that ends another while it grows older harms neither', () => {
  const clock = new ManualClock();
  const calls = new LinkedList<Call>();
  const unread = new UnreadBodies(clock, calls);
  const last = new Call();
  calls.append(new Call(() => calls.remove(last)));
  calls.append(last);
  unread.watch();
  clock.advance(agingStepMs);
  assert.equal(clock.timerCount, 1, 'one is left');
  unread.close();
});

test('when it is closed, no timer is left, and none begins', () => {
  const clock = new ManualClock();
  const calls = new LinkedList<Call>();
  calls.append(new Call());
  const unread = new UnreadBodies(clock, calls);
  unread.watch();
  unread.close();
  unread.watch();
  assert.equal(clock.timerCount, 0);
});
