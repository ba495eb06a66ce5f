import { charSetOf } from './char-set.js';
import { parseClass } from './class-parser.js';
import { Cursor } from './cursor.js';
import { dotSet, readEscape } from './escape.js';
import type { PatternNode } from './node.js';
import {
  choiceNode,
  emptyNode,
  lookaheadNode,
  placeNode,
  repeatNode,
  sequenceNode,
  setNode,
} from './tree.js';

/** How deep groups may be nested; well below what the stack bears. */
export const maxDepth = 100;

const quantifier = /(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/y;
const lookaheadMark = /\?([=!])/y;
const groupName = /\?<[A-Za-z_$][\w$]*>/y;
const groupFlags = /\?[a-zA-Z-]+[:)]/y;

/**
 * Reads a pattern in the grammar of ECMAScript, with its leniencies (a lone `{` or `]` stands for
 * itself) and the POSIX classes of C++. Throws a `PatternProblem` for what is wrong, and for what
 * no engine matches in linear time.
 */
export function parsePattern(source: string): PatternNode {
  const cursor = new Cursor(source);
  const node = parseChoice(cursor, 0);
  if (!cursor.isAtEnd) {
    const mend = 'remove it, or write "\\)" for the character itself';
    throw cursor.problem('has an unmatched ")"', mend, cursor.position);
  }
  return node;
}

function parseChoice(cursor: Cursor, depth: number): PatternNode {
  const items: PatternNode[] = [];
  do {
    items.push(parseSequence(cursor, depth));
  } while (cursor.take('|'));
  return choiceNode(items);
}

function parseSequence(cursor: Cursor, depth: number): PatternNode {
  const items: PatternNode[] = [];
  while (!cursor.isAtEnd && !cursor.isAt('|') && !cursor.isAt(')')) {
    const looksAhead = cursor.isAt('(?=') || cursor.isAt('(?!');
    const place = parsePlace(cursor);
    const item = place ?? parseAtom(cursor, depth);
    const start = cursor.position;
    const repeated = parseQuantifier(cursor, item);
    if ((place !== undefined || looksAhead) && cursor.position > start) {
      throw nothingToRepeat(cursor, start);
    }
    items.push(repeated);
  }
  return sequenceNode(items);
}

function parsePlace(cursor: Cursor): PatternNode | undefined {
  for (const place of ['^', '$', '\\b', '\\B'] as const) {
    if (cursor.take(place)) {
      return placeNode(place);
    }
  }
  return undefined;
}

function parseAtom(cursor: Cursor, depth: number): PatternNode {
  const start = cursor.position;
  if (cursor.match(quantifier) !== undefined) {
    throw nothingToRepeat(cursor, start);
  }
  const char = cursor.next();
  switch (char) {
    case '(':
      return parseGroup(cursor, depth + 1);
    case '[':
      return setNode(parseClass(cursor));
    case '.':
      return setNode(dotSet);
    case '\\':
      return parseEscape(cursor, start);
    default:
      return setNode(charSetOf(char.charCodeAt(0)));
  }
}

function parseGroup(cursor: Cursor, depth: number): PatternNode {
  const opened = cursor.position - 1;
  if (depth > maxDepth) {
    const mend = `at most ${maxDepth} may lie inside each other`;
    throw cursor.problem('has too many groups inside each other', mend, opened);
  }
  const lookahead = cursor.match(lookaheadMark)?.[1];
  const isPlain = lookahead !== undefined || !cursor.isAt('?') || cursor.take('?:');
  if (!isPlain && cursor.match(groupName) === undefined) {
    refuseGroup(cursor, opened);
  }
  const node = parseChoice(cursor, depth);
  if (!cursor.take(')')) {
    const mend = 'close it with ")", or write "\\(" for the character itself';
    throw cursor.problem('has a group that is not closed, opened', mend, opened);
  }
  return lookahead === undefined ? node : lookaheadNode(node, lookahead === '!', opened);
}

function refuseGroup(cursor: Cursor, opened: number): never {
  if (/^\?<[=!]/.test(cursor.source.slice(cursor.position, cursor.position + 3))) {
    const mend = 'Envoy has only looking ahead: write what may stand there, or use "(?!...)"';
    throw cursor.problem('looks behind', mend, opened);
  }
  if (cursor.match(groupFlags) !== undefined) {
    const mend = 'ECMAScript has none in a pattern: write both cases, as in [aA]';
    throw cursor.problem('sets flags', mend, opened);
  }
  const mend = 'write "(?:" for a group, or "\\(" for the character itself';
  throw cursor.problem('has an invalid group', mend, opened);
}

function parseEscape(cursor: Cursor, start: number): PatternNode {
  if (cursor.isAtEnd) {
    throw cursor.problem('ends in a lone backslash', 'write "\\\\" for a backslash', start);
  }
  if (/^(?:[1-9]|k<)/.test(cursor.source.slice(cursor.position, cursor.position + 2))) {
    const mend = 'no engine matches it in linear time: write out what may stand there';
    throw cursor.problem('has a back-reference', mend, start);
  }
  return setNode(readEscape(cursor));
}

function parseQuantifier(cursor: Cursor, item: PatternNode): PatternNode {
  const start = cursor.position;
  const match = cursor.match(quantifier);
  if (match === undefined) {
    return item;
  }
  const [text, least, comma, most] = match;
  if (least === undefined) {
    const max = text.startsWith('?') ? 1 : Number.POSITIVE_INFINITY;
    return item === emptyNode ? item : repeatNode(item, text.startsWith('+') ? 1 : 0, max);
  }
  const min = Number(least);
  const max = comma === undefined ? min : most === '' ? Number.POSITIVE_INFINITY : Number(most);
  if (min > max) {
    throw cursor.problem('repeats from more to fewer times', 'write the lower number first', start);
  }
  return repeatNode(item, min, max);
}

function nothingToRepeat(cursor: Cursor, index: number): Error {
  const mend = 'put a backslash before it for the character itself';
  return cursor.problem('has nothing to repeat', mend, index);
}
