import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  reportReset,
  reportResponse,
  reportTimeout,
} from '../../../lib/upstream/attempt-report.js';
import type { BreakerPass } from '../../../lib/upstream/breaker/failure-rate-breaker.js';
import type { Host } from '../../../lib/upstream/host.js';
import { ClusterFixture } from '../../support/cluster-fixture.js';

/** A host and a breaker that note what they are told. */
class Watched {
  readonly host: Host = new ClusterFixture().host(1);
  readonly told: string[] = [];
  readonly pass: BreakerPass = {
    settle: (isFailure) => this.told.push(isFailure ? 'failure' : 'success'),
    release: () => {},
  };

  constructor() {
    const putResult = (status: number): unknown => this.told.push(`outlier ${status}`);
    this.host.outlierMonitor = { successRate: -1, putResult };
    this.host.healthMonitor = { failNow: () => this.told.push('fail now') };
  }
}

for (const [status, expected] of [
  [200, ['outlier 200', 'success']],
  [499, ['outlier 499', 'success']],
  [500, ['outlier 500', 'failure']],
  [599, ['outlier 599', 'failure']],
  [600, ['outlier 600', 'success']],
] as const) {
  test(`a response of ${status} is ${expected.join(' and ')}`, () => {
    const watched = new Watched();
    reportResponse(watched.host, watched.pass, { status, headers: [] });
    assert.deepEqual(watched.told, expected);
  });
}

test('x-envoy-immediate-health-check-fail, whatever its value, fails the health check at once', () => {
  for (const value of ['true', 'false', '']) {
    const { host, told } = new Watched();
    const headers = ['x-envoy-immediate-health-check-fail', value];
    reportResponse(host, undefined, { status: 200, headers });
    assert.deepEqual(told, ['outlier 200', 'fail now']);
    assert.deepEqual(headers, ['x-envoy-immediate-health-check-fail', value]);
  }
});

test('a reset is status 503 and a failure, unless our own limits refused the attempt', () => {
  const watched = new Watched();
  reportReset(watched.host, watched.pass, 'connect-failure');
  reportReset(watched.host, watched.pass, 'overflow');
  assert.deepEqual(watched.told, ['outlier 503', 'failure']);
});

test('a time-out is the status that the client gets, and a failure', () => {
  const watched = new Watched();
  reportTimeout(watched.host, watched.pass, 204);
  reportTimeout(undefined, watched.pass, 504);
  assert.deepEqual(watched.told, ['outlier 204', 'failure', 'failure']);
});

test('nobody watches: nothing happens', () => {
  const host = new ClusterFixture().host(1);
  reportResponse(host, undefined, { status: 500, headers: [] });
  reportReset(host, undefined, 'remote-reset');
  reportTimeout(host, undefined, 504);
});
