import { LuaPatternError, LuaPatternItems } from './lua-pattern-items.js';

/** A capture: where it begins and how long it is. */
interface Capture {
  start: number;
  length: number;
}

/** Length of a capture that is still open, and of one that is a position. */
const openCapture = -1;
const positionCapture = -2;

const maxCaptures = 32;
/** How deep a match may nest, as in Lua. */
const maxDepth = 200;

const code = (character: string): number => character.charCodeAt(0);
const question = code('?');
const star = code('*');
const plus = code('+');
const minus = code('-');

/** One match: where it begins, where it ends (exclusive), and its captures. */
export interface LuaMatch {
  readonly start: number;
  readonly end: number;
  /** Texts; numbers are positions, from 1 on. Empty if the pattern has no captures. */
  readonly captures: readonly (string | number)[];
}

/**
 * Finds patterns of Lua in byte strings: Lua 5.4 reference manual, 6.4.1.
 *
 * Lua does this in C, where a script cannot be stopped, and a pattern such as `.-.-.-.-x` takes for
 * ever. Here every step is counted, and `spend` says whether there may be more.
 */
export class LuaPattern {
  readonly #source: string;
  readonly #pattern: string;
  readonly #spend: (steps: number) => boolean;
  readonly #items: LuaPatternItems;
  readonly #first: number;
  #captures: Capture[] = [];
  #depth = 0;
  #steps = 0;

  constructor(source: string, pattern: string, spend: (steps: number) => boolean) {
    this.#source = source;
    this.#pattern = pattern;
    this.#spend = spend;
    this.#items = new LuaPatternItems(pattern, () => this.#step());
    this.#first = pattern.startsWith('^') ? 1 : 0;
  }

  /** Returns the first match from `init` on. An anchored pattern can match only there. */
  find(init: number): LuaMatch | undefined {
    for (let start = init; start <= this.#source.length; start++) {
      const match = this.#matchAt(start, this.#first);
      if (match !== undefined || this.#first === 1) {
        return match;
      }
    }
    return undefined;
  }

  /** Returns all matches, or the first `limit`, as `gsub` replaces them. */
  findAll(init: number, limit: number, isAnchorable: boolean): LuaMatch[] {
    const matches: LuaMatch[] = [];
    const first = isAnchorable ? this.#first : 0;
    let lastEnd = -1;
    for (let start = init; start <= this.#source.length && matches.length < limit; ) {
      const match = this.#matchAt(start, first);
      // An empty match right behind another one is none.
      if (match !== undefined && match.end !== lastEnd) {
        matches.push(match);
        lastEnd = match.end;
        start = match.end;
      } else {
        start++;
      }
      if (first === 1) {
        break;
      }
    }
    return matches;
  }

  #matchAt(start: number, first: number): LuaMatch | undefined {
    this.#captures = [];
    this.#depth = 0;
    const end = this.#match(start, first);
    return end === -1
      ? undefined
      : { start, end, captures: this.#captures.map((capture) => this.#valueOf(capture)) };
  }

