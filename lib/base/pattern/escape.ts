import { type CharSet, charSetFrom, charSetOf, complementOf } from './char-set.js';
import type { Cursor } from './cursor.js';

const digit: CharSet = charSetFrom([0x30, 0x39]);
const word: CharSet = charSetFrom([0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]);
/** Those of the C locale, as in Envoy: U+00A0 may be the second byte of a letter. */
const space: CharSet = charSetFrom([0x09, 0x0d, 0x20, 0x20]);

/** What `.` matches: everything but the line terminators of ECMAScript. */
export const dotSet: CharSet = complementOf(charSetFrom([0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029]));

const setEscapes: ReadonlyMap<string, CharSet> = new Map([
  ['d', digit],
  ['D', complementOf(digit)],
  ['w', word],
  ['W', complementOf(word)],
  ['s', space],
  ['S', complementOf(space)],
]);

const controlEscapes: ReadonlyMap<string, number> = new Map([
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
]);

/** The classes of POSIX, those of the C locale, and the short names that `std::regex` adds. */
export const posixClasses: ReadonlyMap<string, CharSet> = new Map([
  ['alnum', charSetFrom([0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a])],
  ['alpha', charSetFrom([0x41, 0x5a, 0x61, 0x7a])],
  ['blank', charSetFrom([0x09, 0x09, 0x20, 0x20])],
  ['cntrl', charSetFrom([0x00, 0x1f, 0x7f, 0x7f])],
  ['digit', digit],
  ['graph', charSetFrom([0x21, 0x7e])],
  ['lower', charSetFrom([0x61, 0x7a])],
  ['print', charSetFrom([0x20, 0x7e])],
  ['punct', charSetFrom([0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e])],
  ['space', space],
  ['upper', charSetFrom([0x41, 0x5a])],
  ['xdigit', charSetFrom([0x30, 0x39, 0x41, 0x46, 0x61, 0x66])],
  ['d', digit],
  ['s', space],
  ['w', word],
]);

const hexEscape = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})/y;
const letterEscape = /c([A-Za-z])/y;
/** Up to U+00FF: `\400` is `\40` and a zero. */
const octalEscape = /[0-3][0-7]{0,2}|[4-7][0-7]?/y;

/**
 * Reads what an escape stands for, the same inside a class and outside of one; the cursor is behind
 * the backslash. What has no meaning of its own stands for itself: `\/` is a slash.
 */
export function readEscape(cursor: Cursor): CharSet {
  const hex = cursor.match(hexEscape);
  if (hex !== undefined) {
    return charSetOf(Number.parseInt(hex[1] ?? hex[2] ?? '', 16));
  }
  const letter = cursor.match(letterEscape)?.[1];
  if (letter !== undefined) {
    return charSetOf(letter.charCodeAt(0) % 32);
  }
  if (cursor.isAt('c')) {
    return charSetOf(0x5c);
  }
  const octal = cursor.match(octalEscape);
  if (octal !== undefined) {
    return charSetOf(Number.parseInt(octal[0], 8));
  }
  const escaped = cursor.next();
  const control = controlEscapes.get(escaped);
  return control === undefined
    ? (setEscapes.get(escaped) ?? charSetOf(escaped.charCodeAt(0)))
    : charSetOf(control);
}
