import { NamedCounts } from './named-counts.js';
import { ResponseStats } from './response-stats.js';
import type { StatVisitor } from './stat-source.js';

/** So many names may be made up for one cluster; responses under any further name are not counted. */
const maxAltNames = 100;

/** As parts of statistics are named. A name comes with a request, and is shown in plain text. */
const altNamePattern = /^[\w.:-]{1,64}$/;

/**
 * The responses of a cluster that requests had counted a second time, under names of their own
 * (`x-envoy-upstream-alt-stat-name`): reference 3.2.
 */
export class AltResponseStats {
  readonly #byName = new NamedCounts(maxAltNames, () => new ResponseStats());

  /** Returns where responses under this name are counted, or `undefined` if they are not. */
  find(name: string): ResponseStats | undefined {
    return altNamePattern.test(name) ? this.#byName.find(name) : undefined;
  }

  visitStats(visitor: StatVisitor): void {
    for (const [name, responses] of this.#byName.entries()) {
      responses.visitResponses(`${name}.`, visitor);
    }
  }

  resetCounters(): void {
    for (const responses of this.#byName.values()) {
      responses.resetResponses();
    }
  }
}
