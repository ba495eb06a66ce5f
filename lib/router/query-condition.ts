import { fromByteString, toByteString } from '../base/byte-string.js';
import { quoteText } from '../config/describe-value.js';
import type { QueryParameterMatcherConfig } from '../config/header-matcher-config.js';
import { compileCheckedPattern } from './checked-pattern.js';
import type { Condition } from './condition.js';

/** Compiles a matcher of a query parameter: reference 2.6.1. */
export function createQueryCondition(config: QueryParameterMatcherConfig): Condition {
  const name = toByteString(config.name);
  const test = createTest(config);
  return {
    matches: ({ requestHead }) => {
      const value = readQueryParameter(requestHead.path, name);
      return value !== undefined && test(value);
    },
    describe: () => `query parameter ${quoteText(config.name)} ${describeTest(config)}`,
    describeFound: ({ requestHead }) => {
      const value = readQueryParameter(requestHead.path, name);
      return `it is ${value === undefined ? 'missing' : quoteText(fromByteString(value))}`;
    },
  };
}

function createTest(config: QueryParameterMatcherConfig): (value: string) => boolean {
  switch (config.kind) {
    case 'present':
      return () => true;
    case 'exact': {
      const expected = toByteString(config.value);
      return (value) => value === expected;
    }
    case 'regex': {
      const pattern = compileCheckedPattern(config.pattern);
      return (value) => pattern.matchesWhole(value);
    }
  }
}

function describeTest(config: QueryParameterMatcherConfig): string {
  switch (config.kind) {
    case 'present':
      return 'is there';
    case 'exact':
      return `is ${quoteText(config.value)}`;
    case 'regex':
      return `matches ${quoteText(config.pattern)}`;
  }
}

/**
 * The value of a parameter, which is empty if there is no `=`; of several the first counts. As in
 * Envoy, escapes are compared as they stand.
 */
export function readQueryParameter(path: string, name: string): string | undefined {
  const fragment = path.indexOf('#');
  const end = fragment === -1 ? path.length : fragment;
  let start = path.indexOf('?') + 1;
  if (start === 0) {
    return undefined;
  }
  while (start <= end) {
    const separator = path.indexOf('&', start);
    const stop = separator === -1 || separator > end ? end : separator;
    const nameEnd = start + name.length;
    // The name ends at the first `=`, which is not looked for in every pair: that would scan a long
    // query string without one again and again.
    if (nameEnd <= stop && path.startsWith(name, start) && !name.includes('=')) {
      if (nameEnd === stop || path[nameEnd] === '=') {
        return path.slice(nameEnd + 1, stop);
      }
    }
    start = stop + 1;
  }
  return undefined;
}
