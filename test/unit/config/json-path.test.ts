import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DocumentOrder, formatJsonPath, type JsonPath } from '../../../lib/config/json-path.js';

test('a path is written as one would in code', () => {
  assert.equal(formatJsonPath([]), '');
  assert.equal(
    formatJsonPath(['cluster_manager', 'clusters', 2, 'lb_type']),
    'cluster_manager.clusters[2].lb_type',
  );
  assert.equal(formatJsonPath(['a', 'b.c', '', '1', 'x-y', '$z']), 'a["b.c"][""]["1"].x-y.$z');
});

test('entries are sorted as their values stand, containers first, equal paths as they came', () => {
  const document = { b: [{ y: 1, x: 2 }, 3], a: 4 };
  const paths: JsonPath[] = [['a'], ['b', 1], ['b', 0, 'x'], ['b', 0, 'y'], ['b', 0], ['b'], []];
  const entries = [...paths, ...paths].map((path, index) => ({ path, index }));
  const sorted = new DocumentOrder(document).sort(entries);
  assert.deepEqual(
    sorted.map(({ index }) => index),
    [6, 13, 5, 12, 4, 11, 3, 10, 2, 9, 1, 8, 0, 7],
  );
});

test('paths that lead nowhere do no harm', () => {
  const entries = [
    { path: ['a', 'b', 'c'] },
    { path: ['toString', 0] },
    { path: ['a', 5] },
    { path: ['a'] },
  ];
  assert.equal(new DocumentOrder({ a: null }).sort(entries).length, 4);
  assert.equal(new DocumentOrder(undefined).sort(entries).length, 4);
});
