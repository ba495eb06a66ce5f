import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discoverableNames } from '../../../lib/config/discoverable-names.js';

test('without discovery there are the names of the configuration, and no others', () => {
  assert.deepEqual(discoverableNames(['a'], false, { b: 1 }, ['c']), ['a']);
});

test('with discovery, whatever the options name may come', () => {
  const names = discoverableNames(['a'], true, { b: 1, a: 2 }, ['c', 5], true, undefined);
  assert.deepEqual(names, ['a', 'b', 'c']);
});
