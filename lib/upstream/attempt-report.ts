import { hasHeader } from '../http/headers.js';
import type { ResponseHead } from '../http/message.js';
import type { ResetReason } from '../http/reset-reason.js';
import type { BreakerPass } from './breaker/failure-rate-breaker.js';
import type { Host } from './host.js';

/**
 * What attempts tell those who judge by them: outlier detection of the host, the failure-rate breaker
 * of the cluster, and, where a response asks for it, the health checks of the host: reference 4.6.1.
 *
 * An attempt that its client has given up is not told of at all.
 */

/** A response has begun. */
export function reportResponse(
  host: Host,
  pass: BreakerPass | undefined,
  { status, headers }: ResponseHead,
): void {
  host.outlierMonitor?.putResult(status);
  pass?.settle(status >= 500 && status <= 599);
  if (host.healthMonitor !== undefined && hasHeader(headers, immediateFailHeader)) {
    host.healthMonitor.failNow();
  }
}

/** The attempt has ended without a complete response. */
export function reportReset(host: Host, pass: BreakerPass | undefined, reason: ResetReason): void {
  // What our own limits have refused says nothing of the host.
  if (reason !== 'overflow') {
    host.outlierMonitor?.putResult(503);
    pass?.settle(true);
  }
}

/**
 * The attempt has taken too long. `status`: what the client gets, which may be no error: reference
 * 3.5. The breaker takes it for a failure in any case. `host`: `undefined` if it is not to blame.
 */
export function reportTimeout(
  host: Host | undefined,
  pass: BreakerPass | undefined,
  status: number,
): void {
  host?.outlierMonitor?.putResult(status);
  pass?.settle(true);
}

const immediateFailHeader = 'x-envoy-immediate-health-check-fail';
