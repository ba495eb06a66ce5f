import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiFailure, toApiFailure } from '../../../lib/kubernetes/api-failure.js';

test('whatever was thrown is a failure with a reason', () => {
  const failure = new ApiFailure('status 410: too old', 410);
  assert.equal(toApiFailure(failure), failure);
  for (const [thrown, message] of [
    [new Error('read ECONNRESET'), 'read ECONNRESET'],
    // Both addresses of localhost: the error itself says nothing then.
    [
      new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')]),
      'refused ::1; refused 127.0.0.1',
    ],
    ['broken', 'broken'],
  ] as const) {
    const { status, cause, ...made } = toApiFailure(thrown);
    assert.deepEqual([toApiFailure(thrown).message, status, cause], [message, 0, thrown]);
    assert.equal(made.retryAfterMs, 0);
  }
});

test('tells what is gone, and what only other rights or credentials help against', () => {
  const tell = (status: number): boolean[] => {
    const failure = new ApiFailure('', status);
    return [failure.isGone, failure.isRefusal];
  };
  assert.deepEqual(tell(410), [true, false]);
  assert.deepEqual(tell(401), [false, true]);
  assert.deepEqual(tell(403), [false, true]);
  assert.deepEqual(tell(500), [false, false]);
  assert.deepEqual(tell(0), [false, false]);
});

test('a reason is one line that moves no cursor, and no longer than somebody reads', () => {
  const message = 'login:\n  see\tthe \u001b[1mpage\u202e\r\n';
  assert.equal(new ApiFailure(message).message, 'login: see the [1mpage');
  assert.equal(toApiFailure(new Error(message)).message, 'login: see the [1mpage');
  assert.equal(new ApiFailure('x'.repeat(8_000_000)).message, `${'x'.repeat(1000)}…`);
});
