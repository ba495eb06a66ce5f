import { quoteText } from './describe-value.js';
import type { JsonPath } from './json-path.js';
import {
  badWord,
  controlCharacterInString,
  JsonSyntaxError,
  unexpected,
} from './json-syntax-error.js';
import type { PlaceTree } from './place-tree.js';

/** Deeper than any configuration; a limit keeps hostile input from exhausting the stack. */
export const maxDepth = 100;

/** Repeated and forbidden keys beyond this number are not listed. */
const maxKeyProblems = 1000;

/** A key that is syntactically right and yet refused. */
export interface KeyProblem {
  readonly kind: 'repeated' | 'forbidden';
  /** Of the object that holds the key. */
  readonly path: JsonPath;
  readonly key: string;
  readonly offset: number;
}

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

const wordPattern = /[-+\w.]+/y;
const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Parses JSON as RFC 8259 has it, and nothing more. `JSON.parse` is faster and would do, were it not
 * that it keeps the last of two equal keys in silence and that its messages differ from one
 * release of Node.js to the next.
 */
export class JsonParser {
  /** Keys that are refused. They are not in the value, except for the first of equal ones. */
  readonly keyProblems: KeyProblem[] = [];
  readonly #text: string;
  /** What is looked for within the value at hand. */
  #places: PlaceTree | undefined;
  readonly #path: (string | number)[] = [];
  #offset = 0;
  /** Where the containers begin that are still open, outermost first. */
  readonly #openOffsets: number[] = [];

  /** `places` are to be found: their offsets are noted. */
  constructor(text: string, places?: PlaceTree) {
    this.#text = text;
    this.#places = places;
  }

  /** Parses the whole text. Throws a `JsonSyntaxError`. */
  parse(): unknown {
    this.#skipSpace();
    const value = this.#parseValue();
    this.#skipSpace();
    if (this.#offset < this.#text.length) {
      throw unexpected(this.#text, this.#offset, 'nothing after the end of the document');
    }
    return value;
  }

  #parseValue(): unknown {
    switch (this.#text.charCodeAt(this.#offset)) {
      case openBrace:
        return this.#parseObject();
      case openBracket:
        return this.#parseArray();
      case quote:
        return this.#parseString();
      default:
        return this.#parseWord();
    }
  }

  #parseObject(): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    this.#open();
    const places = this.#places;
    this.#skipSpace();
    if (!this.#takeClose(closeBrace)) {
      do {
        this.#skipSpace();
        const keyOffset = this.#offset;
        const key = this.#parseKey();
        const isRefused = this.#refuseKey(members, key, keyOffset);
        const place = notePlace(places, key, keyOffset);
        // What is within a key that is refused is not in the value, and so is nowhere.
        this.#places = isRefused ? undefined : place;
        this.#path.push(key);
        const value = this.#parseValue();
        this.#path.pop();
        if (!isRefused) {
          members[key] = value;
        }
      } while (this.#takeComma(closeBrace));
    }
    this.#places = places;
    this.#openOffsets.pop();
    return members;
  }

  #parseArray(): unknown[] {
    const items: unknown[] = [];
    this.#open();
    const places = this.#places;
    this.#skipSpace();
    if (!this.#takeClose(closeBracket)) {
      do {
        this.#skipSpace();
        this.#places = notePlace(places, items.length, this.#offset);
        this.#path.push(items.length);
        items.push(this.#parseValue());
        this.#path.pop();
      } while (this.#takeComma(closeBracket));
    }
    this.#places = places;
    this.#openOffsets.pop();
    return items;
  }

  /** Enters a container. */
  #open(): void {
    if (this.#openOffsets.length >= maxDepth) {
      throw new JsonSyntaxError(this.#offset, `nested more than ${maxDepth} levels deep`);
    }
    this.#openOffsets.push(this.#offset);
    this.#offset++;
  }

  #takeClose(close: number): boolean {
    if (this.#text.charCodeAt(this.#offset) !== close) {
      return false;
    }
    this.#offset++;
    return true;
  }

