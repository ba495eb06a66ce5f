import type { CheckedValue, OpenObject } from './checked-value.js';
import type { JsonMembers } from './json-members.js';
import type { JsonPlace } from './json-place.js';
import { findNearestName } from './nearest-name.js';
import type { ProblemCollector } from './problem-collector.js';
import { findOwners } from './schema/key-owners.js';
import type { KeySchema, ObjectSchema } from './schema/schema.js';
import { checkValue, exampleOf } from './value-check.js';

/** More unknown keys of one object than this are counted, not listed. */
const maxUnknownKeys = 20;

const requiredKeys = new WeakMap<ObjectSchema, readonly string[]>();

function requiredKeysOf(schema: ObjectSchema): readonly string[] {
  let keys = requiredKeys.get(schema);
  if (keys === undefined) {
    keys = Object.keys(schema.keys).filter((key) => schema.keys[key]?.isRequired === true);
    requiredKeys.set(schema, keys);
  }
  return keys;
}

/**
 * Checks the keys and values of one object, and holds what is right. A key with the value
 * `undefined`, which a document built by a program may hold, counts as absent.
 */
export class ObjectCheck {
  /** The values that are right, by the name of the key in the schema. */
  readonly values: Map<string, CheckedValue> = new Map();
  readonly #members: JsonMembers;
  readonly #place: JsonPlace | undefined;
  readonly #schema: ObjectSchema;
  readonly #collector: ProblemCollector;
  readonly #open: OpenObject;
  readonly #unread: { readonly keys: readonly string[]; readonly reason: string } | undefined;
  #spellings: Map<string, string> | undefined;
  #excused: string | undefined;
  #isLeftOut = false;
  #unknownKeys = 0;

  constructor(
    members: JsonMembers,
    place: JsonPlace | undefined,
    schema: ObjectSchema,
    collector: ProblemCollector,
    open: OpenObject,
  ) {
    this.#members = members;
    this.#place = place;
    this.#schema = schema;
    this.#collector = collector;
    this.#open = open;
    this.#unread = schema.unreadKeys?.(members);
    this.#checkKeys();
    this.#checkRequired();
  }

  /** Whether the object must be left out, since it has a key that is not supported. */
  get isLeftOut(): boolean {
    return this.#isLeftOut;
  }

  has(key: string): boolean {
    return this.#written(key) !== undefined;
  }

  /**
   * A key as it stands in the document. A misspelt one is reported once, and its value is read
   * and checked all the same, so that one slip does not hide the problems within.
   */
  spellingOf(key: string): string {
    return this.#spellings?.get(key) ?? key;
  }

  lengthOf(key: string): number | undefined {
    const value = this.#written(key);
    return Array.isArray(value) ? value.length : undefined;
  }

  reportMissing(key: string): void {
    const schema = this.#schema.keys[key];
    const example = schema === undefined ? '...' : exampleOf(schema);
    this.#collector.problem(
      this.#place,
      `the key "${key}" is missing; add it, for example "${key}": ${example}`,
    );
  }

  #written(key: string): unknown {
    const spelling = this.spellingOf(key);
    return Object.hasOwn(this.#members, spelling) ? this.#members[spelling] : undefined;
  }

  #checkKeys(): void {
    const { keys } = this.#schema;
    for (const written of Object.keys(this.#members)) {
      const value = this.#members[written];
      if (value === undefined) {
        continue;
      }
      const key = Object.hasOwn(keys, written) ? written : this.#replaceUnknown(written, value);
      const schema = key === undefined ? undefined : keys[key];
      if (key !== undefined && schema !== undefined) {
        this.#checkMember(key, written, schema, value);
      }
    }
    if (this.#unknownKeys > maxUnknownKeys) {
      const rest = this.#unknownKeys - maxUnknownKeys;
      this.#collector.problem(this.#place, `${rest} more unknown keys are not listed`);
    }
  }

  #checkMember(key: string, written: string, schema: KeySchema, value: unknown): void {
    const context = {
      parent: this.#place,
      segment: written,
      key,
      collector: this.#collector,
      open: this.#open,
    };
    if (this.#unread?.keys.includes(key) === true) {
      // Its type counts, and nothing else.
      checkValue(value, schema.value, context);
      const reason = `not read, as ${this.#unread.reason}; remove it`;
      this.#collector.warning(context, reason);
      return;
    }
    const { unsupported } = schema;
    if (unsupported !== undefined && unsupported.isHarmless?.(value) !== true) {
      this.#collector.unsupported(context, unsupported);
      this.#isLeftOut ||= unsupported.leavesOut !== undefined;
    }
    const checked = checkValue(value, schema.value, context);
    if (checked !== undefined) {
      this.values.set(key, checked);
    }
  }

  #checkRequired(): void {
    for (const key of requiredKeysOf(this.#schema)) {
      if (this.#excused !== key && !this.has(key)) {
        this.reportMissing(key);
      }
    }
  }

  /** Reports a key that the schema does not have; returns the one that was meant. */
  #replaceUnknown(written: string, value: unknown): string | undefined {
    const { foreign } = this.#schema;
    const replaced =
      foreign !== undefined && Object.hasOwn(foreign, written) ? foreign[written] : undefined;
    if (replaced !== undefined) {
      this.#collector.problem({ parent: this.#place, segment: written }, replaced.describe(value));
      this.#excused = replaced.replacedBy;
      return undefined;
    }
    return ++this.#unknownKeys <= maxUnknownKeys && !this.#collector.isFull
      ? this.#reportUnknown(written)
      : undefined;
  }

  #reportUnknown(written: string): string | undefined {
    const { keys, noun, isOpen } = this.#schema;
    const absent = Object.keys(keys).filter((other) => !this.has(other));
    const nearest = findNearestName(written, absent);
    if (nearest !== undefined) {
      this.#report(written, `did you mean "${nearest}"?`);
      if (isOpen === true) {
        return undefined;
      }
      this.#spellings ??= new Map();
      this.#spellings.set(nearest, written);
      return nearest;
    }
    const owners = findOwners(written, this.#schema);
    const list = Object.keys(keys).join(', ');
    const hint =
      owners === undefined
        ? `${noun} takes ${list === '' ? 'no keys' : list}`
        : `${noun} does not take it, it belongs in ${owners}`;
    this.#report(written, hint);
    return undefined;
  }

  #report(key: string, hint: string): void {
    const place = { parent: this.#place, segment: key };
    if (this.#schema.isOpen === true) {
      this.#collector.warning(place, `unknown key, which is ignored; ${hint}`);
    } else {
      this.#collector.problem(place, `unknown key; ${hint}`);
    }
  }
}
