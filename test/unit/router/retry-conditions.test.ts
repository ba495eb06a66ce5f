import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RetryCondition } from '../../../lib/config/retry-policy-config.js';
import {
  compileRetryConditions,
  type FailureReason,
  isRetriableFailure,
  isRetriableResponse,
  parseRetryGrpcOn,
  parseRetryOn,
} from '../../../lib/router/retry-conditions.js';

const http: readonly RetryCondition[] = [
  '5xx',
  'gateway-error',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
];
const grpc: readonly RetryCondition[] = [
  'cancelled',
  'deadline-exceeded',
  'resource-exhausted',
  'unavailable',
];

/** The conditions that each way to end without a response fulfils. */
const failures: Readonly<Record<FailureReason, readonly RetryCondition[]>> = {
  'connect-failure': ['5xx', 'gateway-error', 'connect-failure'],
  'connect-timeout': ['5xx', 'gateway-error', 'connect-failure'],
  'connection-termination': ['5xx', 'gateway-error'],
  'remote-reset': ['5xx', 'gateway-error'],
  'local-reset': ['5xx', 'gateway-error'],
  'per-try-timeout': ['5xx', 'gateway-error'],
  'refused-stream': ['5xx', 'gateway-error', 'refused-stream'],
  overflow: [],
};

for (const [reason, conditions] of Object.entries(failures)) {
  test(`${reason} fulfils ${conditions.join(', ') || 'nothing'}`, () => {
    const fulfilled = [...http, ...grpc].filter((condition) =>
      // The keys of the table above are its reasons.
      isRetriableFailure(compileRetryConditions([condition]), reason as FailureReason),
    );
    assert.deepEqual(fulfilled, conditions);
  });
}

for (const [status, conditions] of [
  [100, []],
  [200, []],
  [400, []],
  [409, ['retriable-4xx']],
  [429, []],
  [499, []],
  [500, ['5xx']],
  [501, ['5xx']],
  [502, ['5xx', 'gateway-error']],
  [503, ['5xx', 'gateway-error']],
  [504, ['5xx', 'gateway-error']],
  [505, ['5xx']],
  [599, ['5xx']],
  [600, []],
] as const) {
  test(`status ${status} fulfils ${conditions.join(', ') || 'nothing'}`, () => {
    const fulfilled = http.filter((condition) =>
      isRetriableResponse(compileRetryConditions([condition]), { status, headers: [] }),
    );
    assert.deepEqual(fulfilled, conditions);
  });
}

test('a gRPC status counts for its own condition, whatever the status of HTTP', () => {
  const byStatus = new Map<string, RetryCondition>([
    ['1', 'cancelled'],
    ['4', 'deadline-exceeded'],
    ['8', 'resource-exhausted'],
    ['14', 'unavailable'],
  ]);
  for (const text of [...Array(18).keys(), '', '01', ' 1', 'x'].map(String)) {
    const head = { status: 200, headers: ['grpc-status', text] };
    const fulfilled = [...http, ...grpc].filter((condition) =>
      isRetriableResponse(compileRetryConditions([condition]), head),
    );
    const condition = byStatus.get(text);
    assert.deepEqual(fulfilled, condition === undefined ? [] : [condition], text);
  }
});

test('an overloaded host is left alone, by HTTP and by gRPC', () => {
  const all = compileRetryConditions([...http, ...grpc]);
  for (const headers of [
    ['x-envoy-overloaded', 'true'],
    ['grpc-status', '14', 'x-envoy-overloaded', ''],
  ]) {
    assert.equal(isRetriableResponse(all, { status: 503, headers }), false);
  }
});

test('each header knows its own names, with blanks around them and among others', () => {
  assert.equal(parseRetryOn(undefined), 0);
  assert.equal(parseRetryOn(''), 0);
  assert.equal(parseRetryOn('5XX,4xx,,sometimes'), 0);
  assert.equal(parseRetryOn(http.join(',')), compileRetryConditions(http));
  assert.equal(parseRetryOn(` 5xx ,\tsometimes,${grpc.join()}`), compileRetryConditions(['5xx']));
  assert.equal(parseRetryGrpcOn(grpc.join(' , ')), compileRetryConditions(grpc));
  assert.equal(parseRetryGrpcOn(http.join()), 0);
});
