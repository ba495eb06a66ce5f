import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatSource } from '../../../../lib/telemetry/stats/stat-source.js';
import { StatsStore } from '../../../../lib/telemetry/stats/stats-store.js';

function source(values: Record<string, number>): StatSource {
  return {
    visitStats: (visitor) => {
      for (const [name, value] of Object.entries(values)) {
        visitor(name, value);
      }
    },
    resetCounters: () => {
      for (const name of Object.keys(values)) {
        values[name] = 0;
      }
    },
  };
}

function lines(store: StatsStore): string[] {
  return store.list().map(({ name, value }) => `${name}: ${value}`);
}

test('an empty store lists nothing', () => {
  assert.deepEqual(new StatsStore().list(), []);
});

test('names are prefix, dot and name, sorted across all sources', () => {
  const store = new StatsStore();
  store.register('http.edge', source({ rq_total: 3, no_route: 1 }));
  store.register('cluster.b', source({ z: 1, a: 2 }));
  store.register('cluster.a', source({ m: 4 }));
  assert.deepEqual(lines(store), [
    'cluster.a.m: 4',
    'cluster.b.a: 2',
    'cluster.b.z: 1',
    'http.edge.no_route: 1',
    'http.edge.rq_total: 3',
  ]);
});

test('a prefix may have its final dot', () => {
  const store = new StatsStore();
  store.register('cluster.a.', source({ x: 1 }));
  assert.deepEqual(lines(store), ['cluster.a.x: 1']);
});

test('sources whose prefixes begin alike are sorted into each other', () => {
  const store = new StatsStore();
  store.register('cluster.a.b', source({ a: 1, z: 2 }));
  store.register('cluster.a-b', source({ a: 3 }));
  store.register('cluster.a', source({ a: 4, 'b.m': 5, z: 6 }));
  store.register('cluster.ab', source({ a: 7 }));
  const names = store.list().map(({ name }) => name);
  assert.deepEqual(names, [...names].sort());
  assert.equal(names.length, 7);
  assert.ok(names.includes('cluster.a.b.m'));
});

test('values of the same name are added up', () => {
  const store = new StatsStore();
  store.register('http.ingress', source({ rq_total: 3 }));
  store.register('http.ingress', source({ rq_total: 4 }));
  assert.deepEqual(lines(store), ['http.ingress.rq_total: 7']);
});

test('colons in prefixes and names become underscores', () => {
  const store = new StatsStore();
  store.register('listener.[::1]:80', source({ 'a:b': 1 }));
  assert.deepEqual(lines(store), ['listener.[__1]_80.a_b: 1']);
});

test('a source that was taken out is not listed, and taking it out twice harms nobody', () => {
  const store = new StatsStore();
  const values = source({ x: 1 });
  const unregister = store.register('cluster.a', values);
  store.register('cluster.a', values);
  unregister();
  unregister();
  assert.deepEqual(lines(store), ['cluster.a.x: 1']);
});

test('a source that comes after a listing is in the next', () => {
  const store = new StatsStore();
  store.register('b', source({ x: 1 }));
  store.list();
  store.register('a', source({ x: 2 }));
  assert.deepEqual(lines(store), ['a.x: 2', 'b.x: 1']);
});

test('a reader in the middle is not disturbed by sources that come and go', () => {
  const store = new StatsStore();
  store.register('a', source({ x: 1 }));
  const unregister = store.register('b', source({ x: 2 }));
  const entries = store.entries();
  assert.equal(entries.next().value?.name, 'a.x');
  unregister();
  store.register('c', source({ x: 3 }));
  assert.deepEqual(
    [...entries].map(({ name }) => name),
    ['b.x'],
  );
});

test('resetting reaches every source', () => {
  const store = new StatsStore();
  store.register('a', source({ x: 1 }));
  store.register('b', source({ x: 2 }));
  store.resetCounters();
  assert.deepEqual(lines(store), ['a.x: 0', 'b.x: 0']);
});
