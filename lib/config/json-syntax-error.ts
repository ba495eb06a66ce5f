import { quoteText } from './describe-value.js';

/** A place in a text as editors count: from 1, a column being a UTF-16 code unit. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** Why a text is no JSON, and where. Thrown and caught within the reading of one text. */
export class JsonSyntaxError extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Finds line and column of offsets in one text. */
export class LineIndex {
  readonly #lineStarts: readonly number[];

  constructor(text: string) {
    const lineStarts = [0];
    for (const lineEnd of text.matchAll(/\r\n|\n|\r/g)) {
      lineStarts.push(lineEnd.index + lineEnd[0].length);
    }
    this.#lineStarts = lineStarts;
  }

  positionAt(offset: number): TextPosition {
    let low = 0;
    let high = this.#lineStarts.length;
    // The line sought begins at or before the offset: at `low`, and before `high`.
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }
}

/** The place of one offset. For several, a `LineIndex` saves going over the text for each. */
export function positionAt(text: string, offset: number): TextPosition {
  return new LineIndex(text).positionAt(offset);
}

/** `line 3, column 5`. */
export function formatPosition(position: TextPosition): string {
  return `line ${position.line}, column ${position.column}`;
}

/**
 * What stands at `offset` is not what was expected there.
 *
 * @param openOffset Where the innermost open container begins, if `expected` could close it.
 */
export function unexpected(
  text: string,
  offset: number,
  expected: string,
  openOffset?: number,
): JsonSyntaxError {
  const character = text[offset];
  const hint =
    character === undefined || character === '}' || character === ']'
      ? describeOpen(text, openOffset)
      : describeMissingComma(text, offset, expected);
  return new JsonSyntaxError(
    offset,
    `expected ${expected}, found ${describeToken(text, offset, expected)}${hint}`,
  );
}

/** A control character within the string that begins at `start`. */
export function controlCharacterInString(
  text: string,
  start: number,
  offset: number,
): JsonSyntaxError {
  const character = text[offset];
  if (character === '\n' || character === '\r') {
    return new JsonSyntaxError(
      start,
      'the string that begins here does not end on its line; add the closing " or write \\n for the line break',
    );
  }
  const spelling = character === '\t' ? '\\t' : quoteText(character ?? '').slice(1, -1);
  return new JsonSyntaxError(
    offset,
    `a control character inside a string; write ${spelling} in its place`,
  );
}

/** Words of other notations, and what JSON has for them. */
const wordsMeant: ReadonlyMap<string, string> = new Map([
  ...['True', 'TRUE', 'yes', 'Yes', 'on', 'On'].map((word) => [word, 'true'] as const),
  ...['False', 'FALSE', 'no', 'No', 'off', 'Off'].map((word) => [word, 'false'] as const),
  ...['None', 'NULL', 'Null', 'nil', 'undefined'].map((word) => [word, 'null'] as const),
]);

/** A word that stands where a value was expected, and is neither a literal nor a number. */
export function badWord(word: string, offset: number): JsonSyntaxError {
  return new JsonSyntaxError(offset, describeBadWord(word));
}

function describeBadWord(word: string): string {
  const meant = wordsMeant.get(word);
  if (meant !== undefined) {
    return `expected a value, found ${word}; write ${meant}`;
  }
  if (/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(word) && !/^-?0\d/.test(word)) {
    return `the number ${quoteText(word).slice(1, -1)} is too large`;
  }
  if (/^[-+]?\d[\d_]*$/.test(word) && word.length <= 15) {
    const plain = word
      .replace(/_/g, '')
      .replace(/^\+/, '')
      .replace(/^(-?)0+(?=\d)/, '$1');
    return `${word} is no JSON number; write ${plain}`;
  }
  if (/^[-+.]?\d/.test(word) || word === 'NaN' || /^[-+]?Infinity$/.test(word)) {
    return `${quoteText(word)} is no JSON number`;
  }
  return `expected a value, found ${quoteText(word)}; a string stands in double quotes`;
}

function describeToken(text: string, offset: number, expected: string): string {
  const character = text[offset];
  switch (character) {
    case undefined:
      return 'the end of the text';
    case '/':
    case '#':
      return 'a comment; JSON has no comments, remove it';
    case "'":
    case '`':
    case '\u201c':
    case '\u201d':
    case '\u201e':
      return `${character}; JSON strings stand in double quotes (")`;
    case '$':
      return 'a placeholder; fill it in before the text is read';
    case '=':
      return '=; JSON has a colon there';
    case '"':
      return quoteText(/"[^"\r\n]*"?/.exec(text.slice(offset, offset + 80))?.[0] ?? character)
        .replace(/^"\\"/, '"')
        .replace(/\\""$/, '"');
    default:
      return describeWord(text, offset, expected.startsWith('a key'));
  }
}

function describeWord(text: string, offset: number, isKeyExpected: boolean): string {
  const word = /^[\w.-]+/.exec(text.slice(offset, offset + 80))?.[0];
  if (word !== undefined) {
    return isKeyExpected ? `${word}; write ${quoteText(word)}` : word;
  }
  const codePoint = text.codePointAt(offset) ?? 0;
  return codePoint > 0x20 && codePoint < 0x7f
    ? String.fromCodePoint(codePoint)
    : `the character U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
}

function describeOpen(text: string, openOffset: number | undefined): string {
  return openOffset === undefined
    ? ''
    : `; the ${text[openOffset]} of ${formatPosition(positionAt(text, openOffset))} is not closed`;
}

/** The place to mend is the end of the line before, where the reader would not look for it. */
function describeMissingComma(text: string, offset: number, expected: string): string {
  const before = text.slice(Math.max(0, offset - 1000), offset);
  const gap = before.length - before.trimEnd().length;
  if (!expected.startsWith('a comma') || !/["[{\w-]/.test(text[offset] ?? '') || gap === 0) {
    return '';
  }
  const { line, column } = positionAt(text, offset - gap);
  return `; is a comma missing at line ${line}, column ${column}?`;
}
