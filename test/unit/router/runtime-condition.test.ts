import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRuntimeCondition } from '../../../lib/router/runtime-condition.js';
import { createRuntime, routedRequest } from '../../support/route-fixture.js';

/** How many of the random numbers from 0 to 99 match. */
function share(configured: number, values: Readonly<Record<string, number>> = {}): number {
  const config = { key: 'routing.new', default: configured };
  const condition = createRuntimeCondition(config, createRuntime(values));
  let count = 0;
  for (let random = 0; random < 100; random++) {
    count += condition.matches(routedRequest({}, random)) ? 1 : 0;
  }
  return count;
}

describe('the default', () => {
  for (const percent of [0, 1, 50, 99, 100]) {
    test(`${percent} matches as many of a hundred requests`, () => {
      assert.equal(share(percent), percent);
    });
  }

  test('above 100 matches every request', () => {
    assert.equal(share(1000), 100);
  });

  test('gives way to the value of the key', () => {
    assert.equal(share(50, { 'routing.new': 5 }), 5);
    assert.equal(share(50, { 'routing.new': 0 }), 0);
    assert.equal(share(50, { 'routing.other': 5 }), 50);
  });
});

test('a value below 0 matches no request', () => {
  assert.equal(share(50, { 'routing.new': -1 }), 0);
});

test('the remainder of the random number by 100 decides', () => {
  const condition = createRuntimeCondition({ key: 'k', default: 30 }, createRuntime({}));
  const cases: readonly (readonly [number, boolean])[] = [
    [29, true],
    [30, false],
    [129, true],
    [130, false],
    // The largest random number is 4294967295.
    [4_294_967_200, true],
    [4_294_967_229, true],
    [4_294_967_230, false],
    [4_294_967_295, false],
  ];
  for (const [random, expected] of cases) {
    assert.equal(condition.matches(routedRequest({}, random)), expected, String(random));
  }
});

test('a value that changes counts from then on', () => {
  const values: Record<string, number> = {};
  const condition = createRuntimeCondition({ key: 'k', default: 0 }, createRuntime(values));
  assert.equal(condition.matches(routedRequest({}, 0)), false);
  values['k'] = 1;
  assert.equal(condition.matches(routedRequest({}, 0)), true);
  assert.equal(condition.describe(), '1 % of the requests (runtime key "k")');
});

test('a condition says what it asks for', () => {
  const condition = createRuntimeCondition({ key: 'routing.new', default: 5 }, createRuntime({}));
  assert.equal(condition.describe(), '5 % of the requests (runtime key "routing.new")');
});
