import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `cluster.<name>.breaker.` of a failure-rate breaker, which Envoy does not have. */
export class BreakerStats implements StatSource {
  /** 1 while the cluster gets no requests, else 0. */
  open = 0;
  /** 1 while it gets probes only, else 0. */
  halfOpen = 0;
  /** Probes that are under way. */
  probesActive = 0;
  /** How often it has opened, from closed or half-open. */
  opened = 0;
  halfOpened = 0;
  closed = 0;
  /** Requests that were probes. */
  probes = 0;
  /** Attempts that were refused, since it was open or had its probes. */
  rejected = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<BreakerStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<BreakerStats>>[] = [
  ['closed', 'closed', 'counter'],
  ['halfOpen', 'half_open', 'gauge'],
  ['halfOpened', 'half_opened', 'counter'],
  ['open', 'open', 'gauge'],
  ['opened', 'opened', 'counter'],
  ['probes', 'probes', 'counter'],
  ['probesActive', 'probes_active', 'gauge'],
  ['rejected', 'rejected', 'counter'],
];
