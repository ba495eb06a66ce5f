import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RadixTree } from '../../../lib/router/radix-tree.js';
import { SeededRandom } from '../../support/seeded-random.js';

function randomText(random: SeededRandom, longest: number): string {
  const length = random.integer(longest + 1);
  return Array.from({ length }, () => random.pick(['a', 'a', 'b', '.'])).join('');
}

for (const end of ['start', 'end'] as const) {
  test(`the longest key at the ${end} of a text is found, as by comparing with each`, () => {
    const random = new SeededRandom(7);
    for (let table = 0; table < 200; table++) {
      const tree = new RadixTree<string>(end);
      const keys = Array.from({ length: random.integer(30) }, () => randomText(random, 8));
      for (const key of keys) {
        tree.set(key, key);
      }
      for (let i = 0; i < 50; i++) {
        const text = randomText(random, 12);
        const fitting = keys.filter((key) =>
          end === 'start' ? text.startsWith(key) : text.endsWith(key),
        );
        const [longest] = fitting.sort((a, b) => b.length - a.length);
        assert.equal(tree.findLongest(text), longest, `of ${text} among ${keys.join()}`);
      }
    }
  });
}

test('a value set again replaces the one before', () => {
  const tree = new RadixTree<number>('start');
  tree.set('/a', 1);
  tree.set('/a', 2);
  assert.equal(tree.findLongest('/ab'), 2);
});
