import { listQuoted } from './describe-value.js';
import type { JsonReader } from './json-reader.js';
import { readPattern } from './pattern-key.js';
import { readHeaderName } from './shared-keys.js';

/** What a header must be: reference 2.6.2. A header that is missing never matches. */
export type HeaderMatcherConfig = {
  /** Lower case; `:method`, `:path` and `:authority` are headers too. */
  readonly name: string;
} & (
  | { readonly kind: 'present' }
  | { readonly kind: 'exact'; readonly value: string }
  /** A regular expression that must match the whole value. */
  | { readonly kind: 'regex'; readonly pattern: string }
  /** A whole number from `start` up to, and not including, `end`. */
  | { readonly kind: 'range'; readonly start: number; readonly end: number }
);

/** What a parameter of the query string must be: reference 2.6.1. */
export type QueryParameterMatcherConfig = { readonly name: string } & (
  | { readonly kind: 'present' }
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'regex'; readonly pattern: string }
);

/** Parses an array of header matchers, which may be absent. */
export function parseHeaderMatchers(reader: JsonReader, key: string): HeaderMatcherConfig[] {
  return reader.objects(key).flatMap((matcher) => {
    const name = readHeaderName(matcher, 'name', true);
    warnOfUnknownPseudoHeader(matcher, name);
    const rule = readRange(matcher) ?? readValueRule(matcher);
    return name === undefined ? [] : [{ name, ...rule }];
  });
}

const pseudoHeaders = [':authority', ':method', ':path'];

function warnOfUnknownPseudoHeader(matcher: JsonReader, name: string | undefined): void {
  if (name?.startsWith(':') === true && !pseudoHeaders.includes(name)) {
    matcher.warning(
      `never matches, as no request has it; there are ${listQuoted(pseudoHeaders, 'and')}`,
      'name',
    );
  }
}

/** Parses `query_parameters`, which may be absent. */
export function parseQueryParameters(reader: JsonReader): QueryParameterMatcherConfig[] {
  return reader.objects('query_parameters').flatMap((matcher) => {
    const name = matcher.string('name');
    const rule = readValueRule(matcher);
    return name === undefined ? [] : [{ name, ...rule }];
  });
}

/** Without a value, or with an empty one, all that counts is presence, whatever `regex` says. */
function readValueRule(
  matcher: JsonReader,
):
  | { readonly kind: 'present' }
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'regex'; readonly pattern: string } {
  const value = matcher.string('value') ?? '';
  const isRegex = matcher.boolean('regex') ?? false;
  if (value === '') {
    if (isRegex) {
      matcher.warning(
        'there is no pattern, so it must only be there; write one as "value"',
        'regex',
      );
    }
    return { kind: 'present' };
  }
  return isRegex
    ? { kind: 'regex', pattern: readPattern(matcher, 'value') ?? value }
    : { kind: 'exact', value };
}

function readRange(
  matcher: JsonReader,
): { readonly kind: 'range'; readonly start: number; readonly end: number } | undefined {
  const range = matcher.object('range_match');
  const start = range?.number('start');
  const end = range?.number('end');
  if (range === undefined || start === undefined || end === undefined) {
    return undefined;
  }
  if (matcher.has('value') || matcher.has('regex')) {
    matcher.problem('"range_match" excludes "value" and "regex"; keep one of them');
  }
  if (start >= end) {
    range.warning('no number is in this range, as "end" itself is not', 'end');
  }
  return { kind: 'range', start, end };
}
