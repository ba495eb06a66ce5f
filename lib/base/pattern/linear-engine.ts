import { createRequire } from 'node:module';
import { PatternProblem } from './cursor.js';

/**
 * Upper bound of the states that the engine keeps for one pattern, as the engine counts them.
 * Beyond it the engine starts afresh, or goes on without states: slower, and still linear.
 */
const maxStateBytes = 512 * 1024;

type Re2 = typeof import('re2js');

let re2: Re2 | undefined;

/**
 * Makes a matcher for a pattern in the syntax of RE2, anchored on both sides, that takes linear
 * time whatever the pattern and the text. The engine is loaded when the first pattern needs it:
 * most configurations do without, and start sooner. Throws a `PatternProblem` for what is too large.
 */
export function createLinearMatcher(source: string): (text: string) => boolean {
  // The cast says what `require` returns for this name; it is typed `any`.
  re2 ??= createRequire(import.meta.url)('re2js') as Re2;
  // A set of one: only sets have a bound for their states.
  const set = new re2.RE2Set(re2.RE2Set.UNANCHORED, 0, maxStateBytes);
  try {
    set.add(source);
    set.compile();
  } catch (error) {
    // The engine has limits of its own for repetitions inside repetitions.
    const mend = 'lower the counts of its repetitions';
    throw new PatternProblem(`is too large for the linear engine; ${mend}`, { cause: error });
  }
  return (text) => set.match(text).length > 0;
}
