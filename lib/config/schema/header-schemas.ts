import type { KeySchema, ObjectSchema } from './schema.js';
import { flag, listOf, object, text } from './values.js';

const rangeMatchSchema: ObjectSchema = {
  noun: 'the range_match of a header matcher',
  typeName: 'RangeMatch',
  description: 'A range of whole numbers.',
  reference: '2.6.2',
  keys: {
    start: {
      value: { type: 'integer', min: Number.MIN_SAFE_INTEGER },
      isRequired: true,
      example: '0',
      description: 'The least number that matches.',
      test: 'route-matching',
    },
    end: {
      value: { type: 'integer', min: Number.MIN_SAFE_INTEGER },
      isRequired: true,
      example: '100',
      description: 'The first number that does not match any more.',
      test: 'route-matching',
    },
  },
};

/** A header matcher. */
export const headerMatcherSchema: ObjectSchema = {
  noun: 'a header matcher',
  typeName: 'HeaderMatcher',
  description: 'What a header must be.',
  reference: '2.6.2',
  keys: {
    name: {
      value: text,
      isRequired: true,
      example: '":method"',
      description: 'Name of the header; `:method`, `:path` and `:authority` are headers too.',
      test: 'route-matching',
    },
    value: {
      value: text,
      description:
        'What the header must equal. Without it, or empty, the header must be there. Of several fields ' +
        'of the name the first counts.',
      test: 'route-matching',
    },
    regex: {
      value: flag,
      default: false,
      description: 'Whether `value` is a regular expression that must match the whole header.',
      difference: 'Patterns that cannot be matched in linear time are refused.',
      test: 'route-matching',
    },
    range_match: {
      value: object(rangeMatchSchema),
      description: 'A range of whole numbers that the header must be in.',
      difference: 'Of releases from 1.7 on. Excludes `value` and `regex`.',
      test: 'route-matching',
    },
  },
};

/** A header that is added. */
export const headerToAddSchema: ObjectSchema = {
  noun: 'a header to add',
  typeName: 'HeaderToAdd',
  description: 'A header that is added.',
  reference: '2.9',
  keys: {
    key: {
      value: text,
      isRequired: true,
      example: '"x-served-by"',
      description: 'Name of the header.',
      difference:
        'Must be the name of a header, and none by which messages are framed: `content-length`, ' +
        '`transfer-encoding`, `connection`, `host` and their like are refused.',
      test: 'header-rules',
    },
    value: {
      value: text,
      isRequired: true,
      example: '"edge"',
      description:
        'Value of the header. `%CLIENT_IP%`, `%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%`, ' +
        '`%DOWNSTREAM_LOCAL_ADDRESS%`, `%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%` and `%PROTOCOL%` ' +
        '(such as `HTTP/1.1`) are replaced; `%%` is a percent sign.',
      difference: 'Must be fit for a header; an unknown variable is refused.',
      test: 'header-rules',
    },
  },
};

/** A list of headers to add. */
export function headersToAdd(description: string, rest: Partial<KeySchema> = {}): KeySchema {
  return {
    value: listOf(object(headerToAddSchema), { minItems: 1, uniqueItems: true }),
    example: '[{ "key": ..., "value": ... }]',
    description,
    ...rest,
  };
}
