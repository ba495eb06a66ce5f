import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `http.<stat_prefix>.buffer.` of the filter buffer: reference 6.1.2. */
export class BufferFilterStats implements StatSource {
  rqTimeout = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<BufferFilterStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<BufferFilterStats>>[] = [
  ['rqTimeout', 'rq_timeout', 'counter'],
];
