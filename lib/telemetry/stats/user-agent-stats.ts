import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/**
 * The statistics `http.<stat_prefix>.user_agent.<platform>.` of the connections whose first request
 * came from one platform: reference 8.1.
 */
export class UserAgentStats implements StatSource {
  downstreamCxTotal = 0;
  downstreamCxDestroyRemoteActiveRq = 0;
  downstreamRqTotal = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<UserAgentStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<UserAgentStats>>[] = [
  ['downstreamCxDestroyRemoteActiveRq', 'downstream_cx_destroy_remote_active_rq', 'counter'],
  ['downstreamCxTotal', 'downstream_cx_total', 'counter'],
  ['downstreamRqTotal', 'downstream_rq_total', 'counter'],
];
