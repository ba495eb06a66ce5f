import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `listener.<address>.` of one listener: reference 8.4. */
export class ListenerStats implements StatSource {
  downstreamCxTotal = 0;
  downstreamCxDestroy = 0;
  downstreamCxActive = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<ListenerStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<ListenerStats>>[] = [
  ['downstreamCxActive', 'downstream_cx_active', 'gauge'],
  ['downstreamCxDestroy', 'downstream_cx_destroy', 'counter'],
  ['downstreamCxTotal', 'downstream_cx_total', 'counter'],
];
