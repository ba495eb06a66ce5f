import type { KeySchema, ObjectSchema } from './schema.js';
import { flag, text, texts } from './values.js';

const test = 'cors';

/** A text that preflight requests are answered with. */
function headerText(header: string, example: string): KeySchema {
  return {
    value: text,
    example,
    description: `Value of ${header}.`,
    difference: 'Must be fit for a header.',
    test,
  };
}

const policyKeys: Readonly<Record<string, KeySchema>> = {
  allow_origin: {
    value: texts,
    example: '["https://example.com"]',
    description: 'The origins that are allowed; `*` for all.',
    test,
  },
  allow_methods: headerText('access-control-allow-methods', '"GET, PUT"'),
  allow_headers: headerText('access-control-allow-headers', '"content-type"'),
  expose_headers: headerText('access-control-expose-headers', '"x-request-id"'),
  max_age: {
    ...headerText('access-control-max-age', '"86400"'),
    description: 'Value of access-control-max-age: seconds, in quotes.',
  },
  allow_credentials: { value: flag, description: 'Whether credentials are allowed.', test },
};

/** `cors` of a virtual host. */
export const virtualHostCorsSchema: ObjectSchema = {
  noun: 'the cors of a virtual host',
  typeName: 'VirtualHostCors',
  description: 'Which pages of other origins may read the responses.',
  reference: '6.1.3',
  keys: policyKeys,
};

/** `cors` of a route. */
export const routeCorsSchema: ObjectSchema = {
  noun: 'the cors of a route',
  typeName: 'RouteCors',
  description: 'Which pages of other origins may read the responses.',
  reference: '6.1.3',
  keys: {
    enabled: {
      value: flag,
      default: true,
      description: 'Whether the filter cors acts on this route.',
      test,
    },
    ...policyKeys,
  },
};
