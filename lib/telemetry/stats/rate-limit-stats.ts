import type { RateLimitStatus } from '../../http/rate-limit.js';
import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `cluster.<name>.ratelimit.`: requests to the cluster that limits were asked for. */
export class RateLimitStats implements StatSource {
  ok = 0;
  /** The service could not be reached, was late, or said what cannot be understood. */
  error = 0;
  overLimit = 0;

  charge(status: RateLimitStatus): void {
    if (status === 'over_limit') {
      this.overLimit++;
    } else {
      this[status]++;
    }
  }

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<RateLimitStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<RateLimitStats>>[] = [
  ['error', 'error', 'counter'],
  ['ok', 'ok', 'counter'],
  ['overLimit', 'over_limit', 'counter'],
];
