import type {
  ArraySchema,
  IntegerSchema,
  ObjectSchema,
  UnionSchema,
  ValueSchema,
} from './schema.js';

export const text: ValueSchema = { type: 'string' };
export const nonEmptyText: ValueSchema = { type: 'string', minLength: 1 };
export const flag: ValueSchema = { type: 'boolean' };
export const map: ValueSchema = { type: 'map' };
/** An integer of at least 0. */
export const count: IntegerSchema = { type: 'integer', min: 0 };
/** An integer greater than 0. */
export const positive: IntegerSchema = { type: 'integer', min: 1 };
/** An integer from 0 to 100. */
export const percent: IntegerSchema = { type: 'integer', min: 0, max: 100 };
export const positiveNumber: ValueSchema = { type: 'number', moreThan: 0 };
export const texts: ArraySchema = { type: 'array', items: text };

export function integer(min: number, max: number): IntegerSchema {
  return { type: 'integer', min, max };
}

export function oneOf(...values: readonly string[]): ValueSchema {
  return { type: 'oneOf', values };
}

export function object(schema: ObjectSchema): ValueSchema {
  return { type: 'object', object: schema };
}

export function union(schema: UnionSchema): ValueSchema {
  return { type: 'union', union: schema };
}

export function listOf(
  items: ValueSchema,
  rules: Pick<ArraySchema, 'minItems' | 'uniqueItems'> = {},
): ArraySchema {
  return { type: 'array', items, ...rules };
}
