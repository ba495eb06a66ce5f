import type { KeySchema, ObjectSchema } from './schema.js';
import { flag, text, texts } from './values.js';

const policyKeys: Readonly<Record<string, KeySchema>> = {
  allow_origin: {
    value: texts,
    example: '["https://example.com"]',
    description: 'The origins that are allowed; `*` for all.',
  },
  allow_methods: { value: text, description: 'Value of access-control-allow-methods.' },
  allow_headers: { value: text, description: 'Value of access-control-allow-headers.' },
  expose_headers: { value: text, description: 'Value of access-control-expose-headers.' },
  max_age: {
    value: text,
    example: '"86400"',
    description: 'Value of access-control-max-age: seconds, in quotes.',
  },
  allow_credentials: { value: flag, description: 'Whether credentials are allowed.' },
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
    },
    ...policyKeys,
  },
};
