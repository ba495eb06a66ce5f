import { fromByteString, toByteString } from '../base/byte-string.js';
import { quoteText } from '../config/describe-value.js';
import type { PathMatchConfig } from '../config/route-match-config.js';
import type { RoutedRequest } from '../http/filter.js';
import { compileCheckedPattern } from './checked-pattern.js';
import type { Condition } from './condition.js';

/**
 * Compiles what a route asks of the path. A prefix is compared with the whole path, query string
 * included; an exact path and a pattern with what stands before the `?`: reference 2.6.1.
 */
export function createPathCondition(match: PathMatchConfig): Condition {
  return { ...createPathTest(match), describeFound };
}

function describeFound({ requestHead }: RoutedRequest): string {
  return `the path is ${quoteText(fromByteString(requestHead.path))}`;
}

type PathTest = Omit<Condition, 'describeFound'>;

function createPathTest(match: PathMatchConfig): PathTest {
  switch (match.kind) {
    case 'prefix':
      return createPrefixTest(match.prefix, match.caseSensitive);
    case 'path':
      return createExactTest(match.path, match.caseSensitive);
    case 'regex': {
      const pattern = compileCheckedPattern(match.pattern);
      return {
        matches: ({ requestHead }) => pattern.matchesWhole(withoutQuery(requestHead.path)),
        describe: () => `path matches ${quoteText(match.pattern)}`,
      };
    }
  }
}

function createPrefixTest(text: string, isCaseSensitive: boolean): PathTest {
  const prefix = toByteString(text);
  const describe = (): string => `path begins with ${quoteText(text)}`;
  if (prefix === '/' || prefix === '') {
    // Every path that gets here begins with a slash.
    return { matches: () => true, describe };
  }
  if (isCaseSensitive) {
    return { matches: ({ requestHead }) => requestHead.path.startsWith(prefix), describe };
  }
  const lower = prefix.toLowerCase();
  return {
    matches: ({ requestHead }) => requestHead.path.slice(0, lower.length).toLowerCase() === lower,
    describe: () => `${describe()}, in any case`,
  };
}

function createExactTest(text: string, isCaseSensitive: boolean): PathTest {
  const expected = toByteString(text);
  const describe = (): string => `path is ${quoteText(text)}`;
  if (isCaseSensitive) {
    return { matches: ({ requestHead }) => withoutQuery(requestHead.path) === expected, describe };
  }
  const lower = expected.toLowerCase();
  return {
    matches: ({ requestHead }) => withoutQuery(requestHead.path).toLowerCase() === lower,
    describe: () => `${describe()}, in any case`,
  };
}

/** A path without its query string. */
export function withoutQuery(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}
