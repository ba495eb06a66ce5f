import { describeValue, listQuoted, quoteText } from './describe-value.js';
import { isJsonObject, type JsonMembers } from './json-members.js';
import type { JsonPath } from './json-path.js';
import { KeyCheck } from './key-check.js';
import { findNearestName } from './nearest-name.js';
import { type ObjectKind, objectShapes } from './object-shape.js';
import type { ProblemCollector } from './problem-collector.js';
import type { UnsupportedFeature } from './unsupported.js';

/** One entry of an array, with its place. */
export interface JsonItem<T> {
  readonly value: T;
  readonly path: JsonPath;
}

/** The range of an integer, and a value that messages give as an example. */
export interface IntegerRule {
  readonly min: number;
  readonly max?: number;
  readonly example?: number;
}

/** What a message shows as an example of a missing value: the value, or its JSON text. */
type Example = string | number | { readonly json: string };

/**
 * Typed access to one JSON object that knows where it stands.
 *
 * Nothing is thrown: what is wrong goes to the collector, and the method returns `undefined`. The
 * `require` methods also report a missing key; the `optional` ones leave the default to the
 * caller. Which keys the object may have is checked once, when it is opened.
 */
export class JsonReader {
  readonly path: JsonPath;
  readonly collector: ProblemCollector;
  readonly #members: JsonMembers;
  readonly #keys: KeyCheck;
  #isLeftOut = false;

  private constructor(
    members: JsonMembers,
    path: JsonPath,
    keys: KeyCheck,
    collector: ProblemCollector,
  ) {
    this.#members = members;
    this.path = path;
    this.#keys = keys;
    this.collector = collector;
  }

  /** Opens `value`, and reports its unknown and unsupported keys; `undefined` if no object. */
  static open(
    value: unknown,
    path: JsonPath,
    kind: ObjectKind,
    collector: ProblemCollector,
  ): JsonReader | undefined {
    const shape = objectShapes[kind];
    if (!isJsonObject(value)) {
      const hint = Array.isArray(value) && value.length === 1 ? '; remove the [ ] around it' : '';
      collector.problem(
        path,
        `expected an object with the keys of ${shape.noun}, found ${describeValue(value)}${hint}`,
      );
      return undefined;
    }
    const keys = new KeyCheck(value, path, shape, collector);
    keys.check();
    return new JsonReader(value, path, keys, collector);
  }

  /** Whether this object must be left out, since it holds what is not supported. */
  get isLeftOut(): boolean {
    return this.#isLeftOut || this.#keys.isLeftOut;
  }

  has(key: string): boolean {
    return this.#read(key) !== undefined;
  }

