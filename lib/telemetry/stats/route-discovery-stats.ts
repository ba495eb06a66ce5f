import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `http.<stat_prefix>.rds.<route_config_name>.`: reference 8.1. */
export class RouteDiscoveryStats implements StatSource {
  configReload = 0;
  updateAttempt = 0;
  updateFailure = 0;
  updateSuccess = 0;
  /** A hash of the table that is in force; 0 until the first. */
  version = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<RouteDiscoveryStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<RouteDiscoveryStats>>[] = [
  ['configReload', 'config_reload', 'counter'],
  ['updateAttempt', 'update_attempt', 'counter'],
  ['updateFailure', 'update_failure', 'counter'],
  ['updateSuccess', 'update_success', 'counter'],
  ['version', 'version', 'gauge'],
];
