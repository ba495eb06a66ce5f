import { isLinearWithBacktracking } from './pattern/cost.js';
import { PatternProblem } from './pattern/cursor.js';
import { findLookahead } from './pattern/find-lookahead.js';
import { createLinearMatcher } from './pattern/linear-engine.js';
import type { PatternNode } from './pattern/node.js';
import { withoutOuterPlaces } from './pattern/outer-places.js';
import { parsePattern } from './pattern/parser.js';
import { nativeDialect, re2Dialect, writeWhole } from './pattern/source-writer.js';
import { widthOf } from './pattern/width.js';
import { createWildcardMatcher } from './pattern/wildcard.js';

/** Longest pattern accepted, in bytes of UTF-8. */
export const maxPatternLength = 4096;

/** How many characters a pattern may spell when its repetitions are written out. */
export const maxPatternSize = 1000;

/**
 * How many places of a pattern a text may be at at once, if the pattern needs the linear engine. At
 * worst that engine looks at all of them for each character of a text.
 */
export const maxPatternWidth = 200;

/** A regular expression of the configuration, ready for use. No text can make it stall. */
export interface Pattern {
  /** As the configuration has it. */
  readonly source: string;
  /**
   * What matches the texts: comparing and searching alone, the engine of JavaScript (only for
   * patterns on which it takes linear time), or the linear engine. For tests and for reports.
   */
  readonly engine: 'text' | 'native' | 'linear';
  /** Whether all of a text matches. The text has one character for each byte (`latin1`). */
  matchesWhole(text: string): boolean;
}

/**
 * Compiles a regular expression in the grammar of ECMAScript, as Envoy reads it: a character is a
 * byte, and what is not ASCII stands for its bytes in UTF-8.
 *
 * `problem` goes on from "the pattern": what is wrong with it, where, and how to mend it.
 */
export function compilePattern(source: string): { pattern: Pattern } | { problem: string } {
  const bytes = Buffer.from(source, 'utf8').toString('latin1');
  if (bytes.length > maxPatternLength) {
    const mend = 'split it into several routes or matchers';
    return { problem: `is longer than ${maxPatternLength} bytes; ${mend}` };
  }
  try {
    const root = withoutOuterPlaces(parsePattern(bytes));
    checkSize(root, bytes.length);
    return { pattern: { source, ...chooseEngine(root) } };
  } catch (error) {
    if (error instanceof PatternProblem) {
      return { problem: error.message };
    }
    throw error;
  }
}

function checkSize(root: PatternNode, length: number): void {
  // What is written out already is bounded by the length of the pattern.
  const maxSize = Math.max(maxPatternSize, length);
  if (root.size > maxSize) {
    const what = `spells more than ${maxSize} characters when its repetitions are written out`;
    throw new PatternProblem(`${what}; lower their counts, or use "*" or "+" instead`);
  }
}

/** Takes the fastest of the engines that take linear time for the pattern. */
function chooseEngine(root: PatternNode): Omit<Pattern, 'source'> {
  const matchesPieces = createWildcardMatcher(root);
  if (matchesPieces !== undefined) {
    return { engine: 'text', matchesWhole: matchesPieces };
  }
  if (isLinearWithBacktracking(root)) {
    const expression = new RegExp(writeWhole(root, nativeDialect));
    return { engine: 'native', matchesWhole: (text) => expression.test(text) };
  }
  const lookahead = findLookahead(root);
  if (lookahead !== undefined) {
    const place = `looks ahead at character ${lookahead.position + 1}`;
    const mend =
      'it takes more than linear time in this pattern: make what follows it plainer, or use ' +
      'several routes, of which the first that matches wins';
    throw new PatternProblem(`${place}; ${mend}`);
  }
  if (root.size > maxPatternSize || widthOf(root) > maxPatternWidth) {
    const mend = 'lower the counts of its repetitions, or split it into several routes or matchers';
    throw new PatternProblem(`is too ambiguous for its size; ${mend}`);
  }
  return { engine: 'linear', matchesWhole: createLinearMatcher(writeWhole(root, re2Dialect)) };
}
