import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

const fields: readonly StatField<NumberField<LuaFilterStats>>[] = [['errors', 'errors', 'counter']];

/** The statistics `http.<stat_prefix>.lua.` of one lua filter. */
export class LuaFilterStats implements StatSource {
  /** Scripts that have failed while they were at work for a message. */
  errors = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<LuaFilterStats>>(this, fields);
  }
}
