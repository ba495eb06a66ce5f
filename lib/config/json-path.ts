import { quoteText } from './describe-value.js';

/** The keys and indexes that lead from the document to a value. Empty for the document itself. */
export type JsonPath = readonly (string | number)[];

/** A path as messages show it: `cluster_manager.clusters[2].lb_type`. */
export function formatJsonPath(path: JsonPath): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') {
      text += `[${segment}]`;
    } else if (/^[A-Za-z_$][\w$-]{0,63}$/.test(segment)) {
      text += text === '' ? segment : `.${segment}`;
    } else {
      text += `[${quoteText(segment)}]`;
    }
  }
  return text;
}

/** Orders paths as their values stand in one document; a container comes before what it holds. */
export class DocumentOrder {
  readonly #root: unknown;
  readonly #keyIndexes = new Map<object, ReadonlyMap<string, number>>();

  constructor(root: unknown) {
    this.#root = root;
  }

  /** Sorts a copy. Entries with the same path keep their order. */
  sort<T extends { readonly path: JsonPath }>(entries: readonly T[]): T[] {
    return entries
      .map((entry) => ({ entry, ranks: this.#ranks(entry.path) }))
      .sort((a, b) => compareRanks(a.ranks, b.ranks))
      .map(({ entry }) => entry);
  }

  #ranks(path: JsonPath): number[] {
    const ranks: number[] = [];
    let container = this.#root;
    for (const segment of path) {
      if (typeof container !== 'object' || container === null) {
        break;
      }
      if (typeof segment === 'number') {
        ranks.push(segment);
        container = Array.isArray(container) ? container[segment] : undefined;
      } else {
        ranks.push(this.#indexesOf(container).get(segment) ?? -1);
        container = Object.hasOwn(container, segment)
          ? // The key is an own one, and what it holds is examined as unknown.
            (container as Readonly<Record<string, unknown>>)[segment]
          : undefined;
      }
    }
    return ranks;
  }

  #indexesOf(container: object): ReadonlyMap<string, number> {
    let indexes = this.#keyIndexes.get(container);
    if (indexes === undefined) {
      indexes = new Map(Object.keys(container).map((key, index) => [key, index]));
      this.#keyIndexes.set(container, indexes);
    }
    return indexes;
  }
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, rank] of a.entries()) {
    const other = b[index];
    if (other === undefined) {
      return 1;
    }
    if (rank !== other) {
      return rank - other;
    }
  }
  return a.length - b.length;
}
