import type { StatSource } from './stat-source.js';
import type { StatsStore } from './stats-store.js';

/**
 * The statistics of something that comes and goes, such as a listener: they are in the store for as
 * long as somebody holds a lease on them.
 *
 * Who takes the place of another takes its lease first, and then counts on where the other stopped,
 * as in Envoy, where counters belong to their names.
 */
export class StatsLease {
  readonly #store: StatsStore;
  readonly #releases: (() => void)[] = [];

  constructor(store: StatsStore) {
    this.#store = store;
  }

  /** Shows `source` below `prefix` until the lease ends; see `StatsStore.register`. */
  register(prefix: string, source: StatSource): void {
    this.#releases.push(this.#store.register(prefix, source));
  }

  /** Returns the statistics of that class below `prefix`: see `StatsStore.share`. */
  share<T extends StatSource>(prefix: string, create: new () => T): T {
    const { source, release } = this.#store.share(prefix, create);
    this.#releases.push(release);
    return source;
  }

  /** Ends the lease. What nobody else holds leaves the store. Idempotent. */
  release(): void {
    for (const release of this.#releases.splice(0)) {
      release();
    }
  }
}
