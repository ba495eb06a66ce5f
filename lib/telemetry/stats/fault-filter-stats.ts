import { NamedCounts } from './named-counts.js';
import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** How many downstream clusters are counted by name. */
const maxClusters = 100;

/** Faults of one kind of requests. */
class FaultCounts {
  delaysInjected = 0;
  abortsInjected = 0;
}

const fields: readonly StatField<NumberField<FaultCounts>>[] = [
  ['abortsInjected', 'aborts_injected', 'counter'],
  ['delaysInjected', 'delays_injected', 'counter'],
];

/**
 * The statistics `http.<stat_prefix>.fault.` of one fault filter, in all and for each downstream
 * cluster: reference 6.1.4.
 *
 * Downstream clusters name themselves, in a header. The first 100 names have counters of their own;
 * whoever comes later is in the totals only, so that no client can make this grow without bound.
 */
export class FaultFilterStats implements StatSource {
  readonly #totals = new FaultCounts();
  readonly #byCluster = new NamedCounts(maxClusters, () => new FaultCounts());

  /** Counts a request that is held back. `downstreamCluster` is empty if it did not say. */
  chargeDelay(downstreamCluster: string): void {
    this.#totals.delaysInjected++;
    const counts = this.#countsOf(downstreamCluster);
    if (counts !== undefined) {
      counts.delaysInjected++;
    }
  }

  /** Counts a request that is answered with an error. */
  chargeAbort(downstreamCluster: string): void {
    this.#totals.abortsInjected++;
    const counts = this.#countsOf(downstreamCluster);
    if (counts !== undefined) {
      counts.abortsInjected++;
    }
  }

  visitStats(visitor: StatVisitor): void {
    visitFields(this.#totals, fields, visitor);
    for (const [cluster, counts] of this.#byCluster.entries()) {
      visitFields(counts, fields, (name, value) => visitor(`${cluster}.${name}`, value));
    }
  }

  resetCounters(): void {
    resetCounterFields<NumberField<FaultCounts>>(this.#totals, fields);
    for (const counts of this.#byCluster.values()) {
      resetCounterFields<NumberField<FaultCounts>>(counts, fields);
    }
  }

  #countsOf(cluster: string): FaultCounts | undefined {
    return cluster === '' ? undefined : this.#byCluster.find(cluster);
  }
}
