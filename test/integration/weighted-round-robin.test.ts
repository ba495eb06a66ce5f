import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BalancedProxy } from '../support/balanced-proxy.js';
import type { Json } from '../support/config-builder.js';

const weighing = (weight: number): Json => ({ load_balancing_weight: weight });

test('load_balancing_weight: hosts have turns in proportion to their weights', async (t) => {
  const balanced = await BalancedProxy.start(t);
  await balanced.setHosts(['a', weighing(1)], ['b', weighing(2)], ['c', weighing(5)]);
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(await balanced.shares(8), { a: 1, b: 2, c: 5 });
  }
  assert.equal((await balanced.counts('max_host_weight')).max_host_weight, 5);
});

test('a new weight counts at once, and is no change of the members', async (t) => {
  const balanced = await BalancedProxy.start(t);
  await balanced.setHosts(['a', weighing(1)], ['b', weighing(1)]);
  assert.deepEqual(await balanced.shares(4), { a: 2, b: 2 });
  await balanced.setHosts(['a', weighing(3)], ['b', weighing(1)]);
  assert.deepEqual(await balanced.shares(8), { a: 6, b: 2 });
  const counts = await balanced.counts('membership_change', 'max_host_weight', 'upstream_cx_total');
  assert.deepEqual(counts, { membership_change: 1, max_host_weight: 3, upstream_cx_total: 2 });
});

test('before, during and after an outage of a host', async (t) => {
  const balanced = await BalancedProxy.start(t);
  const [a, b, c]: [string, Json][] = [
    ['a', weighing(1)],
    ['b', weighing(2)],
    ['c', weighing(3)],
  ];
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  await balanced.setHosts(a, b, c);
  assert.deepEqual(await balanced.shares(6), { a: 1, b: 2, c: 3 });
  await balanced.setHosts(a, c);
  assert.deepEqual(await balanced.shares(8), { a: 2, c: 6 });
  await balanced.setHosts(a, b, c);
  assert.deepEqual(await balanced.shares(6), { a: 1, b: 2, c: 3 });
});
