import type { JsonPlace } from './json-place.js';
import type { ProblemCollector } from './problem-collector.js';
import type { ObjectSchema } from './schema/schema.js';

/** One entry of an array, with its place. */
export interface JsonItem<T> {
  readonly value: T;
  readonly place: JsonPlace;
}

/**
 * What the schema made of one value: a simple value, the reader of an object, an object whose keys
 * the schema does not name, or a list of these.
 */
export type CheckedValue = string | number | boolean | object | readonly JsonItem<CheckedValue>[];

/** Makes the reader of an object; `undefined` if the value is none. */
export type OpenObject = (
  value: unknown,
  place: JsonPlace | undefined,
  schema: ObjectSchema,
  collector: ProblemCollector,
  variant?: string,
) => object | undefined;
