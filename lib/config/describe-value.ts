import { isJsonObject } from './json-members.js';

/** How much of a text a message shows: enough to recognize it, not a page of it. */
const maxShownLength = 60;

/**
 * A text in double quotes as a message shows it: cut when it is long, and with every character
 * escaped that could move the cursor of a terminal or turn the direction of writing.
 */
export function quoteText(text: string): string {
  const shown = text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text;
  return JSON.stringify(shown).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What stands at a place of a configuration, in a few words: `"250"`, `-1`, `an array`. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoteText(value);
    case 'number':
    case 'boolean':
      return String(value);
    case 'object':
      return describeObject(value);
    case 'undefined':
      return 'nothing';
    default:
      return `a ${typeof value}`;
  }
}

function describeObject(value: object | null): string {
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? 'an empty array' : 'an array';
  }
  return isJsonObject(value) ? 'an object' : 'an instance of a class';
}

/** `"a", "b" or "c"`. */
export function listQuoted(texts: readonly string[], conjunction: 'or' | 'and' = 'or'): string {
  const quoted = texts.map(quoteText);
  const last = quoted.pop();
  return quoted.length === 0 ? (last ?? 'nothing') : `${quoted.join(', ')} ${conjunction} ${last}`;
}
