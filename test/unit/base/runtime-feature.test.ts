import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFeatureEnabled } from '../../../lib/base/runtime-feature.js';
import { createRuntime } from '../../support/route-fixture.js';
import { ScriptedRandom } from '../../support/scripted-random.js';

/** Whether the feature is on when these numbers are drawn, in turn. */
function drawn(percent: number | undefined, ...draws: number[]): boolean[] {
  const runtime = createRuntime(percent === undefined ? {} : { key: percent });
  const random = new ScriptedRandom(...draws);
  return draws.map(() => isFeatureEnabled(runtime, random, 'key'));
}

test('a feature is on without a value, and with one of 100 or more', () => {
  assert.deepEqual(drawn(undefined, 0, 99), [true, true]);
  assert.deepEqual(drawn(100, 0, 99), [true, true]);
  assert.deepEqual(drawn(1000, 0, 99), [true, true]);
});

test('a feature is off with a value of 0', () => {
  assert.deepEqual(drawn(0, 0, 99), [false, false]);
});

test('in between it is on for a share of the draws, each time anew', () => {
  assert.deepEqual(drawn(30, 29, 30, 129, 130), [true, false, true, false]);
});
