import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';
import type { UpdateAge } from './update-age.js';

/**
 * The statistics of asking a discovery service: `http.<stat_prefix>.rds.<route_config_name>.`,
 * `cluster_manager.cds.` and `listener_manager.lds.`, reference 8.1 and 8.4.
 */
export class DiscoveryStats implements StatSource {
  configReload = 0;
  updateAttempt = 0;
  updateFailure = 0;
  updateSuccess = 0;
  /** A hash of the answer that is in force; 0 until the first. */
  version = 0;
  /** Set by whoever asks. */
  updateAge: UpdateAge | undefined = undefined;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
    if (this.updateAge !== undefined) {
      visitor('update_success_age_ms', this.updateAge.ms);
    }
  }

  resetCounters(): void {
    resetCounterFields<NumberField<DiscoveryStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<DiscoveryStats>>[] = [
  ['configReload', 'config_reload', 'counter'],
  ['updateAttempt', 'update_attempt', 'counter'],
  ['updateFailure', 'update_failure', 'counter'],
  ['updateSuccess', 'update_success', 'counter'],
  ['version', 'version', 'gauge'],
];