  /** The path of a key's value, with the key as it stands in the document. */
  pathOf(key: string): JsonPath {
    return [...this.path, this.#keys.spellingOf(key)];
  }

  /** Reports a problem with this object, or with the value of one of its keys. */
  problem(message: string, key?: string): void {
    this.collector.problem(key === undefined ? this.path : this.pathOf(key), message);
  }

  warning(message: string, key?: string): void {
    this.collector.warning(key === undefined ? this.path : this.pathOf(key), message);
  }

  /** Reports that the value of `key` is not supported. */
  unsupported(key: string, feature: UnsupportedFeature): void {
    this.collector.unsupported(this.pathOf(key), feature);
    this.#isLeftOut ||= feature.leavesOut !== undefined;
  }

  /** The number of entries of an array; `undefined` if there is no array. */
  lengthOf(key: string): number | undefined {
    const value = this.#read(key);
    return Array.isArray(value) ? value.length : undefined;
  }

  requireString(key: string, example: string): string | undefined {
    return this.#isMissing(key, example) ? undefined : this.optionalString(key);
  }

  optionalString(key: string): string | undefined {
    const value = this.#read(key);
    if (value === undefined || typeof value === 'string') {
      return value;
    }
    const hint =
      typeof value === 'number' || typeof value === 'boolean'
        ? `; write it in quotes: "${value}"`
        : '';
    return this.#refuse(key, 'a string', hint);
  }

  optionalBoolean(key: string): boolean | undefined {
    const value = this.#read(key);
    if (value === undefined || typeof value === 'boolean') {
      return value;
    }
    const hint = value === 'true' || value === 'false' ? '; write it without quotes' : '';
    return this.#refuse(key, 'true or false', hint);
  }

  requireInteger(key: string, rule: IntegerRule): number | undefined {
    return this.#isMissing(key, rule.example ?? rule.min)
      ? undefined
      : this.optionalInteger(key, rule);
  }

  optionalInteger(key: string, rule: IntegerRule): number | undefined {
    const value = this.#read(key);
    const max = rule.max ?? Number.MAX_SAFE_INTEGER;
    if (value === undefined) {
      return undefined;
    }
    if (Number.isInteger(value) && typeof value === 'number' && value >= rule.min && value <= max) {
      // Adding zero turns -0 into 0.
      return value + 0;
    }
    const hint = typeof value === 'string' ? describeNumberMeant(key, value) : '';
    const isTooLarge = typeof value === 'number' && value > max;
    return this.#refuse(key, isTooLarge ? `at most ${max}` : describeRange(rule), hint);
  }

  requireOneOf<T extends string>(key: string, values: readonly T[]): T | undefined {
    return this.#isMissing(key, values[0] ?? '') ? undefined : this.optionalOneOf(key, values);
  }

  optionalOneOf<T extends string>(key: string, values: readonly T[]): T | undefined {
    const value = this.#read(key);
    if (value === undefined) {
      return undefined;
    }
    const found = values.find((candidate) => candidate === value);
    if (found !== undefined) {
      return found;
    }
    const nearest = typeof value === 'string' ? findNearestName(value, values) : undefined;
    const hint = nearest === undefined ? '' : `; did you mean ${quoteText(nearest)}?`;
    return this.#refuse(key, listQuoted(values), hint);
  }

  /** `example` is JSON text, unlike those of the simple types, which are values. */
  requireObject(key: string, kind: ObjectKind, example: string): JsonReader | undefined {
    return this.#isMissing(key, { json: example }) ? undefined : this.optionalObject(key, kind);
  }

  optionalObject(key: string, kind: ObjectKind): JsonReader | undefined {
    const value = this.#read(key);
    return value === undefined
      ? undefined
      : JsonReader.open(value, this.pathOf(key), kind, this.collector);
  }

  /** The objects of a required array. Entries that are no objects are reported and left out. */
  requireObjects(key: string, kind: ObjectKind, example: string, minItems = 0): JsonReader[] {
    return this.#isMissing(key, { json: example }) ? [] : this.optionalObjects(key, kind, minItems);
  }

  optionalObjects(key: string, kind: ObjectKind, minItems = 0): JsonReader[] {
    const readers: JsonReader[] = [];
    for (const [index, value] of this.#items(key, minItems).entries()) {
      const reader = JsonReader.open(value, [...this.pathOf(key), index], kind, this.collector);
      if (reader !== undefined) {
        readers.push(reader);
      } else if (this.collector.isFull) {
        break;
      }
    }
    return readers;
  }

  /** The strings of a required array. Other entries are reported and left out. */
  requireStrings(key: string, example: string): JsonItem<string>[] {
    return this.#isMissing(key, { json: example }) ? [] : this.optionalStrings(key);
  }

  optionalStrings(key: string): JsonItem<string>[] {
    const strings: JsonItem<string>[] = [];
    for (const [index, value] of this.#items(key).entries()) {
      const path = [...this.pathOf(key), index];
      if (typeof value === 'string') {
        strings.push({ value, path });
      } else {
        this.collector.problem(path, `expected a string, found ${describeValue(value)}`);
        if (this.collector.isFull) {
          break;
        }
      }
    }
    return strings;
  }

  /** The entries of an array, which is empty if there is none. */
  #items(key: string, minItems = 0): readonly unknown[] {
    const value = this.#read(key);
    if (value === undefined) {
      return [];
    }
    if (!Array.isArray(value)) {
      this.#refuse(key, 'an array', '; put [ ] around it');
      return [];
    }
    if (value.length < minItems) {
      this.#refuse(key, 'at least one entry', '');
    }
    return value;
  }

  #read(key: string): unknown {
    const written = this.#keys.spellingOf(key);
    return Object.hasOwn(this.#members, written) ? this.#members[written] : undefined;
  }

  #isMissing(key: string, example: Example): boolean {
    if (this.has(key)) {
      return false;
    }
    if (!this.#keys.isExcused(key)) {
      const shown = typeof example === 'object' ? example.json : JSON.stringify(example);
      this.problem(`the key "${key}" is missing; add it, for example "${key}": ${shown}`);
    }
    return true;
  }

  #refuse(key: string, expected: string, hint: string): undefined {
    const value = this.#read(key);
    const advice = value === null ? '; give it a value' : hint;
    this.problem(`expected ${expected}, found ${describeValue(value)}${advice}`, key);
    return undefined;
  }
}

/** What to write for a number that stands in quotes, perhaps with a unit. */
function describeNumberMeant(key: string, text: string): string {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m)?$/.exec(text) ?? [];
  if (digits === undefined) {
    return '';
  }
  if (unit === undefined) {
    return '; write it without quotes';
  }
  const factor = unit === 'ms' ? 1 : unit === 's' ? 1000 : 60_000;
  return key.endsWith('_ms') ? `; write ${Number(digits) * factor}` : '';
}

function describeRange(rule: IntegerRule): string {
  if (rule.max !== undefined) {
    return `an integer from ${rule.min} to ${rule.max}`;
  }
  return rule.min === 1 ? 'an integer greater than 0' : `an integer of at least ${rule.min}`;
}
