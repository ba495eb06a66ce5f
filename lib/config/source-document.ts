import type { KeyProblem } from './json-parser.js';
import type { JsonPath } from './json-path.js';
import { formatPosition, type TextPosition } from './json-syntax-error.js';
import type { PlacedMessage } from './problem-collector.js';

/**
 * A value read from a text, in whatever notation, that can tell where each part of it stands. The
 * value consists of what JSON has: plain objects, arrays, strings, finite numbers, booleans, null.
 */
export interface SourceDocument {
  readonly value: unknown;
  /** Keys that stand twice in an object, or that are forbidden. */
  readonly keyProblems: readonly PlacedMessage[];
  /**
   * The place of a value; that of its key if it is a member. A path that does not exist gives the
   * place of the innermost container that does.
   */
  positionOf(path: JsonPath): TextPosition;
  /** The places of several values, in one reading. */
  positionsOf(paths: readonly JsonPath[]): TextPosition[];
}

/**
 * What reading a text gave: a document, or the one reason why it is none. The reason is a whole
 * sentence; line and column are there if it has a place in the text.
 */
export type SourceResult<T extends SourceDocument = SourceDocument> =
  | {
      readonly document: T;
      readonly problem?: never;
      readonly line?: never;
      readonly column?: never;
    }
  | {
      readonly document?: never;
      readonly problem: string;
      readonly line?: number;
      readonly column?: number;
    };

/** A problem of a whole text as one line: `line 3, column 5: expected a value, found ,`. */
export function formatSourceProblem(
  result: Extract<SourceResult, { readonly problem: string }>,
): string {
  const { problem, line, column } = result;
  return line === undefined || column === undefined
    ? problem
    : `${formatPosition({ line, column })}: ${problem}`;
}

/** What is wrong with a key, and how to mend it. `position` is that of the key itself. */
export function describeKeyProblem(kind: KeyProblem['kind'], position: TextPosition): string {
  return kind === 'forbidden'
    ? 'this key is refused, as JavaScript gives it a meaning of its own'
    : `this key stands twice in its object, here and at ${formatPosition(position)}; ` +
        'remove one of them';
}
