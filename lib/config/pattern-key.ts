import { compilePattern } from '../base/pattern.js';
import { quoteText } from './describe-value.js';
import type { JsonReader } from './json-reader.js';

/** Reads a regular expression; reports one that is wrong, or cannot be matched in linear time. */
export function readPattern(reader: JsonReader, key: string): string | undefined {
  const text = reader.string(key);
  if (text === undefined) {
    return undefined;
  }
  const compiled = compilePattern(text);
  if ('problem' in compiled) {
    reader.problem(`the pattern ${quoteText(text)} ${compiled.problem}`, key);
  }
  return text;
}
