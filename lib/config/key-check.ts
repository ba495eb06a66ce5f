import type { JsonMembers } from './json-members.js';
import type { JsonPath } from './json-path.js';
import { findNearestName } from './nearest-name.js';
import { allKeys, findOwners, listKeys, type ObjectShape } from './object-shape.js';
import type { ProblemCollector } from './problem-collector.js';

/** More unknown keys of one object than this are counted, not listed. */
const maxUnknownKeys = 20;

/**
 * Checks which keys one object has, and remembers what follows from that for reading it. A key
 * with the value `undefined`, which a document built by a program may hold, counts as absent.
 */
export class KeyCheck {
  readonly #members: JsonMembers;
  readonly #path: JsonPath;
  readonly #shape: ObjectShape;
  readonly #collector: ProblemCollector;
  #spellings: Map<string, string> | undefined;
  #excused: string | undefined;
  #isLeftOut = false;

  constructor(
    members: JsonMembers,
    path: JsonPath,
    shape: ObjectShape,
    collector: ProblemCollector,
  ) {
    this.#members = members;
    this.#path = path;
    this.#shape = shape;
    this.#collector = collector;
  }

  /** Whether the object must be left out, since it has a key that is not supported. */
  get isLeftOut(): boolean {
    return this.#isLeftOut;
  }

  /**
   * A key as it stands in the document. A misspelt one is reported once, and its value is read
   * and checked all the same, so that one slip does not hide the problems within.
   */
  spellingOf(key: string): string {
    return this.#spellings?.get(key) ?? key;
  }

  /** Whether it has been said already what to write for this key, which is missing. */
  isExcused(key: string): boolean {
    return this.#excused === key;
  }

  /** Reports unknown, unsupported and outdated keys. */
  check(): void {
    const { keys, unsupported, foreign } = this.#shape;
    let unknownKeys = 0;
    for (const key of Object.keys(this.#members)) {
      const value = this.#members[key];
      if (keys.has(key) || value === undefined) {
        continue;
      }
      const feature = Object.hasOwn(unsupported, key) ? unsupported[key] : undefined;
      const replaced = Object.hasOwn(foreign, key) ? foreign[key] : undefined;
      if (feature !== undefined) {
        if (feature.isHarmless?.(value) !== true) {
          this.#collector.unsupported([...this.#path, key], feature);
          this.#isLeftOut ||= feature.leavesOut !== undefined;
        }
      } else if (replaced !== undefined) {
        this.#collector.problem([...this.#path, key], replaced.describe(value));
        this.#excused = replaced.replacedBy;
      } else if (++unknownKeys <= maxUnknownKeys && !this.#collector.isFull) {
        this.#reportUnknown(key);
      }
    }
    if (unknownKeys > maxUnknownKeys) {
      const rest = unknownKeys - maxUnknownKeys;
      this.#collector.problem(this.#path, `${rest} more unknown keys are not listed`);
    }
  }

  #reportUnknown(key: string): void {
    const { keys, noun, isOpen } = this.#shape;
    const absent = allKeys(this.#shape).filter((other) => !Object.hasOwn(this.#members, other));
    const nearest = findNearestName(key, absent);
    if (nearest !== undefined) {
      this.#report(key, `did you mean "${nearest}"?`);
      if (keys.has(nearest) && !isOpen) {
        this.#spellings ??= new Map();
        this.#spellings.set(nearest, key);
      }
      return;
    }
    const owners = findOwners(key);
    const hint =
      owners === undefined
        ? `${noun} takes ${listKeys(this.#shape)}`
        : `${noun} does not take it, it belongs in ${owners}`;
    this.#report(key, hint);
  }

  #report(key: string, hint: string): void {
    const path = [...this.#path, key];
    if (this.#shape.isOpen) {
      this.#collector.warning(path, `unknown key, which is ignored; ${hint}`);
    } else {
      this.#collector.problem(path, `unknown key; ${hint}`);
    }
  }
}
