import { maxDepth } from './json-parser.js';
import { DocumentOrder, type JsonPath } from './json-path.js';
import { type JsonPlace, pathOf } from './json-place.js';
import type { UnsupportedFeature } from './schema/unsupported-feature.js';

/** Something to say about one place of a document. */
export interface PlacedMessage {
  readonly path: JsonPath;
  readonly message: string;
}

/**
 * What a key does that is known but not supported: refuse the document, be left out, or, to explain
 * what the document says, be read like any other.
 */
export type UnsupportedMode = 'error' | 'warn' | 'explain';

/**
 * More problems than anybody reads. The limit keeps a large file that is wrong throughout from
 * costing far more memory for its messages than for itself.
 */
const maxProblems = 1000;

/** Far more than any configuration holds. */
const maxObjects = 1_000_000;

/** Collects everything that the parsers have to say about one document. */
export class ProblemCollector {
  /** Whether the application brings a source of registrations, which clusters of type `sds` use. */
  readonly hasRegistrations: boolean;
  readonly #mode: UnsupportedMode;
  /** Names of the filters that the application brings itself. */
  readonly #ownFilters: ReadonlySet<string>;
  readonly #problems: PlacedMessage[] = [];
  readonly #warnings: PlacedMessage[] = [];
  #depth = 0;
  #objects = 0;

  constructor(
    mode: UnsupportedMode,
    ownFilters: Iterable<string> = [],
    hasRegistrations: boolean = false,
  ) {
    this.hasRegistrations = hasRegistrations;
    this.#mode = mode;
    this.#ownFilters = new Set(ownFilters);
  }

  /** Whether the application brings a filter of this name itself. */
  isOwn(name: string): boolean {
    return this.#ownFilters.has(name);
  }

  get hasProblems(): boolean {
    return this.#problems.length > 0;
  }

  /** Whether nothing more is taken, so that making another message would be in vain. */
  get isFull(): boolean {
    return this.#problems.length >= maxProblems;
  }

  /** The document cannot be used. */
  problem(place: JsonPlace | undefined, message: string): void {
    add(this.#problems, place, message);
  }

  /** Takes what was found before there were places. */
  addProblem(problem: PlacedMessage): void {
    if (!this.isFull) {
      this.#problems.push(problem);
    }
  }

  /** Whether objects go that hold what is not supported. */
  get leavesOut(): boolean {
    return this.#mode !== 'explain';
  }

  /**
   * Checks an object of the document, which may have been built by a program and so hold itself, or
   * the same object in very many places. Returns `undefined` for what no document needs.
   */
  within<T>(place: JsonPlace | undefined, check: () => T): T | undefined {
    if (this.isFull) {
      return undefined;
    }
    if (this.#depth >= maxDepth) {
      this.problem(place, `nested more than ${maxDepth} levels deep`);
      return undefined;
    }
    if (++this.#objects > maxObjects) {
      if (this.#objects === maxObjects + 1) {
        this.problem(undefined, `it holds more than ${maxObjects} objects`);
      }
      return undefined;
    }
    this.#depth++;
    try {
      return check();
    } finally {
      this.#depth--;
    }
  }

  /** The document can be used, and does something else than its author may think. */
  warning(place: JsonPlace | undefined, message: string): void {
    add(this.#warnings, place, message);
  }

  /**
   * A known feature that is not supported: a problem, or a warning where such things are left
   * out. The caller leaves it out in any case, since a document with problems is not used.
   */
  unsupported(place: JsonPlace | undefined, feature: UnsupportedFeature): void {
    const { reason, instead = 'remove it', leavesOut, without } = feature;
    const rule = `known but not supported yet (${reason})`;
    if (this.#mode === 'error') {
      const consequence = leavesOut === undefined ? '' : `${leavesOut} is left out, `;
      this.problem(
        place,
        `${rule}; ${instead}, or set unsupported: 'warn' (--unsupported warn) and accept that ` +
          `${consequence}${without}`,
      );
    } else if (this.#mode === 'explain') {
      this.warning(place, rule);
    } else if (leavesOut === undefined) {
      this.warning(place, `${rule}, so it is left out: ${without}`);
    } else {
      this.warning(place, `${rule}, so ${leavesOut} is left out, ${without}`);
    }
  }

  /** All problems, as their values stand in the document. */
  problemsIn(root: unknown): PlacedMessage[] {
    const sorted = new DocumentOrder(root).sort(this.#problems);
    if (this.isFull) {
      sorted.push({ path: [], message: 'there are more problems; mend these first' });
    }
    return sorted;
  }

  /** All warnings, as their values stand in the document. */
  warningsIn(root: unknown): PlacedMessage[] {
    return new DocumentOrder(root).sort(this.#warnings);
  }
}

function add(list: PlacedMessage[], place: JsonPlace | undefined, message: string): void {
  if (list.length < maxProblems) {
    list.push({ path: pathOf(place), message });
  }
}
