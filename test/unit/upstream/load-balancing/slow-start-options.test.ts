import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSlowStart } from '../../../../lib/upstream/load-balancing/slow-start-options.js';

const clusters = [
  { name: 'orders', lbType: 'round_robin' },
  { name: 'ring', lbType: 'ring_hash' },
] as const;

test('what is left out has its default', () => {
  const policies = checkSlowStart(
    { orders: { windowMs: 60_000 }, '*': { windowMs: 1, aggression: 2, minWeightPercent: 5 } },
    clusters,
  );
  assert.deepEqual(
    [...policies],
    [
      ['orders', { windowMs: 60_000, aggression: 1, minWeightPercent: 10 }],
      ['*', { windowMs: 1, aggression: 2, minWeightPercent: 5 }],
    ],
  );
  assert.equal(checkSlowStart(undefined, clusters).size, 0);
});

for (const [value, message] of [
  [1, /^slowStart is 1, expected an object$/],
  [{ orderz: { windowMs: 1 } }, /names the cluster "orderz", but the clusters are: orders, ring;/],
  [
    { ring: { windowMs: 1 } },
    /"ring", whose lb_type is "ring_hash"; hosts start slowly with: round/,
  ],
  [{ orders: 60 }, /^slowStart\["orders"\] is 60, expected an object$/],
  [{ orders: {} }, /^slowStart\["orders"\] has no windowMs/],
  [{ orders: { windowMs: 0 } }, /windowMs is 0, expected a number above 0 and up to 86400000$/],
  [{ orders: { windowMs: '60' } }, /windowMs is "60", expected/],
  [{ orders: { windowMs: Number.NaN } }, /windowMs is NaN, expected/],
  [{ orders: { windowMs: 1, aggression: -1 } }, /aggression is -1, expected/],
  [{ orders: { windowMs: 1, minWeightPercent: 101 } }, /minWeightPercent is 101, expected/],
  [{ orders: { window: 1 } }, /unknown option "slowStart\["orders"\].window"; there are: windowMs/],
] as const) {
  test(`${JSON.stringify(value)} is refused: ${message}`, () => {
    assert.throws(() => checkSlowStart(value, clusters), {
      code: 'SIDECAR_OPTION_INVALID',
      message,
    });
  });
}
