/**
 * A set of UTF-16 code units as sorted, separate, inclusive ranges: `[low, high, low, high, ...]`.
 *
 * In sets that say what may follow a part of a pattern, the number `endOfText` stands for "nothing
 * follows".
 */
export type CharSet = readonly number[];

/** Highest code unit. */
export const lastUnit = 0xffff;

/** The "character" after the last one of a text; no set of real characters contains it. */
export const endOfText: number = lastUnit + 1;

/** The set without members. */
export const noChars: CharSet = [];

/** The set of all code units. */
export const allChars: CharSet = [0, lastUnit];

/** The set of one code unit. */
export function charSetOf(unit: number): CharSet {
  return [unit, unit];
}

/** Makes a set of ranges in any order, which may overlap. */
export function charSetFrom(ranges: readonly number[]): CharSet {
  const pairs: [number, number][] = [];
  for (let index = 0; index + 1 < ranges.length; index += 2) {
    pairs.push([ranges[index] ?? 0, ranges[index + 1] ?? 0]);
  }
  pairs.sort((a, b) => a[0] - b[0]);
  const set: number[] = [];
  for (const [low, high] of pairs) {
    const last = set.at(-1);
    if (last === undefined || low > last + 1) {
      set.push(low, high);
    } else if (high > last) {
      set[set.length - 1] = high;
    }
  }
  return set;
}

/** Everything that is in one of the sets. */
export function unionOf(sets: readonly CharSet[]): CharSet {
  return sets.length === 1 ? (sets[0] ?? noChars) : charSetFrom(sets.flat());
}

/** Every code unit that is not in the set. */
export function complementOf(set: CharSet): CharSet {
  const rest: number[] = [];
  let next = 0;
  for (let index = 0; index < set.length; index += 2) {
    const low = set[index] ?? 0;
    if (low > next) {
      rest.push(next, low - 1);
    }
    next = (set[index + 1] ?? 0) + 1;
  }
  if (next <= lastUnit) {
    rest.push(next, lastUnit);
  }
  return rest;
}

/** Whether no two of the sets share a member. */
export function areDisjoint(sets: readonly CharSet[]): boolean {
  const pairs: [number, number][] = [];
  for (const set of sets) {
    for (let index = 0; index < set.length; index += 2) {
      pairs.push([set[index] ?? 0, set[index + 1] ?? 0]);
    }
  }
  pairs.sort((a, b) => a[0] - b[0]);
  return pairs.every(([low], index) => index === 0 || low > (pairs[index - 1]?.[1] ?? -1));
}

/** Whether both sets have the same members. */
export function isSameSet(a: CharSet, b: CharSet): boolean {
  return a.length === b.length && a.every((bound, index) => bound === b[index]);
}
