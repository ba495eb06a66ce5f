import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLinearWithBacktracking } from '../../../../lib/base/pattern/cost.js';
import { createLinearMatcher } from '../../../../lib/base/pattern/linear-engine.js';
import type { PatternNode } from '../../../../lib/base/pattern/node.js';
import { withoutOuterPlaces } from '../../../../lib/base/pattern/outer-places.js';
import { parsePattern } from '../../../../lib/base/pattern/parser.js';
import { re2Dialect, writeWhole } from '../../../../lib/base/pattern/source-writer.js';
import { compilePattern } from '../../../../lib/base/pattern.js';
import { countBacktrackingSteps } from '../../../support/backtracking-steps.js';
import { randomPattern, randomText } from '../../../support/random-pattern.js';
import { SeededRandom } from '../../../support/seeded-random.js';

const patternCount = 3000;
const textsPerPattern = 20;

test('random patterns match what JavaScript matches, in every engine', () => {
  const random = new SeededRandom(20240611);
  const seen = new Map<string, number>();
  for (let count = 0; count < patternCount; count++) {
    const source = randomPattern(random);
    const expected = new RegExp(`^(?:${source})$`);
    const result = compilePattern(source);
    assert.ok('pattern' in result, `${source} ${JSON.stringify(result)}`);
    const { pattern } = result;
    const matchesLinearly = linearMatcherOf(source);
    for (let texts = 0; texts < textsPerPattern; texts++) {
      const text = randomText(random);
      const wanted = expected.test(text);
      const message = `/${source}/ against ${JSON.stringify(text)}`;
      assert.equal(pattern.matchesWhole(text), wanted, `${pattern.engine}: ${message}`);
      assert.equal(matchesLinearly(text), wanted, `linear: ${message}`);
      const key = `${pattern.engine} ${wanted}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  }
  for (const engine of ['text', 'native', 'linear']) {
    for (const answer of [true, false]) {
      const times = seen.get(`${engine} ${answer}`) ?? 0;
      assert.ok(times > 100, `${engine} answered ${answer} only ${times} times`);
    }
  }
});

/** The linear engine, for a pattern that another one may be faster for. */
function linearMatcherOf(source: string): (text: string) => boolean {
  return createLinearMatcher(writeWhole(withoutOuterPlaces(parsePattern(source)), re2Dialect));
}

test('random texts as patterns give a pattern or a problem, never an exception', () => {
  const random = new SeededRandom(7);
  const pieces = [...'()[]{}*+?|^$\\.-:=!<>,019abdkxu\u00e9\ud800'] as [string, ...string[]];
  for (let count = 0; count < 5000; count++) {
    const length = random.integer(10);
    const source = Array.from({ length }, () => random.pick(pieces)).join('');
    const result = compilePattern(source);
    if ('pattern' in result) {
      assert.equal(typeof result.pattern.matchesWhole('ab\ud800\u00e9\n'), 'boolean');
    } else {
      assert.match(result.problem, / at character \d+; /, source);
    }
  }
});

test('patterns left to backtracking take steps in proportion to the text', () => {
  const random = new SeededRandom(42);
  let checked = 0;
  for (let count = 0; count < patternCount; count++) {
    const source = randomPattern(random);
    const root = withoutOuterPlaces(parsePattern(source));
    if (isLinearWithBacktracking(root) && root.maxLength === Number.POSITIVE_INFINITY) {
      checked++;
      for (const unit of ['a', 'ab', 'a/', '-a.', randomText(random), randomText(random)]) {
        assertLinear(root, source, unit);
      }
    }
  }
  assert.ok(checked > 300, `only ${checked} patterns were checked`);
});

test('random patterns that look ahead are refused, or match what JavaScript matches in linear time', () => {
  const random = new SeededRandom(99);
  const seen = { true: 0, false: 0, refused: 0 };
  for (let count = 0; count < patternCount; count++) {
    const source = randomPattern(random, 'with lookaheads');
    const result = compilePattern(source);
    if (!('pattern' in result)) {
      assert.match(result.problem, /^looks ahead at character \d+; /, source);
      seen.refused++;
      continue;
    }
    const { pattern } = result;
    const expected = new RegExp(`^(?:${source})$`);
    for (let texts = 0; texts < textsPerPattern; texts++) {
      const text = randomText(random);
      const wanted = expected.test(text);
      seen[`${wanted}`]++;
      const message: string = `${pattern.engine}: /${source}/ against ${JSON.stringify(text)}`;
      assert.equal(pattern.matchesWhole(text), wanted, message);
    }
    const root = withoutOuterPlaces(parsePattern(source));
    if (isLinearWithBacktracking(root)) {
      assertLinear(root, source, 'a');
      assertLinear(root, source, randomText(random));
    }
  }
  assert.ok(seen.true > 100 && seen.false > 100 && seen.refused > 100, JSON.stringify(seen));
});

test('counting steps tells a pattern that takes quadratic time', () => {
  const root = parsePattern('.*a.*b');
  assert.throws(() => assertLinear(root, '.*a.*b', 'a'), /steps/);
});

/** Fails if twice the text takes clearly more than twice the steps. */
function assertLinear(root: PatternNode, source: string, unit: string): void {
  // A last character that does not fit makes the engine try everything it can.
  const textOf = (length: number): string => `${unit.repeat(length)}!`;
  const limit = 200_000;
  const short = countBacktrackingSteps(root, textOf(100), limit);
  const long = countBacktrackingSteps(root, textOf(200), limit);
  const message = `/${source}/ takes ${short} and ${long} steps for ${JSON.stringify(unit)}`;
  assert.ok(long < limit && long <= 2.2 * short + 200, message);
}
