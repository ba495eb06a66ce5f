import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatStartTime } from '../../../../lib/telemetry/access-log/start-time.js';

test('is what Date makes of it, whatever the order of the calls', () => {
  const start = Date.UTC(2016, 11, 31, 23, 59, 58, 990);
  for (const offset of [0, 1, 9, 10, 999, 1010, 0, 86_400_000, 500, -1, -10_000]) {
    const wallMs = start + offset;
    assert.equal(formatStartTime(wallMs), new Date(wallMs).toISOString());
  }
});

test('fractions of a millisecond are cut off', () => {
  assert.equal(formatStartTime(1_460_751_420_310.999), '2016-04-15T20:17:00.310Z');
});

test('times before 1970 and the limits of Date come out right', () => {
  for (const wallMs of [-1, -1000, -999, 8.64e15, -8.64e15]) {
    assert.equal(formatStartTime(wallMs), new Date(wallMs).toISOString());
  }
});

test('what is no time is "-" and does not throw', () => {
  for (const wallMs of [Number.NaN, Number.POSITIVE_INFINITY, 8.64e15 + 1]) {
    assert.equal(formatStartTime(wallMs), '-');
  }
  assert.equal(formatStartTime(0), '1970-01-01T00:00:00.000Z');
});