  #valueOf({ start, length }: Capture): string | number {
    if (length === openCapture) {
      throw new LuaPatternError('unfinished capture');
    }
    return length === positionCapture ? start + 1 : this.#source.slice(start, start + length);
  }

  #step(): void {
    // Sold by the eight: one step is less than an instruction of Lua.
    if ((++this.#steps & 7) === 0 && !this.#spend(1)) {
      throw new LuaPatternError('the search takes too long');
    }
  }

  /** Matches the pattern from `p` on at `s`. Returns the end, or -1. */
  #match(s: number, p: number): number {
    if (++this.#depth > maxDepth) {
      throw new LuaPatternError('pattern too complex');
    }
    const end = this.#matchItems(s, p);
    this.#depth--;
    return end;
  }

  #matchItems(from: number, fromPattern: number): number {
    const pattern = this.#pattern;
    let s = from;
    let p = fromPattern;
    while (p < pattern.length) {
      this.#step();
      const special = this.#matchSpecial(s, p);
      if (typeof special === 'number') {
        return special;
      }
      if (special !== undefined) {
        if (special.s === -1) {
          return -1;
        }
        ({ s, p } = special);
        continue;
      }
      const itemEnd = this.#items.endOf(p);
      const quantifier = pattern.charCodeAt(itemEnd);
      if (quantifier === star || quantifier === plus) {
        return this.#matchMany(s, p, itemEnd, quantifier === plus ? 1 : 0);
      }
      if (quantifier === minus) {
        return this.#matchFew(s, p, itemEnd);
      }
      const isMatch = this.#isSingle(s, p, itemEnd);
      if (quantifier === question) {
        const end = isMatch ? this.#match(s + 1, itemEnd + 1) : -1;
        if (end !== -1) {
          return end;
        }
        p = itemEnd + 1;
      } else if (isMatch) {
        s++;
        p = itemEnd;
      } else {
        return -1;
      }
    }
    return s;
  }

  /**
   * What is no single character: the end of the match, or where to go on (`s` is -1 if nowhere), or
   * `undefined` if there is a single character at `p`.
   */
  #matchSpecial(s: number, p: number): number | { s: number; p: number } | undefined {
    const pattern = this.#pattern;
    switch (pattern[p]) {
      case '(':
        return pattern[p + 1] === ')'
          ? this.#startCapture(s, p + 2, positionCapture)
          : this.#startCapture(s, p + 1, openCapture);
      case ')':
        return this.#endCapture(s, p + 1);
      case '$':
        return p + 1 === pattern.length ? (s === this.#source.length ? s : -1) : undefined;
      case '%':
        return this.#matchEscape(s, p);
      default:
        return undefined;
    }
  }

  #matchEscape(s: number, p: number): { s: number; p: number } | undefined {
    const next = this.#pattern[p + 1] ?? '';
    if (next === 'b') {
      return { s: this.#matchBalance(s, p + 2), p: p + 4 };
    }
    if (next === 'f') {
      return this.#matchFrontier(s, p + 2);
    }
    if (next >= '0' && next <= '9') {
      return { s: this.#matchCapture(s, Number(next)), p: p + 2 };
    }
    return undefined;
  }

  #matchFrontier(s: number, p: number): { s: number; p: number } {
    if (this.#pattern[p] !== '[') {
      throw new LuaPatternError("missing '[' after '%f' in pattern");
    }
    const end = this.#items.endOf(p);
    const before = s === 0 ? 0 : this.#source.charCodeAt(s - 1);
    const here = s < this.#source.length ? this.#source.charCodeAt(s) : 0;
    const isFrontier =
      !this.#items.isInSet(before, p, end - 1) && this.#items.isInSet(here, p, end - 1);
    return { s: isFrontier ? s : -1, p: end };
  }

  #startCapture(s: number, p: number, length: number): number {
    if (this.#captures.length >= maxCaptures) {
      throw new LuaPatternError('too many captures');
    }
    this.#captures.push({ start: s, length });
    const count = this.#captures.length;
    const end = this.#match(s, p);
    if (end === -1) {
      this.#captures.length = count - 1;
    }
    return end;
  }

  #endCapture(s: number, p: number): number {
    const open = this.#captures.findLast(({ length }) => length === openCapture);
    if (open === undefined) {
      throw new LuaPatternError('invalid pattern capture');
    }
    open.length = s - open.start;
    const end = this.#match(s, p);
    if (end === -1) {
      open.length = openCapture;
    }
    return end;
  }

  /** A text that a capture has found before. Returns -1 if it is not here. */
  #matchCapture(s: number, number: number): number {
    const capture = this.#captures[number - 1];
    if (capture === undefined || capture.length === openCapture) {
      throw new LuaPatternError(`invalid capture index %${number}`);
    }
    const { start, length } = capture;
    if (length === positionCapture) {
      return -1;
    }
    const text = this.#source.slice(start, start + length);
    for (let i = 0; i < text.length; i += 64) {
      this.#step();
    }
    return this.#source.startsWith(text, s) ? s + text.length : -1;
  }

  #matchBalance(s: number, p: number): number {
    if (p + 1 >= this.#pattern.length) {
      throw new LuaPatternError("malformed pattern (missing arguments to '%b')");
    }
    const open = this.#pattern.charCodeAt(p);
    const close = this.#pattern.charCodeAt(p + 1);
    if (this.#source.charCodeAt(s) !== open) {
      return -1;
    }
    let depth = 1;
    for (let i = s + 1; i < this.#source.length; i++) {
      this.#step();
      const character = this.#source.charCodeAt(i);
      if (character === close) {
        if (--depth === 0) {
          return i + 1;
        }
      } else if (character === open) {
        depth++;
      }
    }
    return -1;
  }

  #matchMany(s: number, p: number, itemEnd: number, least: number): number {
    let count = 0;
    while (this.#isSingle(s + count, p, itemEnd)) {
      this.#step();
      count++;
    }
    for (; count >= least; count--) {
      this.#step();
      const end = this.#match(s + count, itemEnd + 1);
      if (end !== -1) {
        return end;
      }
    }
    return -1;
  }

  #matchFew(from: number, p: number, itemEnd: number): number {
    for (let s = from; ; s++) {
      this.#step();
      const end = this.#match(s, itemEnd + 1);
      if (end !== -1) {
        return end;
      }
      if (!this.#isSingle(s, p, itemEnd)) {
        return -1;
      }
    }
  }

  #isSingle(s: number, p: number, itemEnd: number): boolean {
    return s < this.#source.length && this.#items.matches(this.#source.charCodeAt(s), p, itemEnd);
  }
}
