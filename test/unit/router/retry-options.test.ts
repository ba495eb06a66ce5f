import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkRetryOptions, type RetryOptionsInput } from '../../../lib/router/retry-options.js';

const clusters = ['app', 'search'];

/** The message that the options are refused with. */
function refusal(options: Record<string, unknown>): string {
  try {
    // What JavaScript callers may pass.
    checkRetryOptions(options as RetryOptionsInput, clusters);
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error);
    assert.equal(error.code, 'SIDECAR_OPTION_INVALID');
    return error.message;
  }
  return 'taken';
}

describe('retryBudgets', () => {
  for (const [value, message] of [
    [undefined, 'taken'],
    [{}, 'taken'],
    [{ app: {}, '*': { budgetPercent: 12.5, minRetryConcurrency: 0 } }, 'taken'],
    [{ other: {} }, /names the cluster "other", but the clusters are: .*app.*search/],
    [{ app: { percent: 1 } }, /unknown option "retryBudgets\["app"\]\.percent"; there are: /],
    [{ app: { budgetPercent: 101 } }, /budgetPercent is 101, expected a number from 0 to 100/],
    [{ app: { budgetPercent: -1 } }, /budgetPercent is -1/],
    [{ app: { budgetPercent: '20' } }, /budgetPercent is "20"/],
    [{ app: { budgetPercent: Number.NaN } }, /budgetPercent is NaN/],
    [{ app: { minRetryConcurrency: 1.5 } }, /minRetryConcurrency is 1\.5, expected a whole number/],
    [{ app: { minRetryConcurrency: undefined } }, /minRetryConcurrency is nothing/],
    [{ app: 20 }, /retryBudgets\["app"\]/],
    [[], /retryBudgets/],
    ['app', /retryBudgets/],
  ] as const) {
    test(`${JSON.stringify(value)} is ${message}`, () => {
      const found = refusal({ retryBudgets: value });
      assert.match(found, typeof message === 'string' ? /^taken$/ : message);
    });
  }
});

describe('hedgeOnPerTryTimeout', () => {
  for (const [value, hedged] of [
    [undefined, []],
    [true, ['app', 'search']],
    [['search'], ['search']],
    [[], []],
  ] as const) {
    test(`${JSON.stringify(value)} is for ${hedged.join(' and ') || 'no cluster'}`, () => {
      const options = checkRetryOptions({ hedgeOnPerTryTimeout: value }, clusters);
      assert.deepEqual(
        clusters.filter((name) => options.isHedged(name)),
        hedged,
      );
    });
  }

  for (const [value, message] of [
    [false, /is false, expected true or an array of clusters/],
    ['app', /is "app", expected true/],
    [['app', 'other'], /names "other", but the clusters are: .*app.*search/],
    [[1], /names 1/],
  ] as const) {
    test(`${JSON.stringify(value)} is refused`, () => {
      assert.match(refusal({ hedgeOnPerTryTimeout: value }), message);
    });
  }
});
