import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimerWheel } from '../../../../lib/base/timer-wheel.js';
import { WriteWatch } from '../../../../lib/upstream/connection/write-watch.js';
import { ManualClock } from '../../../support/manual-clock.js';

/** A connection of numbers. */
class Watched {
  readonly clock: ManualClock = new ManualClock();
  readonly stream: { bytesRead: number; bytesWritten: number } = { bytesRead: 0, bytesWritten: 0 };
  isBusy = false;
  probes = 0;
  isStuck = false;
  /** What a probe writes. */
  probeBytes = 9;
  readonly watch: WriteWatch = new WriteWatch(this.stream, new TimerWheel(this.clock), this);

  probe(): boolean {
    this.probes++;
    this.stream.bytesWritten += this.probeBytes;
    return true;
  }

  onStuck(): void {
    this.isStuck = true;
  }
}

test('what leaves is not stuck', () => {
  const watched = new Watched();
  watched.watch.onWrite();
  watched.stream.bytesWritten += 10;
  watched.clock.advance(20_000);
  assert.equal(watched.isStuck, false);
  assert.equal(watched.clock.timerCount, 0);
});

test('what does not leave in five to ten seconds is', () => {
  const watched = new Watched();
  watched.watch.onWrite();
  watched.clock.advance(5000);
  assert.equal(watched.isStuck, false);
  watched.clock.advance(5000);
  assert.equal(watched.isStuck, true);
  assert.equal(watched.clock.timerCount, 0);
});

test('more that is to be sent does not put it off', () => {
  const watched = new Watched();
  for (let i = 0; i < 11; i++) {
    watched.watch.onWrite();
    watched.clock.advance(1000);
  }
  assert.equal(watched.isStuck, true);
});

test('where somebody waits and nothing comes, it is tried whether anything leaves', () => {
  const watched = new Watched();
  watched.isBusy = true;
  watched.watch.onWrite();
  watched.stream.bytesWritten += 10;
  watched.clock.advance(60_000);
  assert.ok(watched.probes > 5);
  assert.equal(watched.isStuck, false);
  watched.probeBytes = 0;
  watched.clock.advance(20_000);
  assert.equal(watched.isStuck, true);
  watched.watch.stop();
});

test('where something comes nothing is tried', () => {
  const watched = new Watched();
  watched.isBusy = true;
  watched.watch.onWrite();
  for (let i = 0; i < 10; i++) {
    watched.stream.bytesRead++;
    watched.stream.bytesWritten++;
    watched.clock.advance(5000);
  }
  assert.equal(watched.probes, 0);
  watched.watch.stop();
});
