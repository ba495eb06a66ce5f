import { fromByteString, toByteString } from '../base/byte-string.js';
import { quoteText } from '../config/describe-value.js';
import type { HeaderMatcherConfig } from '../config/header-matcher-config.js';
import { getHeader } from '../http/headers.js';
import type { RequestHead } from '../http/message.js';
import { compileCheckedPattern } from './checked-pattern.js';
import type { Condition } from './condition.js';

/** A test of a value that is there. */
type ValueTest = (value: string) => boolean;

/** Compiles a header matcher: reference 2.6.2. A header that is missing never matches. */
export function createHeaderCondition(config: HeaderMatcherConfig): Condition {
  const { name } = config;
  const test = createTest(config);
  return {
    matches: ({ requestHead }) => {
      const value = readRequestHeader(requestHead, name);
      return value !== undefined && test(value);
    },
    describe: () => `header ${name} ${describeTest(config)}`,
    describeFound: ({ requestHead }) => {
      const value = readRequestHeader(requestHead, name);
      return `it is ${value === undefined ? 'missing' : quoteText(fromByteString(value))}`;
    },
  };
}

function createTest(config: HeaderMatcherConfig): ValueTest {
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
    case 'range': {
      const { start, end } = config;
      return (value) => {
        // Envoy reads a 64-bit integer; beyond 2^53 ours are not exact, and no range reaches there.
        const number = /^[+-]?\d{1,18}$/.test(value) ? Number(value) : Number.NaN;
        return number >= start && number < end;
      };
    }
  }
}

function describeTest(config: HeaderMatcherConfig): string {
  switch (config.kind) {
    case 'present':
      return 'is there';
    case 'exact':
      return `is ${quoteText(config.value)}`;
    case 'regex':
      return `matches ${quoteText(config.pattern)}`;
    case 'range':
      return `is a number from ${config.start} to ${config.end - 1}`;
  }
}

/** The value of a header, pseudo-headers included; of several fields the first counts, as in Envoy. */
export function readRequestHeader(head: RequestHead, name: string): string | undefined {
  switch (name) {
    case ':path':
      return head.path;
    case ':method':
      return head.method;
    case ':authority':
      return head.authority;
    default:
      return getHeader(head.headers, name);
  }
}
