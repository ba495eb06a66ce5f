import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DrainOptions, readTimes } from '../../lib/drain-options.js';

test('what is left out has its default', () => {
  assert.deepEqual(readTimes({}, 'drain'), { delayMs: 0, timeoutMs: 10_000 });
  assert.deepEqual(readTimes({ delayMs: 5, timeoutMs: 0 }, 'drain'), { delayMs: 5, timeoutMs: 0 });
  assert.equal(readTimes({ timeoutMs: Number.POSITIVE_INFINITY }, 'close').timeoutMs, Infinity);
});

test('what is no time, or no option of the method, is refused', () => {
  for (const [options, method, message] of [
    [5, 'drain', /^drain is given 5, expected drain\(\{ timeoutMs: 5000 \}\)$/],
    ['SIGTERM', 'close', /^close is given "SIGTERM", expected close\(\{ timeoutMs: 5000 \}\)$/],
    [null, 'close', /^close is given null, expected/],
    [() => {}, 'close', /^close is given a function, expected/],
    [{ unknown: 1 }, 'drain', /^unknown option "unknown"; there are: delayMs, timeoutMs$/],
    [
      { timeout: 1 },
      'close',
      /^unknown option "timeout"; there is: timeoutMs; did you mean "timeou/,
    ],
    [{ delayMs: 1 }, 'close', /^unknown option "delayMs"; there is: timeoutMs$/],
    [{ delayMs: -1 }, 'drain', /^delayMs is -1, expected milliseconds, 0 or more$/],
    [{ timeoutMs: Number.NaN }, 'close', /^timeoutMs is NaN, expected/],
    [{ timeoutMs: '5' }, 'close', /^timeoutMs is "5", expected/],
    [{ timeoutMs: null }, 'drain', /^timeoutMs is null, expected/],
  ] as const) {
    // Wrong on purpose.
    assert.throws(() => readTimes(options as DrainOptions, method), {
      code: 'SIDECAR_OPTION_INVALID',
      message,
    });
  }
});
