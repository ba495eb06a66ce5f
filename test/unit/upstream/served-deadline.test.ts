import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServedRequest } from '../../../lib/http/request-context.js';
import { ServedDeadline } from '../../../lib/upstream/served-deadline.js';
import { ManualClock } from '../../support/manual-clock.js';

/** A request that a test makes go on. */
class Request implements ServedRequest {
  startMs: number | undefined = undefined;
  deadlineMs: number | undefined = undefined;
  readonly traceScope: undefined = undefined;
}

function create(expected: string | undefined): {
  readonly clock: ManualClock;
  readonly request: Request;
  readonly deadline: ServedDeadline;
} {
  const clock = new ManualClock();
  const request = new Request();
  const headers = expected === undefined ? [] : ['x-envoy-expected-rq-timeout-ms', expected];
  return { clock, request, deadline: new ServedDeadline(request, headers, clock) };
}

test('counts from when the request is complete', () => {
  const { clock, request, deadline } = create('300');
  clock.advance(1000);
  assert.equal(deadline.remainingMs(), 300);
  request.startMs = clock.now();
  clock.advance(100);
  assert.equal(deadline.remainingMs(), 200);
  clock.advance(300);
  assert.equal(deadline.remainingMs(), -100);
});

test('is no later than that of the route', () => {
  const { clock, request, deadline } = create('300');
  clock.advance(100);
  request.startMs = 100;
  request.deadlineMs = 150;
  assert.equal(deadline.remainingMs(), 50);
});

test('is that of the route if the application has not been told any', () => {
  const { request, deadline } = create(undefined);
  assert.equal(deadline.remainingMs(), undefined);
  request.deadlineMs = 150;
  assert.equal(deadline.remainingMs(), 150);
});

test('is none once the request is answered', () => {
  const { request, deadline } = create('300');
  request.startMs = 0;
  deadline.settle(true);
  assert.equal(deadline.remainingMs(), undefined);
  deadline.settle(false);
  assert.equal(deadline.remainingMs(), undefined);
});

test('stays what it is when the request ends without an answer', () => {
  const { clock, request, deadline } = create('300');
  request.startMs = 0;
  clock.advance(100);
  deadline.settle(false);
  request.startMs = 100;
  clock.advance(50);
  assert.equal(deadline.remainingMs(), 150);
});
