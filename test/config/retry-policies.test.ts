import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '../support/config-documents.js';
import { parseForward, routeWarnings } from '../support/route-documents.js';

describe('retry_on', () => {
  const retry = (retry_on: string): JsonObject => ({
    prefix: '/',
    cluster: 'a',
    retry_policy: { retry_on },
  });

  test('takes every condition of HTTP and of gRPC, with blanks between them', () => {
    const names =
      '5xx, gateway-error,connect-failure ,retriable-4xx,refused-stream,cancelled,' +
      'deadline-exceeded,resource-exhausted,unavailable';
    assert.deepEqual(routeWarnings(retry(names)), []);
    const { retryPolicy } = parseForward(retry(names));
    assert.deepEqual(
      retryPolicy?.retryOn,
      names.split(',').map((name) => name.trim()),
    );
    assert.equal(retryPolicy?.numRetries, 1);
    assert.equal(retryPolicy?.perTryTimeoutMs, 0);
  });

  test('warns of what is no condition, and names the one that was meant', () => {
    assert.deepEqual(routeWarnings(retry('5xx,conect-failure,sometimes')), [
      '.retry_policy.retry_on: "conect-failure" is no condition, and is passed over; ' +
        'did you mean "connect-failure"?',
      '.retry_policy.retry_on: "sometimes" is no condition, and is passed over',
    ]);
  });

  test('warns if no condition is left', () => {
    assert.deepEqual(routeWarnings(retry(' , ')), [
      '.retry_policy.retry_on: no condition is named, so nothing is tried again; there are 5xx, ' +
        'gateway-error, connect-failure, retriable-4xx, refused-stream, cancelled, ' +
        'deadline-exceeded, resource-exhausted, unavailable',
    ]);
  });
});
