import type { ParsedNode, Scalar } from 'yaml';
import { quoteText } from './describe-value.js';
import { YamlSyntaxError } from './yaml-syntax-error.js';

/** The value of a scalar. Throws a `YamlSyntaxError` for one that JSON could not have. */
export function readYamlScalar(node: Scalar.Parsed): unknown {
  const { value, source } = node;
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new YamlSyntaxError(
      node.range[0],
      /\d/.test(source)
        ? `the number ${quoteText(source).slice(1, -1)} is too large`
        : `${source} is no number that can be used; write a finite one`,
    );
  }
  // Only an escape in double quotes can spell one half of a character.
  if (typeof value === 'string' && node.type === 'QUOTE_DOUBLE' && /\p{Surrogate}/u.test(value)) {
    throw new YamlSyntaxError(node.range[0], 'an escape in this string is one half of a character');
  }
  return value;
}

/** The text of a key: for a number, a boolean or null, what is written. */
export function readYamlKey(node: Scalar.Parsed): string {
  if (node.source === '' && node.type === 'PLAIN') {
    throw new YamlSyntaxError(node.range[0], 'expected a key before the colon');
  }
  const value = typeof node.value === 'string' ? readYamlScalar(node) : undefined;
  return typeof value === 'string' ? value : node.source;
}

/** What `<<` at `offset` is to merge is no mapping. */
export function notMergeable(offset: number): YamlSyntaxError {
  return new YamlSyntaxError(
    offset,
    '<< takes a mapping or a list of mappings, as in <<: *name; ' +
      'for a key of this name, write "<<"',
  );
}

/** A key that is no scalar. */
export function notAKey(node: ParsedNode, text: string): YamlSyntaxError {
  const offset = node.range[0];
  if (text.startsWith('*', offset)) {
    return new YamlSyntaxError(offset, 'an alias cannot be a key; write the key itself');
  }
  return new YamlSyntaxError(
    offset,
    text.startsWith('{{', offset - 1)
      ? 'this looks like a placeholder; fill it in before the text is read, or put it in quotes'
      : 'a mapping or a list cannot be a key; write a text',
  );
}
