import { CodeStats } from './code-stats.js';
import type { StatsStore } from './stats-store.js';

/** The statistics of all virtual clusters: `vhost.<virtual host>.vcluster.<name>.`, reference 8.3. */
export class VirtualClusterStats {
  readonly #store: StatsStore;
  readonly #stats = new Map<string, CodeStats>();

  constructor(store: StatsStore) {
    this.#store = store;
  }

  /** The same for the same names: a table that replaces another counts on. */
  of(virtualHost: string, name: string): CodeStats {
    const scope = `vhost.${virtualHost}.vcluster.${name}`;
    let stats = this.#stats.get(scope);
    if (stats === undefined) {
      stats = new CodeStats();
      this.#stats.set(scope, stats);
      this.#store.register(scope, stats);
    }
    return stats;
  }
}
