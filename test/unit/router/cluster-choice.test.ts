import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultRuntime, isInShare } from '../../../lib/base/runtime.js';
import type { RouteTargetConfig } from '../../../lib/config/route-action-config.js';
import { createClusterChoice } from '../../../lib/router/cluster-choice.js';
import { asBytes, createRuntime, routedRequest } from '../../support/route-fixture.js';

test('a cluster is the one that stands there', () => {
  const choose = createClusterChoice({ kind: 'cluster', cluster: 'a' }, defaultRuntime);
  assert.equal(choose(routedRequest({}, 7)), 'a');
});

describe('cluster_header', () => {
  const choose = createClusterChoice(
    { kind: 'cluster_header', header: 'x-cluster' },
    defaultRuntime,
  );

  test('names the cluster', () => {
    assert.equal(choose(routedRequest({ headers: ['x-cluster', 'b'] })), 'b');
  });

  test('names none if it is missing', () => {
    assert.equal(choose(routedRequest()), '');
  });

  test('counts the first time if it came twice, as in Envoy', () => {
    assert.equal(choose(routedRequest({ headers: ['x-cluster', 'b', 'x-cluster', 'c'] })), 'b');
  });

  test('may be a part of the head', () => {
    const byHost = createClusterChoice(
      { kind: 'cluster_header', header: ':authority' },
      defaultRuntime,
    );
    assert.equal(byHost(routedRequest({ authority: 'Foo.com:80' })), 'Foo.com:80');
  });

  test('names a cluster by its bytes in UTF-8', () => {
    assert.equal(choose(routedRequest({ headers: ['x-cluster', asBytes('größe')] })), 'größe');
  });
});

describe('weighted_clusters', () => {
  const target: RouteTargetConfig = {
    kind: 'weighted_clusters',
    clusters: [
      { name: 'a', weight: 30 },
      { name: 'b', weight: 0 },
      { name: 'c', weight: 70 },
    ],
    runtimeKeyPrefix: 'split',
  };

  /** How often each cluster is chosen, over the random numbers from `first` on. */
  function countChoices(values: Readonly<Record<string, number>>, first = 0): object {
    const choose = createClusterChoice(target, createRuntime(values));
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (let random = first; random < first + 100; random++) {
      const name = choose(routedRequest({}, random));
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  test('get their shares', () => {
    assert.deepEqual(countChoices({}), { a: 30, b: 0, c: 70 });
    assert.deepEqual(countChoices({}, 4_294_967_000), { a: 30, b: 0, c: 70 });
  });

  test('are chosen by the remainder of the random number by 100, in their order', () => {
    const choose = createClusterChoice(target, defaultRuntime);
    const cases = { 0: 'a', 29: 'a', 30: 'c', 99: 'c', 100: 'a', 129: 'a', 130: 'c' };
    for (const [random, name] of Object.entries(cases)) {
      assert.equal(choose(routedRequest({}, Number(random))), name, random);
    }
  });

  test('take their weights from the runtime, with those of the file as defaults', () => {
    assert.deepEqual(countChoices({ 'split.a': 10, 'split.b': 20 }), { a: 10, b: 20, c: 70 });
    assert.deepEqual(countChoices({ 'other.a': 10, a: 10 }), { a: 30, b: 0, c: 70 });
  });

  test('starve behind the hundredth when the sum is above 100', () => {
    assert.deepEqual(countChoices({ 'split.a': 60, 'split.b': 60 }), { a: 60, b: 40, c: 0 });
    assert.deepEqual(countChoices({ 'split.a': 200 }), { a: 100, b: 0, c: 0 });
  });

  test('leave the rest to the last one when the sum is below 100', () => {
    assert.deepEqual(countChoices({ 'split.a': 10, 'split.c': 10 }), { a: 10, b: 0, c: 90 });
    assert.deepEqual(countChoices({ 'split.a': 0, 'split.c': 0 }), { a: 0, b: 0, c: 100 });
  });

  test('look at no runtime key without a prefix', () => {
    const asked: string[] = [];
    const choose = createClusterChoice(
      { ...target, runtimeKeyPrefix: undefined },
      {
        integer(key, fallback) {
          asked.push(key);
          return fallback;
        },
      },
    );
    assert.equal(choose(routedRequest({}, 99)), 'c');
    assert.deepEqual(asked, []);
  });

  test('are drawn by the number that a runtime fraction is drawn by', () => {
    // Of the requests within 10 %, a split into halves sees the first half only.
    const halves = createClusterChoice(
      {
        kind: 'weighted_clusters',
        clusters: [
          { name: 'a', weight: 50 },
          { name: 'b', weight: 50 },
        ],
        runtimeKeyPrefix: undefined,
      },
      defaultRuntime,
    );
    const within = Array.from({ length: 1000 }, (_, random) => random).filter((random) =>
      isInShare(random, 10),
    );
    assert.equal(within.length, 100);
    assert.ok(within.every((random) => halves(routedRequest({}, random)) === 'a'));
  });
});
