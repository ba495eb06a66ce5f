import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDnsName, searchNames } from '../../../../lib/upstream/dns/search-names.js';

const cluster = { search: ['default.svc.test', 'svc.test'], ndots: 2 };

test('a name with few dots is tried in the domains first', () => {
  assert.deepEqual(searchNames('orders', cluster), [
    'orders.default.svc.test',
    'orders.svc.test',
    'orders',
  ]);
  assert.deepEqual(searchNames('orders.prod', cluster), [
    'orders.prod.default.svc.test',
    'orders.prod.svc.test',
    'orders.prod',
  ]);
});

test('a name with ndots dots is tried as it is first', () => {
  assert.deepEqual(searchNames('a.b.test', cluster), [
    'a.b.test',
    'a.b.test.default.svc.test',
    'a.b.test.svc.test',
  ]);
  assert.deepEqual(searchNames('a', { search: ['b'], ndots: 0 }), ['a', 'a.b']);
});

test('a name that ends with a dot is complete', () => {
  assert.deepEqual(searchNames('orders.', cluster), ['orders']);
});

test('names that DNS cannot carry are left out', () => {
  const label = 'a'.repeat(63);
  assert.deepEqual(searchNames(`${label}a`, cluster), []);
  assert.deepEqual(searchNames('a..b.', cluster), []);
  assert.deepEqual(searchNames('.', cluster), []);
  const long = `${label}.${label}.${label}.${'b'.repeat(60)}`;
  assert.deepEqual(
    searchNames(long, { search: ['test'], ndots: 9 }),
    [long],
    'too long in a domain',
  );
  assert.ok(!isDnsName(`${long}b.c`));
  assert.ok(!isDnsName('b\u00fcro.test'));
});

test('no name is asked for twice', () => {
  assert.deepEqual(searchNames('a', { search: ['', 'b', 'b'], ndots: 1 }), ['a', 'a.b']);
});
