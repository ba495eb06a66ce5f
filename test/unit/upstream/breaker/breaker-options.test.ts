import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkBreakers } from '../../../../lib/upstream/breaker/breaker-options.js';
import { defaultBreakerPolicy } from '../../../../lib/upstream/breaker/breaker-policy.js';

const clusters = ['app', 'search'];

/** The message that the option is refused with. */
function refusal(value: unknown): string {
  try {
    checkBreakers(value, clusters);
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error);
    assert.equal(error.code, 'SIDECAR_OPTION_INVALID');
    return error.message;
  }
  return 'taken';
}

for (const [value, message] of [
  [undefined, 'taken'],
  [{}, 'taken'],
  [{ app: {}, '*': { errorThresholdPercentage: 12.5, halfOpenProbes: 5 } }, 'taken'],
  [{ app: { errorThresholdPercentage: 0, volumeThreshold: 1, resetTimeout: 1 } }, 'taken'],
  [{ app: { rollingCountTimeout: 1000, rollingCountBuckets: 100 } }, 'taken'],
  [{ other: {} }, /names the cluster "other", but the clusters are: app, search; "\*" stands for/],
  [{ app: { timeout: 1 } }, /unknown option "breakers\["app"\]\.timeout"; there are: .*halfOpen/],
  [{ app: { toString: 1 } }, /unknown option "breakers\["app"\]\.toString"/],
  [{ app: { errorThresholdPercentage: 100 } }, /Percentage is 100, expected .* less than 100/],
  [{ app: { errorThresholdPercentage: -1 } }, /errorThresholdPercentage is -1/],
  [{ app: { errorThresholdPercentage: '50' } }, /errorThresholdPercentage is "50"/],
  [{ app: { errorThresholdPercentage: Number.NaN } }, /errorThresholdPercentage is NaN/],
  [{ app: { resetTimeout: 0 } }, /resetTimeout is 0, expected a whole number from 1 to 2147483647/],
  [{ app: { resetTimeout: 1.5 } }, /resetTimeout is 1\.5/],
  [{ app: { volumeThreshold: 0 } }, /volumeThreshold is 0, expected a whole number from 1/],
  [{ app: { halfOpenProbes: 0 } }, /halfOpenProbes is 0/],
  [{ app: { halfOpenProbes: undefined } }, /halfOpenProbes is nothing/],
  [{ app: { rollingCountBuckets: 101 } }, /rollingCountBuckets is 101, .* from 1 to 100/],
  [
    { app: { rollingCountTimeout: 999, rollingCountBuckets: 100 } },
    /100 steps in 999 ms, .* less than 10 ms for each; make rollingCountTimeout longer, or/,
  ],
  [{ app: 50 }, /breakers\["app"\] is 50, expected an object/],
  [[], /breakers/],
  ['app', /breakers/],
] as const) {
  test(`${JSON.stringify(value)} is ${message}`, () => {
    assert.match(refusal(value), typeof message === 'string' ? /^taken$/ : message);
  });
}

test('what is left out has its default', () => {
  const policies = checkBreakers({ app: {}, '*': { resetTimeout: 5 } }, clusters);
  assert.deepEqual(policies.get('app'), defaultBreakerPolicy);
  assert.deepEqual(policies.get('*'), { ...defaultBreakerPolicy, resetTimeout: 5 });
});
