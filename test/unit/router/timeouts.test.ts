import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getHeader } from '../../../lib/http/headers.js';
import { HeaderAdditions } from '../../../lib/router/header-additions.js';
import { Route } from '../../../lib/router/route.js';
import { setExpectedTimeout, takeControlHeaders } from '../../../lib/router/timeouts.js';
import { clusterRoute, createRuntime, forwardAction } from '../../support/route-fixture.js';

function createRoute(timeoutMs: number): Route {
  const config = { ...clusterRoute('app'), action: forwardAction({ timeoutMs }) };
  return new Route(config, new HeaderAdditions(), createRuntime({}));
}

const timeoutName = 'x-envoy-upstream-rq-timeout-ms';

test('takes the time of the route if the request names none', () => {
  assert.deepEqual(takeControlHeaders(createRoute(250), ['accept', '*']), {
    timeoutMs: 250,
    perTryTimeoutMs: 0,
    hasAltResponse: false,
    retryPolicy: undefined,
    altStatName: undefined,
  });
});

for (const [text, timeoutMs] of [
  ['70', 70],
  ['0', 0],
  ['999999999999999', 999_999_999_999_999],
  ['', 250],
  ['soon', 250],
  ['-1', 250],
  ['1.5', 250],
  ['1e3', 250],
  ['0x10', 250],
  ['70 ', 250],
  ['9999999999999999', 250],
] as const) {
  test(`takes ${JSON.stringify(text)} for ${timeoutMs} where the route says 250`, () => {
    assert.equal(takeControlHeaders(createRoute(250), [timeoutName, text]).timeoutMs, timeoutMs);
  });
}

test('notices that a time-out is to be answered with 204, whatever the value', () => {
  for (const value of ['', '0', 'false', '1']) {
    const headers = ['x-envoy-upstream-rq-timeout-alt-response', value];
    assert.equal(takeControlHeaders(createRoute(250), headers).hasAltResponse, true);
  }
});

test('takes a list of conditions from several lines together', () => {
  const one = ['x-envoy-retry-on', '5xx,retriable-4xx', 'x-envoy-retry-grpc-on', 'cancelled'];
  const several = [
    'x-envoy-retry-on',
    '5xx',
    'x-envoy-retry-grpc-on',
    'cancelled',
    'x-envoy-retry-on',
    'retriable-4xx',
  ];
  const { retryPolicy } = takeControlHeaders(createRoute(250), several);
  assert.notEqual(retryPolicy, undefined);
  assert.deepEqual(retryPolicy, takeControlHeaders(createRoute(250), one).retryPolicy);
});

test('removes what was meant for the router, and leaves the rest in its order', () => {
  const headers = [
    'a',
    timeoutName,
    timeoutName,
    '70',
    'x-envoy-upstream-rq-per-try-timeout-ms',
    '5',
    'b',
    '2',
    'x-envoy-upstream-rq-timeout-alt-response',
    '1',
    'x-envoy-retry-on',
    '5xx',
    'x-envoy-retry-grpc-on',
    'cancelled',
    'x-envoy-max-retries',
    '3',
    'x-envoy-upstream-alt-stat-name',
    'x',
    'x-envoy-internal',
    'true',
    timeoutName,
    '80',
  ];
  takeControlHeaders(createRoute(250), headers);
  assert.deepEqual(headers, ['a', timeoutName, 'b', '2', 'x-envoy-internal', 'true']);
});

test('tells the host its time in the place of whatever stands there', () => {
  const headers = ['x-envoy-expected-rq-timeout-ms', '1', 'a', '1'];
  setExpectedTimeout(headers, { timeoutMs: 250, perTryTimeoutMs: 0 });
  assert.deepEqual(headers, ['x-envoy-expected-rq-timeout-ms', '250', 'a', '1']);
});

test('tells the host nothing if there is no time-out', () => {
  const headers: string[] = [];
  setExpectedTimeout(headers, { timeoutMs: 0, perTryTimeoutMs: 0 });
  assert.equal(getHeader(headers, 'x-envoy-expected-rq-timeout-ms'), undefined);
  assert.equal(createRoute(0).timeoutHeader, '');
  assert.equal(createRoute(250).timeoutHeader, '250');
});
