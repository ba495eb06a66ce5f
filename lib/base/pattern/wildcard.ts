import { isSameSet } from './char-set.js';
import { dotSet } from './escape.js';
import type { PatternNode, RepeatNode } from './node.js';

/**
 * Longest text that is searched for between two wildcards: the search may compare each of its
 * characters at each place of the text.
 */
const maxPieceLength = 64;

const lineTerminator = /[\n\r\u2028\u2029]/;

/**
 * Returns a matcher for fixed text with wildcards (`/users`, `/static/.*`, `.*\.png`,
 * `.*\/v1\/.+\/keys`) that needs no engine, or `undefined` if the pattern is something else.
 *
 * Each piece between two wildcards is looked for once, and its first occurrence is as good as any:
 * one further on would leave less room for the rest. So the time is linear.
 */
export function createWildcardMatcher(node: PatternNode): ((text: string) => boolean) | undefined {
  const pieces = splitAtWildcards(node.kind === 'sequence' ? node.items : [node]);
  if (pieces === undefined) {
    return undefined;
  }
  const { prefix, wildcards } = pieces;
  const last = wildcards.at(-1);
  if (last === undefined) {
    return (text) => text === prefix;
  }
  const between = wildcards.slice(0, -1);
  const isSearchShort = between.every(({ piece }) => piece.length <= maxPieceLength);
  const isOneLine = !lineTerminator.test(prefix + wildcards.map(({ piece }) => piece).join(''));
  // No wildcard takes a line terminator, and no piece has one: so the text must have none at all.
  return isSearchShort && isOneLine
    ? (text) => matchPieces(text, prefix, between, last) && !lineTerminator.test(text)
    : undefined;
}

/** A wildcard of at least `min` characters, and the fixed text after it. */
interface Wildcard {
  readonly min: number;
  piece: string;
}

function splitAtWildcards(
  items: readonly PatternNode[],
): { prefix: string; wildcards: Wildcard[] } | undefined {
  let prefix = '';
  const wildcards: Wildcard[] = [];
  for (const item of items) {
    const last = wildcards.at(-1);
    const char = fixedChar(item);
    if (char === undefined) {
      if (item.kind !== 'repeat' || !isWildcard(item)) {
        return undefined;
      }
      wildcards.push({ min: item.min, piece: '' });
    } else if (last === undefined) {
      prefix += char;
    } else {
      last.piece += char;
    }
  }
  return { prefix, wildcards };
}

function fixedChar(node: PatternNode): string | undefined {
  return node.kind === 'set' && node.set.length === 2 && node.set[0] === node.set[1]
    ? String.fromCharCode(node.set[0] ?? 0)
    : undefined;
}

function isWildcard(node: RepeatNode): boolean {
  return (
    node.item.kind === 'set' &&
    node.max === Number.POSITIVE_INFINITY &&
    isSameSet(node.item.set, dotSet)
  );
}

function matchPieces(
  text: string,
  prefix: string,
  between: readonly Wildcard[],
  last: Wildcard,
): boolean {
  if (!text.startsWith(prefix) || !text.endsWith(last.piece)) {
    return false;
  }
  let position = prefix.length;
  for (const { min, piece } of between) {
    const found = text.indexOf(piece, position + min);
    if (found < 0) {
      return false;
    }
    position = found + piece.length;
  }
  return position + last.min + last.piece.length <= text.length;
}
