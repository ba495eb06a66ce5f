import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/**
 * The statistics `cluster.<name>.outlier_detection.`: reference 8.2. Those of Envoy's first years
 * are counted beside the ones that took their place, as in Envoy.
 */
export class OutlierDetectionStats implements StatSource {
  /** Hosts that are ejected now. */
  ejectionsActive = 0;
  /** Former name. Ejections by server errors and success rates, enforced or not. */
  ejectionsTotal = 0;
  /** Former name. Detected, whatever came of it. */
  ejectionsConsecutive5xx = 0;
  /** Former name. Detected, whatever came of it. */
  ejectionsSuccessRate = 0;
  /** Detected, but too many hosts were ejected already. */
  ejectionsOverflow = 0;
  ejectionsDetectedConsecutive5xx = 0;
  ejectionsDetectedConsecutiveGatewayFailure = 0;
  ejectionsDetectedSuccessRate = 0;
  ejectionsEnforcedTotal = 0;
  ejectionsEnforcedConsecutive5xx = 0;
  ejectionsEnforcedConsecutiveGatewayFailure = 0;
  ejectionsEnforcedSuccessRate = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<OutlierDetectionStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<OutlierDetectionStats>>[] = [
  ['ejectionsActive', 'ejections_active', 'gauge'],
  ['ejectionsConsecutive5xx', 'ejections_consecutive_5xx', 'counter'],
  ['ejectionsDetectedConsecutive5xx', 'ejections_detected_consecutive_5xx', 'counter'],
  [
    'ejectionsDetectedConsecutiveGatewayFailure',
    'ejections_detected_consecutive_gateway_failure',
    'counter',
  ],
  ['ejectionsDetectedSuccessRate', 'ejections_detected_success_rate', 'counter'],
  ['ejectionsEnforcedConsecutive5xx', 'ejections_enforced_consecutive_5xx', 'counter'],
  [
    'ejectionsEnforcedConsecutiveGatewayFailure',
    'ejections_enforced_consecutive_gateway_failure',
    'counter',
  ],
  ['ejectionsEnforcedSuccessRate', 'ejections_enforced_success_rate', 'counter'],
  ['ejectionsEnforcedTotal', 'ejections_enforced_total', 'counter'],
  ['ejectionsOverflow', 'ejections_overflow', 'counter'],
  ['ejectionsSuccessRate', 'ejections_success_rate', 'counter'],
  ['ejectionsTotal', 'ejections_total', 'counter'],
];
