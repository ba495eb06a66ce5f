import type { ResponseClassCounters } from './response-class.js';
import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/**
 * The statistics `listener.<address>.http.<stat_prefix>.`: what a connection manager answered on
 * one listener, even if several share its `stat_prefix` (reference 8.4). Responses are counted with
 * `chargeResponseClass`.
 */
export class ListenerHttpStats implements StatSource, ResponseClassCounters {
  downstreamRq1xx = 0;
  downstreamRq2xx = 0;
  downstreamRq3xx = 0;
  downstreamRq4xx = 0;
  downstreamRq5xx = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<ListenerHttpStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<ListenerHttpStats>>[] = [
  ['downstreamRq1xx', 'downstream_rq_1xx', 'counter'],
  ['downstreamRq2xx', 'downstream_rq_2xx', 'counter'],
  ['downstreamRq3xx', 'downstream_rq_3xx', 'counter'],
  ['downstreamRq4xx', 'downstream_rq_4xx', 'counter'],
  ['downstreamRq5xx', 'downstream_rq_5xx', 'counter'],
];
