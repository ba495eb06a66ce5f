import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `http.<stat_prefix>.tracing.`: what was decided about traces, reference 8.1. */
export class TracingStats implements StatSource {
  randomSampling = 0;
  serviceForced = 0;
  clientEnabled = 0;
  notTraceable = 0;
  healthCheck = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<TracingStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<TracingStats>>[] = [
  ['clientEnabled', 'client_enabled', 'counter'],
  ['healthCheck', 'health_check', 'counter'],
  ['notTraceable', 'not_traceable', 'counter'],
  ['randomSampling', 'random_sampling', 'counter'],
  ['serviceForced', 'service_forced', 'counter'],
];
