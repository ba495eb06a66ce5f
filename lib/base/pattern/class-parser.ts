import { type CharSet, charSetFrom, charSetOf, complementOf } from './char-set.js';
import type { Cursor } from './cursor.js';
import { posixClasses, readEscape } from './escape.js';

const posixName = /\[:([a-z]+):\]/y;
const collatingElement = /\[([.=])[^\]]*\1\]/y;

/** Reads a class such as `[^/]`; the cursor is behind its opening bracket. */
export function parseClass(cursor: Cursor): CharSet {
  const opened = cursor.position - 1;
  const isNegated = cursor.take('^');
  const ranges: number[] = [];
  while (!cursor.take(']')) {
    const start = cursor.position;
    const low = readMember(cursor, opened);
    if (!cursor.isAt('-') || cursor.isAt('-]')) {
      ranges.push(...low);
      continue;
    }
    cursor.take('-');
    const high = readMember(cursor, opened);
    ranges.push(...rangeBetween(cursor, low, high, start));
  }
  const set = charSetFrom(ranges);
  return isNegated ? complementOf(set) : set;
}

function rangeBetween(cursor: Cursor, low: CharSet, high: CharSet, start: number): CharSet {
  const [from, fromEnd] = low;
  const [to, toEnd] = high;
  if (from === undefined || to === undefined || from !== fromEnd || to !== toEnd) {
    // `[\d-z]`: a class is no end of a range, so the hyphen is one more member.
    return [...low, ...charSetOf(0x2d), ...high];
  }
  if (from > to) {
    throw cursor.problem('has a range out of order', 'write the lower character first', start);
  }
  return [from, to];
}

function readMember(cursor: Cursor, opened: number): CharSet {
  if (cursor.isAtEnd) {
    const mend = 'close it with "]", or write "\\[" for the character itself';
    throw cursor.problem('has a class that is not closed, opened', mend, opened);
  }
  const start = cursor.position;
  const name = cursor.match(posixName)?.[1];
  if (name !== undefined) {
    const set = posixClasses.get(name);
    if (set === undefined) {
      const known = [...posixClasses.keys()].join(', ');
      throw cursor.problem(`has an unknown class "[:${name}:]"`, `known are ${known}`, start);
    }
    return set;
  }
  if (cursor.match(collatingElement) !== undefined) {
    const mend = 'name the characters themselves';
    throw cursor.problem('has a collating element, which is not supported,', mend, start);
  }
  if (!cursor.take('\\')) {
    return charSetOf(cursor.next().charCodeAt(0));
  }
  if (cursor.isAtEnd) {
    const mend = 'write "\\\\" for a backslash';
    throw cursor.problem('ends in a lone backslash', mend, start);
  }
  return cursor.take('b') ? charSetOf(0x08) : readEscape(cursor);
}
