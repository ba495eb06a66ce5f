import type { KeySchema, ObjectSchema, ValueSchema } from '../../lib/config/schema/schema.js';

/** A kind of object that a test makes up. */
export function objectSchema(
  keys: Readonly<Record<string, ValueSchema | Partial<KeySchema>>>,
  rest: Partial<ObjectSchema> = {},
): ObjectSchema {
  return {
    noun: 'a thing',
    typeName: 'Thing',
    description: 'A thing.',
    reference: '1',
    keys: Object.fromEntries(
      Object.entries(keys).map(([key, value]) => [
        key,
        'type' in value ? keyOf({ value }) : keyOf(value),
      ]),
    ),
    ...rest,
  };
}

function keyOf(rest: Partial<KeySchema>): KeySchema {
  return { value: { type: 'string' }, description: 'A key.', ...rest };
}
