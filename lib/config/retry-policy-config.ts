import { quoteText } from './describe-value.js';
import type { JsonReader } from './json-reader.js';
import { findNearestName } from './nearest-name.js';

/** What a request is tried again after: reference 3.6. */
export type RetryCondition = (typeof retryConditions)[number];

const retryConditions = [
  '5xx',
  'gateway-error',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'cancelled',
  'deadline-exceeded',
  'resource-exhausted',
  'unavailable',
] as const;

/** `retry_policy`: reference 3.6. */
export interface RetryPolicyConfig {
  readonly retryOn: readonly RetryCondition[];
  readonly numRetries: number;
  /** 0 for no limit of its own. */
  readonly perTryTimeoutMs: number;
}

/** Parses `retry_policy`; `undefined` if it is broken. `timeoutMs` is that of the route. */
export function parseRetryPolicy(
  reader: JsonReader,
  timeoutMs: number,
): RetryPolicyConfig | undefined {
  const list = reader.string('retry_on');
  if (list === undefined) {
    return undefined;
  }
  const written = list.split(',').map((name) => name.trim());
  const retryOn = retryConditions.filter((condition) => written.includes(condition));
  for (const name of written) {
    if (name !== '' && !retryConditions.some((condition) => condition === name)) {
      warnOfUnknown(reader, name);
    }
  }
  if (retryOn.length === 0) {
    reader.warning(
      `no condition is named, so nothing is tried again; there are ${retryConditions.join(', ')}`,
      'retry_on',
    );
  }
  const perTryTimeoutMs = reader.number('per_try_timeout_ms') ?? 0;
  if (perTryTimeoutMs > 0 && perTryTimeoutMs >= timeoutMs) {
    const limit = timeoutMs === 0 ? 'there is none' : `that is ${timeoutMs} ms`;
    reader.warning(
      `dropped, as it must be shorter than the time-out of the route, and ${limit}`,
      'per_try_timeout_ms',
    );
  }
  return {
    retryOn,
    numRetries: reader.number('num_retries') ?? 1,
    perTryTimeoutMs,
  };
}

/** Envoy passes over what it does not know, so that newer files load in older releases. */
function warnOfUnknown(reader: JsonReader, name: string): void {
  const nearest = findNearestName(name, retryConditions);
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  reader.warning(`${quoteText(name)} is no condition, and is passed over${hint}`, 'retry_on');
}
