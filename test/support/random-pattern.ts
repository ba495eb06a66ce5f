import type { SeededRandom } from './seeded-random.js';

const atoms: readonly [string, ...string[]] = [
  'a',
  'b',
  'c',
  '/',
  '.',
  '-',
  '{',
  ']',
  '\\.',
  '\\/',
  '\\d',
  '\\w',
  '\\W',
  '\\D',
  '\\n',
  '\\x61',
  '\\u0062',
  '\\ca',
  '\\0',
  '[ab]',
  '[^a]',
  '[^/]',
  '[a-c]',
  '[\\d-]',
  '[-\\w.]',
  '[\\b\\-]',
  '[]',
  '[^]',
  '[a-b-c]',
];

const quantifiers: readonly [string, ...string[]] = [
  '',
  '',
  '',
  '',
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '??',
  '{2}',
  '{1,2}',
  '{0,3}?',
  '{2,}',
  '{0}',
  '{,2}',
];

const places: readonly [string, ...string[]] = ['^', '$', '\\b', '\\B'];

const groups: readonly [string, ...string[]] = ['(', '(?:', '('];

/** Whether patterns look ahead now and then. */
export type LookaheadMode = 'without lookaheads' | 'with lookaheads';

/** Makes a small pattern that is valid both for JavaScript and here, and means the same to both. */
export function randomPattern(
  random: SeededRandom,
  mode: LookaheadMode = 'without lookaheads',
  depth = 3,
): string {
  const alternatives = random.integer(4) === 0 ? 2 : 1;
  return Array.from({ length: alternatives }, () => randomSequence(random, mode, depth)).join('|');
}

function randomSequence(random: SeededRandom, mode: LookaheadMode, depth: number): string {
  let source = '';
  for (let count = random.integer(4); count > 0; count--) {
    if (random.integer(12) === 0) {
      source += random.pick(places);
      continue;
    }
    if (mode === 'with lookaheads' && depth > 0 && random.integer(4) === 0) {
      source += `${random.pick(['(?=', '(?!'])}${randomPattern(random, mode, depth - 1)})`;
      continue;
    }
    const isGroup = depth > 0 && random.integer(3) === 0;
    const atom = isGroup
      ? `${random.pick(groups)}${randomPattern(random, mode, depth - 1)})`
      : random.pick(atoms);
    source += atom + random.pick(quantifiers);
  }
  return source;
}

const characters: readonly [string, ...string[]] = [
  ...(['a', 'a', 'a', 'b', 'b', 'c', '/', '.', '-', '1', '{', ']'] as const),
  ...(['_', '\n', '\b', '\0', '\x01', ',', '2', '}', '\u00e9'] as const),
];

/** Makes a short text of characters that random patterns like. */
export function randomText(random: SeededRandom): string {
  const kinds = 1 + random.integer(characters.length);
  const length = random.integer(9);
  return Array.from({ length }, () => characters[random.integer(kinds)]).join('');
}
