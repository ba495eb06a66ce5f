import type { StatSource } from './stat-source.js';

/** One statistic as it is shown. */
export interface StatEntry {
  readonly name: string;
  readonly value: number;
}

interface Registration {
  /** What stands before each name of the source, with its final dot. */
  readonly scope: string;
  readonly source: StatSource;
}

/** Statistics that several owners count on. */
export interface SharedStats<T extends StatSource> {
  readonly source: T;
  /** Gives them back; calling it twice does no harm. */
  readonly release: () => void;
}

interface SharedSource {
  readonly source: StatSource;
  readonly unregister: () => void;
  users: number;
}

/**
 * Knows every source of statistics, for whoever reads them: the admin server and, later, sinks.
 *
 * Requests never come here. Two sources may have the same prefix, as two listeners whose connection
 * managers share a `stat_prefix`; values of the same name are then added up, as in Envoy, where
 * both would count on the same counter.
 */
export class StatsStore {
  readonly #registrations = new Set<Registration>();
  /** By scope; `undefined` when a source has come or gone. Replaced, never edited. */
  #sorted: readonly Registration[] | undefined = undefined;
  /** By class and prefix. */
  readonly #shared = new Map<new () => StatSource, Map<string, SharedSource>>();

  /**
   * Shows the statistics of `source` below `prefix`, such as `cluster.orders`, with or without a
   * final dot. Returns what takes it out again; calling that twice does no harm.
   */
  register(prefix: string, source: StatSource): () => void {
    const scope = cleanName(prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`);
    const registration: Registration = { scope, source };
    this.#registrations.add(registration);
    this.#sorted = undefined;
    return () => {
      if (this.#registrations.delete(registration)) {
        this.#sorted = undefined;
      }
    };
  }

  /**
   * Returns the statistics of a class below `prefix`, which are the same for all who ask until the
   * last of them has given them back. Only then do they leave the store, and begin anew.
   */
  share<T extends StatSource>(prefix: string, create: new () => T): SharedStats<T> {
    const byPrefix = this.#shared.get(create) ?? new Map<string, SharedSource>();
    this.#shared.set(create, byPrefix);
    const shared = byPrefix.get(prefix) ?? this.#createShared(prefix, create);
    byPrefix.set(prefix, shared);
    shared.users++;
    let isReleased = false;
    const release = (): void => {
      if (!isReleased) {
        isReleased = true;
        shared.users--;
        this.#dropUnused(prefix, create, shared);
      }
    };
    // What stands under a class was made by it.
    return { source: shared.source as T, release };
  }

  /**
   * Goes through all statistics by name. Values are read on the way, one small group of sources at
   * a time, so that a reader of very many can pause without holding up the process. Sources that
   * come or go meanwhile do not disturb.
   */
  *entries(): Generator<StatEntry, void, undefined> {
    const sorted = this.#sortedRegistrations();
    let group: Registration[] = [];
    for (const registration of sorted) {
      const head = group[0];
      if (head !== undefined && !registration.scope.startsWith(head.scope)) {
        yield* readGroup(group);
        group = [];
      }
      group.push(registration);
    }
    yield* readGroup(group);
  }

  /** Returns all statistics, sorted by name. */
  list(): StatEntry[] {
    return [...this.entries()];
  }

  /** Sets every counter to 0. */
  resetCounters(): void {
    for (const { source } of this.#registrations) {
      source.resetCounters();
    }
  }

  #createShared(prefix: string, create: new () => StatSource): SharedSource {
    const source = new create();
    return { source, unregister: this.register(prefix, source), users: 0 };
  }

  #dropUnused(prefix: string, create: new () => StatSource, shared: SharedSource): void {
    if (shared.users === 0) {
      shared.unregister();
      this.#shared.get(create)?.delete(prefix);
    }
  }

  #sortedRegistrations(): readonly Registration[] {
    this.#sorted ??= [...this.#registrations].sort((a, b) => compareText(a.scope, b.scope));
    return this.#sorted;
  }
}

/**
 * Reads sources whose scopes begin with the scope of the first. Only their names can stand between
 * each other, so sorting each group by itself sorts the whole.
 */
function readGroup(group: readonly Registration[]): StatEntry[] {
  const values = new Map<string, number>();
  for (const { scope, source } of group) {
    source.visitStats((name, value) => {
      const fullName = scope + cleanName(name);
      values.set(fullName, (values.get(fullName) ?? 0) + value);
    });
  }
  const names = [...values.keys()].sort(compareText);
  return names.map((name) => ({ name, value: values.get(name) ?? 0 }));
}

/** Colons separate name and value where statistics are shown, so names have none: reference 8. */
function cleanName(name: string): string {
  return name.includes(':') ? name.replaceAll(':', '_') : name;
}

function compareText(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  return a < b ? -1 : 1;
}
