import type { YAMLError } from 'yaml';
import { quoteText } from './describe-value.js';

/** Why a text is no YAML that is read here, and where. Thrown and caught within one reading. */
export class YamlSyntaxError extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Puts an error of the YAML library into words that say how to mend it. */
export function toSyntaxError(error: YAMLError, text: string): YamlSyntaxError {
  const { code, message } = error;
  const offset = error.pos[0];
  const tabOffset = findTabBefore(text, offset);
  if ((code === 'TAB_AS_INDENT' || code === 'BAD_INDENT') && tabOffset !== undefined) {
    return new YamlSyntaxError(tabOffset, 'a tab in the indentation; YAML wants spaces there');
  }
  const quote = /^Missing closing (.)quote$/.exec(message)?.[1];
  if (quote !== undefined) {
    return new YamlSyntaxError(
      findOpeningQuote(text, offset, quote),
      `a string begins here and never ends; add the closing ${quote}`,
    );
  }
  if (code === 'BLOCK_AS_IMPLICIT_KEY') {
    return describeMisplacedMapping(text, offset);
  }
  return new YamlSyntaxError(offset, describe(error, text));
}

/** What a text that declares another version of YAML is told. */
export function describeVersion(version: string): string {
  return `the text declares YAML ${version}; only YAML 1.2 is read, so remove this line`;
}

/** The first tab among the blanks that begin the line of `offset`. */
function findTabBefore(text: string, offset: number): number | undefined {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const blanks = /^[ \t]*/.exec(text.slice(lineStart, lineStart + 1000))?.[0] ?? '';
  const tab = blanks.indexOf('\t');
  return tab === -1 ? undefined : lineStart + tab;
}

/** Whether something stands at `offset` and nothing before it on its line. */
function isFirstOnLine(text: string, offset: number): boolean {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  return text.slice(lineStart, offset).trim() === '' && /\S/.test(text.slice(offset));
}

/** Every other quote within a string that is not closed is escaped. */
function findOpeningQuote(text: string, end: number, quote: string): number {
  let offset = text.lastIndexOf(quote, end - 1);
  while (offset > 0 && text[offset - 1] === (quote === '"' ? '\\' : quote)) {
    offset = text.lastIndexOf(quote, offset - 2);
  }
  return Math.max(offset, 0);
}

/** A mapping where only a simple value fits, be it for a colon or for the indentation. */
function describeMisplacedMapping(text: string, offset: number): YamlSyntaxError {
  const line = /^[^\r\n]*/.exec(text.slice(offset, offset + 10_000))?.[0] ?? '';
  if (/:(?:\s|$)|^\?/.test(line)) {
    return new YamlSyntaxError(
      offset,
      'a mapping cannot begin on the line of its key; begin it on the next line, ' +
        'or put the value in quotes if the colon is a part of it',
    );
  }
  // The value goes on in lines that are indented deeper, and one of those has the colon.
  const next = /\S/.exec(text.slice(offset + line.length));
  return new YamlSyntaxError(
    line.startsWith('-') || next === null ? offset : offset + line.length + next.index,
    wrongIndentation,
  );
}

const wrongIndentation =
  'the indentation of this line fits no line above it; begin it in the column of its neighbors';
const expectedKey = 'expected a key, a colon and a space on this line';

function describe({ code, message, pos }: YAMLError, text: string): string {
  const found = text.slice(pos[0], Math.max(pos[1], pos[0] + 1));
  switch (code) {
    case 'BAD_INDENT':
      return describeUnclosed(message, isFirstOnLine(text, pos[0])) ?? wrongIndentation;
    case 'MISSING_CHAR':
      return describeUnclosed(message, false) ?? describeMissing(message, found);
    case 'MULTILINE_IMPLICIT_KEY':
      return /^-\s/.test(text.slice(pos[0], pos[0] + 2))
        ? 'a list item among the keys of a mapping; indent it below the key that it belongs to'
        : expectedKey;
    case 'BAD_SCALAR_START':
      return `a value cannot begin with ${found.slice(0, 1)}; put it in quotes`;
    case 'BAD_ALIAS':
      return /^[*&]/.test(found)
        ? `${found.slice(0, 1)} needs a name here; if it is a text, put it in quotes`
        : lowerFirst(message);
    case 'BAD_DQ_ESCAPE':
      return describeEscape(message.replace(/^Invalid escape sequence /, ''));
    case 'BLOCK_IN_FLOW':
      return 'within { } or [ ], a mapping stands in { } and a list in [ ]';
    case 'TAG_RESOLVE_FAILED':
    case 'BAD_COLLECTION_TYPE':
      return `the tag ${quoteText(found)} is not known here or does not fit its value; remove it`;
    case 'BAD_DIRECTIVE':
      return describeDirective(message);
    case 'UNEXPECTED_TOKEN':
      return describeUnexpected(message, text, pos[0]);
    default:
      return lowerFirst(message);
  }
}

/** A list in [ ] or a mapping in { } that goes on where it should not. */
function describeUnclosed(message: string, isIndentation: boolean): string | undefined {
  const close = /end with a (.)$/.exec(message)?.[1];
  if (close === undefined) {
    return undefined;
  }
  const hint = isIndentation
    ? '; what stands in between is indented deeper than the line of its key'
    : '';
  return `expected a comma or the closing ${close}${hint}`;
}

function describeMissing(message: string, found: string): string {
  if (message === 'Implicit map keys need to be followed by map values') {
    return /^-[^\s-]/.test(found)
      ? `${expectedKey}; a list item needs a space after its -`
      : expectedKey;
  }
  return message.startsWith('Missing ,') ? 'expected a comma before this' : lowerFirst(message);
}

function describeEscape(sequence: string): string {
  return (
    `the escape ${quoteText(sequence)} does not exist; ` +
    'write a backslash as \\\\, or use single quotes'
  );
}

function describeDirective(message: string): string {
  const version = /^Unsupported YAML version (.+)$/.exec(message)?.[1];
  return version === undefined
    ? 'this directive is not known; remove it'
    : describeVersion(quoteText(version).slice(1, -1));
}

function describeUnexpected(message: string, text: string, offset: number): string {
  const before = text.slice(Math.max(0, offset - 60), offset);
  const rest = text.slice(offset, offset + 60);
  if (message === 'Unexpected block-seq-ind on same line with key') {
    return 'a list cannot begin on the line of its key; begin it on the next line';
  }
  if (/block scalar header/i.test(message) || /[|>][-+\d]*[ \t]+$/.test(before)) {
    return 'only a comment may follow | or > on its line; begin the text on the next one';
  }
  if (/^:\S/.test(rest)) {
    return 'a colon after a key needs a space behind it';
  }
  const word = /^[\w.-]+|^[^\s\w]/u.exec(rest)?.[0] ?? '';
  return /at node end/.test(message)
    ? `the value has ended before ${quoteFound(word)}; put all of it in one pair of quotes, or begin ` +
        'a line of its own in the right column'
    : `${quoteFound(word)} does not fit here`;
}

function quoteFound(word: string): string {
  return /^[!-~]$/.test(word) ? word : quoteText(word);
}

function lowerFirst(message: string): string {
  return message.slice(0, 1).toLowerCase() + message.slice(1);
}
