import type { CheckedValue, JsonItem } from './checked-value.js';
import { describeValue } from './describe-value.js';
import { isJsonObject, type JsonMembers } from './json-members.js';
import type { JsonPlace } from './json-place.js';
import { ObjectCheck } from './object-check.js';
import type { ProblemCollector } from './problem-collector.js';
import type { ObjectSchema } from './schema/schema.js';
import type { UnsupportedFeature } from './schema/unsupported-feature.js';

const noItems: readonly JsonItem<CheckedValue>[] = [];

export type { JsonItem } from './checked-value.js';

/**
 * Typed access to one JSON object that knows where it stands.
 *
 * All of the object, and all within it, is checked against the schema when it is opened, and what
 * is wrong goes to the collector. From then on a value that is absent or broken is `undefined`:
 * nothing is thrown and nothing is reported twice.
 */
export class JsonReader {
  /** `undefined` for the document. */
  readonly place: JsonPlace | undefined;
  readonly collector: ProblemCollector;
  /** Which variant of a union this is; `undefined` if the object is no union, or it is unclear. */
  readonly variant: string | undefined;
  readonly #schema: ObjectSchema;
  readonly #check: ObjectCheck;
  #isLeftOut = false;

  private constructor(
    place: JsonPlace | undefined,
    schema: ObjectSchema,
    check: ObjectCheck,
    collector: ProblemCollector,
    variant: string | undefined,
  ) {
    this.place = place;
    this.#schema = schema;
    this.#check = check;
    this.collector = collector;
    this.variant = variant;
  }

  /** Opens `value` and checks it; `undefined` if it is no object. */
  static open(
    value: unknown,
    place: JsonPlace | undefined,
    schema: ObjectSchema,
    collector: ProblemCollector,
    variant?: string,
  ): JsonReader | undefined {
    if (!isJsonObject(value)) {
      const isWrapped = Array.isArray(value) && value.length === 1;
      const hint = isWrapped ? '; remove the [ ] around it' : value === null ? '; write { }' : '';
      collector.problem(
        place,
        `expected an object with the keys of ${schema.noun}, found ${describeValue(value)}${hint}`,
      );
      return undefined;
    }
    return collector.within(place, () => {
      const check = new ObjectCheck(value, place, schema, collector, JsonReader.open);
      return new JsonReader(place, schema, check, collector, variant);
    });
  }

  /** Whether this object must be left out, since it holds what is not supported. */
  get isLeftOut(): boolean {
    return this.collector.leavesOut && (this.#isLeftOut || this.#check.isLeftOut);
  }

  /** Whether the key is there, right or wrong. */
  has(key: string): boolean {
    return this.#check.has(key);
  }

  /** The place of a key's value, with the key as it stands in the document. */
  placeOf(key: string): JsonPlace {
    return { parent: this.place, segment: this.#check.spellingOf(key) };
  }

  /** Reports a problem with this object, or with the value of one of its keys. */
  problem(message: string, key?: string): void {
    this.collector.problem(key === undefined ? this.place : this.placeOf(key), message);
  }

  /** Reports that a key is missing which only some objects of this kind need. */
  missing(key: string): void {
    this.#check.reportMissing(key);
  }

  warning(message: string, key?: string): void {
    this.collector.warning(key === undefined ? this.place : this.placeOf(key), message);
  }

  /** Reports that the value of `key` is not supported. */
  unsupported(key: string, feature: UnsupportedFeature): void {
    this.collector.unsupported(this.placeOf(key), feature);
    this.#isLeftOut ||= feature.leavesOut !== undefined;
  }

  /** The number of entries of an array, broken ones included; `undefined` if there is no array. */
  lengthOf(key: string): number | undefined {
    return this.#check.lengthOf(key);
  }

  string(key: string): string | undefined {
    const value = this.#read(key);
    return typeof value === 'string' ? value : undefined;
  }

  boolean(key: string): boolean | undefined {
    const value = this.#read(key);
    return typeof value === 'boolean' ? value : undefined;
  }

  number(key: string): number | undefined {
    const value = this.#read(key);
    return typeof value === 'number' ? value : undefined;
  }

  /** The value of a key that the schema limits to `values`. */
  oneOf<T extends string>(key: string, values: readonly T[]): T | undefined {
    const value = this.#read(key);
    return values.find((candidate) => candidate === value);
  }

  object(key: string): JsonReader | undefined {
    const value = this.#read(key);
    return value instanceof JsonReader ? value : undefined;
  }

  /** The objects of an array. Entries that are no objects are left out. */
  objects(key: string): JsonReader[] {
    const readers: JsonReader[] = [];
    for (const { value } of this.list(key)) {
      if (value instanceof JsonReader) {
        readers.push(value);
      }
    }
    return readers;
  }

  /** The objects of an array of arrays. */
  lists(key: string): JsonReader[][] {
    return this.list(key).map(({ value }) =>
      (Array.isArray(value) ? value : []).flatMap((item: JsonItem<CheckedValue>) =>
        item.value instanceof JsonReader ? [item.value] : [],
      ),
    );
  }

  /** The strings of an array. Other entries are left out. */
  strings(key: string): JsonItem<string>[] {
    return this.list(key).flatMap(({ value, place }) =>
      typeof value === 'string' ? [{ value, place }] : [],
    );
  }

  /** An object whose keys the schema does not name, as it stands in the document. */
  map(key: string): JsonMembers | undefined {
    const value = this.#read(key);
    return isJsonObject(value) ? value : undefined;
  }

  /** The entries of an array that are right; none if there is no array. */
  list(key: string): readonly JsonItem<CheckedValue>[] {
    const value = this.#read(key);
    return Array.isArray(value) ? value : noItems;
  }

  #read(key: string): CheckedValue | undefined {
    if (!Object.hasOwn(this.#schema.keys, key)) {
      // A slip in our own parsers: the schema is what the types and the documents are made of.
      throw new Error(`the schema of ${this.#schema.noun} has no key ${key}`);
    }
    return this.#check.values.get(key);
  }
}
