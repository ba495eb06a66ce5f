import type { KeySchema, ObjectSchema } from './schema.js';
import { percent, positive } from './values.js';

const enforcing = (what: string, value: number, test: string): KeySchema => ({
  value: percent,
  default: value,
  description: `How many of the hosts that are detected by ${what} are ejected, in percent.`,
  test,
});

/** `outlier_detection` of a cluster. */
export const outlierDetectionSchema: ObjectSchema = {
  noun: 'the outlier_detection of a cluster',
  typeName: 'OutlierDetection',
  description: 'Ejects hosts that answer badly.',
  reference: '1.6.4',
  keys: {
    consecutive_5xx: {
      value: positive,
      default: 5,
      description: 'Server errors in a row by which a host is detected.',
      test: 'outlier-detection',
    },
    consecutive_gateway_failure: {
      value: positive,
      default: 5,
      description: 'Statuses 502, 503 or 504 in a row by which a host is detected.',
      test: 'outlier-detection',
    },
    interval_ms: {
      value: positive,
      default: 10000,
      description: 'How often success rates are compared and ejected hosts return.',
      test: 'outlier-detection',
    },
    base_ejection_time_ms: {
      value: positive,
      default: 30000,
      description: 'How long a host is ejected, times the number of its ejections.',
      test: 'outlier-detection',
    },
    max_ejection_percent: {
      value: percent,
      default: 10,
      description: 'How many hosts of the cluster may be ejected at a time, in percent.',
      test: 'outlier-detection',
    },
    enforcing_consecutive_5xx: enforcing('consecutive_5xx', 100, 'outlier-detection'),
    enforcing_consecutive_gateway_failure: enforcing(
      'consecutive_gateway_failure',
      0,
      'outlier-detection',
    ),
    enforcing_success_rate: enforcing('their success rate', 100, 'outlier-success-rate'),
    success_rate_minimum_hosts: {
      value: positive,
      default: 5,
      description: 'Hosts with enough requests that are needed to compare success rates.',
      test: 'outlier-success-rate',
    },
    success_rate_request_volume: {
      value: positive,
      default: 100,
      description: 'Requests in an interval that a host needs to be compared.',
      test: 'outlier-success-rate',
    },
    success_rate_stdev_factor: {
      value: positive,
      default: 1900,
      description:
        'How many standard deviations below the mean a success rate may be, in thousandths.',
      test: 'outlier-success-rate',
    },
  },
};
