/** In characters. Nothing that is counted by name has a longer one, but a header of a client can. */
const maxNameLength = 256;

/**
 * Counts by names that come from clients, who may invent them. The first names have counts of their
 * own; those that come later, and longer ones, have none, so that no client can make this grow
 * without bound.
 */
export class NamedCounts<T> {
  readonly #create: () => T;
  readonly #maxNames: number;
  readonly #byName = new Map<string, T>();

  constructor(maxNames: number, create: () => T) {
    this.#maxNames = maxNames;
    this.#create = create;
  }

  /** Returns the counts of a name, or `undefined` if it has none. */
  find(name: string): T | undefined {
    let counts = this.#byName.get(name);
    const hasRoom = this.#byName.size < this.#maxNames && name.length <= maxNameLength;
    if (counts === undefined && hasRoom) {
      counts = this.#create();
      this.#byName.set(name, counts);
    }
    return counts;
  }

  entries(): Iterable<[name: string, counts: T]> {
    return this.#byName.entries();
  }

  values(): Iterable<T> {
    return this.#byName.values();
  }
}
