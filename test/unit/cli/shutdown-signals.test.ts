import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { systemClock } from '../../../lib/base/clock.js';
import { ShutdownSignals } from '../../../lib/cli/shutdown-signals.js';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

interface Fixture {
  readonly process: FakeProcess;
  readonly signals: ShutdownSignals;
  /** Sends a signal at this time. */
  send(signal: 'SIGTERM' | 'SIGINT', atMs: number): void;
}

function create(): Fixture {
  let now = 0;
  const process = new FakeProcess();
  const signals = new ShutdownSignals(process, { ...systemClock, now: () => now });
  return {
    process,
    signals,
    send: (signal, atMs) => {
      now = atMs;
      process.emit(signal, signal);
    },
  };
}

test('leaves the first signal to the command', async () => {
  const { process, signals, send } = create();
  send('SIGINT', 0);
  assert.equal(await signals.first, 'SIGINT');
  assert.deepEqual(process.exits, []);
});

test('ends the process at the second signal, with the exit code that shells use', () => {
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    const { process, send } = create();
    send(signal, 0);
    send(signal, 101);
    assert.deepEqual(process.exits, [code]);
  }
});

test('takes the same signal within a moment for the same key press', () => {
  const { process, send } = create();
  send('SIGINT', 0);
  send('SIGINT', 1);
  send('SIGINT', 100);
  assert.deepEqual(process.exits, []);
  send('SIGTERM', 100);
  assert.deepEqual(process.exits, [143]);
});
