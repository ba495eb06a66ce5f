/** Hears of one statistic: its name below the source's prefix, and its value now. */
export type StatVisitor = (name: string, value: number) => void;

/**
 * Something that holds statistics as plain numbers.
 *
 * Whoever counts finds its source once, at start, and then writes to a field: `stats.rqTotal++`.
 * Names are met only when somebody reads, so their cost is the reader's.
 */
export interface StatSource {
  /** Calls `visitor` for every statistic, in any order, at once. */
  visitStats(visitor: StatVisitor): void;
  /** Sets counters to 0. Gauges show what is, and stay. */
  resetCounters(): void;
}

/** The names of the number fields of `T`. */
export type NumberField<T> = {
  [K in keyof T]: T[K] extends number ? K : never;
}[keyof T];

/** A number field of a stats class, the name that Envoy gives to it, and what kind it is. */
export type StatField<K> = readonly [field: K, name: string, kind: 'counter' | 'gauge'];

/** Shows all `fields` of `stats` to `visitor`. */
export function visitFields<K extends PropertyKey>(
  stats: Readonly<Record<K, number>>,
  fields: readonly StatField<K>[],
  visitor: StatVisitor,
): void {
  for (const [field, name] of fields) {
    visitor(name, stats[field]);
  }
}

/** Sets the counters among `fields` to 0. */
export function resetCounterFields<K extends PropertyKey>(
  stats: Record<K, number>,
  fields: readonly StatField<K>[],
): void {
  for (const [field, , kind] of fields) {
    if (kind === 'counter') {
      stats[field] = 0;
    }
  }
}
