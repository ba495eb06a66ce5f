import type { RuntimeCounts } from '../../base/runtime/layered-runtime.js';
import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `runtime.`: reference 8.4. */
export class RuntimeStats implements StatSource, RuntimeCounts {
  loadError = 0;
  loadSuccess = 0;
  overrideDirExists = 0;
  overrideDirNotExists = 0;
  numKeys = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<RuntimeStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<RuntimeStats>>[] = [
  ['loadError', 'load_error', 'counter'],
  ['loadSuccess', 'load_success', 'counter'],
  ['numKeys', 'num_keys', 'gauge'],
  ['overrideDirExists', 'override_dir_exists', 'counter'],
  ['overrideDirNotExists', 'override_dir_not_exists', 'counter'],
];
