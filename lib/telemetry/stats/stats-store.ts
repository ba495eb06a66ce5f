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
