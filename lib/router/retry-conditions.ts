import type { RetryCondition } from '../config/retry-policy-config.js';
import { getHeader } from '../http/headers.js';
import type { ResponseHead } from '../http/message.js';
import type { ResetReason } from '../http/reset-reason.js';

/** Why an attempt ended without a response, as retries see it. */
export type FailureReason = ResetReason | 'per-try-timeout';

/** One bit for each condition, so that a request carries its conditions as one number. */
const bits: Readonly<Record<RetryCondition, number>> = {
  '5xx': 1,
  'gateway-error': 2,
  'connect-failure': 4,
  'retriable-4xx': 8,
  'refused-stream': 16,
  cancelled: 32,
  'deadline-exceeded': 64,
  'resource-exhausted': 128,
  unavailable: 256,
};

/** The conditions that any attempt without a response fulfils. */
const anyFailure = bits['5xx'] | bits['gateway-error'];
const grpcConditions =
  bits.cancelled | bits['deadline-exceeded'] | bits['resource-exhausted'] | bits.unavailable;
const httpConditions =
  anyFailure | bits['connect-failure'] | bits['retriable-4xx'] | bits['refused-stream'];

/** Condition by the value of `grpc-status`. */
const grpcStatuses: ReadonlyMap<string, number> = new Map([
  ['1', bits.cancelled],
  ['4', bits['deadline-exceeded']],
  ['8', bits['resource-exhausted']],
  ['14', bits.unavailable],
]);

const bitByName: ReadonlyMap<string, number> = new Map(Object.entries(bits));

/** Returns the conditions as bits. */
export function compileRetryConditions(conditions: readonly RetryCondition[]): number {
  return conditions.reduce((mask, condition) => mask | bits[condition], 0);
}

/** Reads `x-envoy-retry-on`. Blanks around names do not count, and unknown names are passed over. */
export function parseRetryOn(value: string | undefined): number {
  return parseNames(value) & httpConditions;
}

/** Reads `x-envoy-retry-grpc-on`, likewise. */
export function parseRetryGrpcOn(value: string | undefined): number {
  return parseNames(value) & grpcConditions;
}

function parseNames(value: string | undefined): number {
  let mask = 0;
  for (const name of value?.split(',') ?? []) {
    mask |= bitByName.get(name.trim()) ?? 0;
  }
  return mask;
}

/** Whether a response fulfils one of the conditions. A host that is overloaded is left alone. */
export function isRetriableResponse(
  conditions: number,
  { status, headers }: ResponseHead,
): boolean {
  const isFulfilled =
    (conditions & conditionsOfStatus(status)) !== 0 ||
    ((conditions & grpcConditions) !== 0 &&
      (conditions & (grpcStatuses.get(getHeader(headers, 'grpc-status') ?? '') ?? 0)) !== 0);
  return isFulfilled && getHeader(headers, 'x-envoy-overloaded') === undefined;
}

function conditionsOfStatus(status: number): number {
  if (status === 409) {
    return bits['retriable-4xx'];
  }
  if (status < 500 || status > 599) {
    return 0;
  }
  return status >= 502 && status <= 504 ? anyFailure : bits['5xx'];
}

/** Whether an attempt without a response fulfils one of the conditions. */
export function isRetriableFailure(conditions: number, reason: FailureReason): boolean {
  switch (reason) {
    case 'overflow':
      // The circuit breaker has just said that there is too much of it.
      return false;
    case 'connect-failure':
    case 'connect-timeout':
      return (conditions & (anyFailure | bits['connect-failure'])) !== 0;
    case 'refused-stream':
      return (conditions & (anyFailure | bits['refused-stream'])) !== 0;
    default:
      return (conditions & anyFailure) !== 0;
  }
}
