import { type CharSet, complementOf, lastUnit } from './char-set.js';
import type { PatternNode } from './node.js';

/** How one of the two engines writes what they do not write alike. */
export interface Dialect {
  readonly start: string;
  readonly end: string;
  readonly any: string;
  readonly none: string;
  /** A character by its number. */
  unit(unit: number): string;
}

/** That of the engine of JavaScript, without flags. */
export const nativeDialect: Dialect = {
  start: '^',
  end: '$',
  any: '[^]',
  none: '[]',
  unit: (unit) => `\\u${unit.toString(16).padStart(4, '0')}`,
};

/** That of RE2. */
export const re2Dialect: Dialect = {
  start: '\\A',
  end: '\\z',
  any: '[\\x{0}-\\x{10ffff}]',
  none: '[^\\x{0}-\\x{10ffff}]',
  unit: (unit) => `\\x{${unit.toString(16)}}`,
};

/**
 * Writes a tree as the source of a pattern that matches only whole texts. Everything is spelled out
 * as sets of characters, so that no engine's own idea of `\s` or `.` comes in.
 */
export function writeWhole(node: PatternNode, dialect: Dialect): string {
  return `${dialect.start}(?:${write(node, dialect)})${dialect.end}`;
}

function write(node: PatternNode, dialect: Dialect): string {
  switch (node.kind) {
    case 'set':
      return writeSet(node.set, dialect);
    case 'place':
      return node.place === '^' ? dialect.start : node.place === '$' ? dialect.end : node.place;
    case 'sequence':
      return node.items.map((item) => writeItem(item, dialect)).join('');
    case 'choice':
      return node.items.map((item) => write(item, dialect)).join('|');
    case 'repeat':
      return `${writeItem(node.item, dialect, true)}${writeCount(node.min, node.max)}`;
    case 'lookahead':
      return `(?${node.isNegative ? '!' : '='}${write(node.item, dialect)})`;
  }
}

function writeItem(node: PatternNode, dialect: Dialect, isRepeated = false): string {
  const source = write(node, dialect);
  return node.kind === 'set' || (!isRepeated && node.kind !== 'choice') ? source : `(?:${source})`;
}

function writeCount(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) {
    return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  }
  return min === 0 && max === 1 ? '?' : min === max ? `{${min}}` : `{${min},${max}}`;
}

function writeSet(set: CharSet, dialect: Dialect): string {
  const [low, high] = set;
  if (low === undefined) {
    return dialect.none;
  }
  if (set.length === 2 && low === high) {
    return writeUnit(low, dialect);
  }
  // The short way round; above the code units it also takes in what only RE2 has there.
  if (set.at(-1) !== lastUnit) {
    return `[${writeRanges(set, dialect)}]`;
  }
  const rest = complementOf(set);
  return rest.length === 0 ? dialect.any : `[^${writeRanges(rest, dialect)}]`;
}

function writeRanges(set: CharSet, dialect: Dialect): string {
  let source = '';
  for (let index = 0; index < set.length; index += 2) {
    const low = set[index] ?? 0;
    const high = set[index + 1] ?? 0;
    source += writeUnit(low, dialect);
    source += low === high ? '' : `-${writeUnit(high, dialect)}`;
  }
  return source;
}

function writeUnit(unit: number, dialect: Dialect): string {
  const char = String.fromCharCode(unit);
  return /[\w/]/.test(char) ? char : dialect.unit(unit);
}
