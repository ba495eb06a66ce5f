/** A pattern that is none, or a search that has become too expensive. */
export class LuaPatternError extends Error {}

const percent = 0x25;
const minus = 0x2d;

/** The parts of a pattern of Lua that match one character each: `a`, `.`, `%d`, `[^a-z]`. */
export class LuaPatternItems {
  readonly #pattern: string;
  readonly #step: () => void;

  /** `step` is called for each step, and throws when there must be no more. */
  constructor(pattern: string, step: () => void) {
    this.#pattern = pattern;
    this.#step = step;
  }

  /** Returns where the single character at `p`, a set for example, ends. */
  endOf(p: number): number {
    const pattern = this.#pattern;
    if (pattern[p] === '%') {
      if (p + 1 >= pattern.length) {
        throw new LuaPatternError("malformed pattern (ends with '%')");
      }
      return p + 2;
    }
    if (pattern[p] !== '[') {
      return p + 1;
    }
    let i = pattern[p + 1] === '^' ? p + 2 : p + 1;
    do {
      if (i >= pattern.length) {
        throw new LuaPatternError("malformed pattern (missing ']')");
      }
      this.#step();
      i += pattern[i] === '%' ? 2 : 1;
    } while (pattern[i] !== ']');
    return i + 1;
  }

  /** Whether the item from `p` to `end` matches a character. */
  matches(character: number, p: number, end: number): boolean {
    switch (this.#pattern[p]) {
      case '.':
        return true;
      case '%':
        return isInClass(character, this.#pattern.charCodeAt(p + 1));
      case '[':
        return this.isInSet(character, p, end - 1);
      default:
        return this.#pattern.charCodeAt(p) === character;
    }
  }

  /** `p` is at the opening bracket of a set, `end` at the closing one. */
  isInSet(character: number, p: number, end: number): boolean {
    const pattern = this.#pattern;
    const isNegated = pattern[p + 1] === '^';
    for (let i = isNegated ? p + 2 : p + 1; i < end; i++) {
      this.#step();
      const low = pattern.charCodeAt(i);
      if (low === percent) {
        i++;
        if (isInClass(character, pattern.charCodeAt(i))) {
          return !isNegated;
        }
      } else if (pattern.charCodeAt(i + 1) === minus && i + 2 < end) {
        i += 2;
        if (low <= character && character <= pattern.charCodeAt(i)) {
          return !isNegated;
        }
      } else if (low === character) {
        return !isNegated;
      }
    }
    return isNegated;
  }
}

const isBetween = (c: number, low: number, high: number): boolean => c >= low && c <= high;
const isLower = (c: number): boolean => isBetween(c, 0x61, 0x7a);
const isUpper = (c: number): boolean => isBetween(c, 0x41, 0x5a);
const isDigit = (c: number): boolean => isBetween(c, 0x30, 0x39);
const isLetter = (c: number): boolean => isLower(c) || isUpper(c);
const isVisible = (c: number): boolean => isBetween(c, 0x21, 0x7e);

const code = (character: string): number => character.charCodeAt(0);

/** The classes of characters, by their letters. */
const classes: ReadonlyMap<number, (c: number) => boolean> = new Map([
  [code('a'), isLetter],
  [code('c'), (c: number) => c < 0x20 || c === 0x7f],
  [code('d'), isDigit],
  [code('g'), isVisible],
  [code('l'), isLower],
  [code('p'), (c: number) => isVisible(c) && !isLetter(c) && !isDigit(c)],
  [code('s'), (c: number) => c === 0x20 || isBetween(c, 0x09, 0x0d)],
  [code('u'), isUpper],
  [code('w'), (c: number) => isLetter(c) || isDigit(c)],
  [code('x'), (c: number) => isDigit(c) || isBetween(c | 0x20, 0x61, 0x66)],
  // Of Lua 5.1; Lua 5.4 still knows it.
  [code('z'), (c: number) => c === 0],
]);

function isInClass(character: number, letter: number): boolean {
  const isMember = classes.get(letter | 0x20);
  if (isMember === undefined || !isLetter(letter)) {
    return letter === character;
  }
  return isMember(character) === isLower(letter);
}
