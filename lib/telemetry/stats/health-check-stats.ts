import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `cluster.<name>.health_check.` of a cluster whose hosts are checked. */
export class HealthCheckStats implements StatSource {
  attempt = 0;
  success = 0;
  /** Every failure, those of the two next included. */
  failure = 0;
  passiveFailure = 0;
  networkFailure = 0;
  verifyCluster = 0;
  /** Hosts that have not failed; outlier detection aside. */
  healthy = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<HealthCheckStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<HealthCheckStats>>[] = [
  ['attempt', 'attempt', 'counter'],
  ['failure', 'failure', 'counter'],
  ['healthy', 'healthy', 'gauge'],
  ['networkFailure', 'network_failure', 'counter'],
  ['passiveFailure', 'passive_failure', 'counter'],
  ['success', 'success', 'counter'],
  ['verifyCluster', 'verify_cluster', 'counter'],
];