  /** After a member or item: takes a comma (true) or the closing bracket (false). */
  #takeComma(close: number): boolean {
    this.#skipSpace();
    if (this.#takeClose(close)) {
      return false;
    }
    if (this.#text.charCodeAt(this.#offset) !== comma) {
      throw this.#unexpectedIn(close, 'a comma');
    }
    const commaOffset = this.#offset++;
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#offset) === close) {
      throw new JsonSyntaxError(
        commaOffset,
        `this comma is the last thing before ${String.fromCharCode(close)}; remove it`,
      );
    }
    return true;
  }

  #parseKey(): string {
    if (this.#text.charCodeAt(this.#offset) !== quote) {
      throw this.#unexpectedIn(closeBrace, 'a key in double quotes');
    }
    const key = this.#parseString();
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#offset) !== colon) {
      throw unexpected(this.#text, this.#offset, `a colon after the key ${quoteText(key)}`);
    }
    this.#offset++;
    this.#skipSpace();
    return key;
  }

  #refuseKey(members: object, key: string, offset: number): boolean {
    const kind =
      key === '__proto__' ? 'forbidden' : Object.hasOwn(members, key) ? 'repeated' : undefined;
    if (kind === undefined) {
      return false;
    }
    if (this.keyProblems.length < maxKeyProblems) {
      this.keyProblems.push({ kind, path: [...this.#path], key, offset });
    }
    return true;
  }

  #parseString(): string {
    const text = this.#text;
    const start = this.#offset;
    let value = '';
    let plainStart = start + 1;
    for (let offset = plainStart; offset < text.length; ) {
      const code = text.charCodeAt(offset);
      if (code === quote) {
        this.#offset = offset + 1;
        return value + text.slice(plainStart, offset);
      }
      if (code < space) {
        throw controlCharacterInString(text, start, offset);
      }
      if (code === backslash) {
        const [character, length] = this.#parseEscape(offset);
        value += text.slice(plainStart, offset) + character;
        offset += length;
        plainStart = offset;
      } else {
        offset++;
      }
    }
    throw new JsonSyntaxError(start, 'a string begins here and never ends; add the closing "');
  }

  /** Returns the character that an escape stands for, and the length of the escape. */
  #parseEscape(offset: number): [character: string, length: number] {
    const letter = this.#text[offset + 1] ?? '';
    const simple = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined;
    if (simple !== undefined) {
      return [simple, 2];
    }
    const units = /^(?:\\u[0-9a-fA-F]{4}){1,2}/.exec(this.#text.slice(offset, offset + 12))?.[0];
    if (units === undefined) {
      throw new JsonSyntaxError(
        offset,
        letter === 'u'
          ? '\\u needs four hexadecimal digits'
          : `the escape ${quoteText(`\\${letter}`)} does not exist; write a backslash as \\\\`,
      );
    }
    const first = Number.parseInt(units.slice(2, 6), 16);
    if (first < 0xd800 || first > 0xdfff) {
      return [String.fromCharCode(first), 6];
    }
    const second = units.length === 12 ? Number.parseInt(units.slice(8), 16) : 0;
    if (first > 0xdbff || second < 0xdc00 || second > 0xdfff) {
      throw new JsonSyntaxError(offset, `${units.slice(0, 6)} is one half of a character`);
    }
    return [String.fromCharCode(first, second), 12];
  }

  #parseWord(): unknown {
    const text = this.#text;
    const start = this.#offset;
    wordPattern.lastIndex = start;
    const word = wordPattern.exec(text)?.[0];
    if (word === undefined) {
      throw unexpected(text, start, 'a value', this.#openOffsets.at(-1));
    }
    this.#offset = start + word.length;
    switch (word) {
      case 'true':
        return true;
      case 'false':
        return false;
      case 'null':
        return null;
      default: {
        const value = numberPattern.test(word) ? Number(word) : Number.NaN;
        if (!Number.isFinite(value)) {
          throw badWord(word, start);
        }
        return value;
      }
    }
  }

  /** Neither what was expected nor the end of the innermost container. */
  #unexpectedIn(close: number, expected: string): JsonSyntaxError {
    const either = `${expected} or the closing ${String.fromCharCode(close)}`;
    return unexpected(this.#text, this.#offset, either, this.#openOffsets.at(-1));
  }

  #skipSpace(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#offset);
      if (code !== space && code !== lineFeed && code !== carriageReturn && code !== tab) {
        return;
      }
      this.#offset++;
    }
  }
}

/** Notes where a place begins, if it is looked for; returns what is looked for within it. */
function notePlace(
  places: PlaceTree | undefined,
  segment: string | number,
  offset: number,
): PlaceTree | undefined {
  const place = places?.child(segment);
  if (place !== undefined) {
    // Of a key that stands twice the first counts.
    place.offset ??= offset;
  }
  return place;
}
