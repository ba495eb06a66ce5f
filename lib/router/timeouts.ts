import { readDecimal } from '../base/decimal.js';
import { getHeader, type HeaderList, removeHeaders, setHeader } from '../http/headers.js';
import { parseRetryGrpcOn, parseRetryOn } from './retry-conditions.js';
import { effectivePerTryTimeoutMs, type RetryPolicy, uniteRetryPolicies } from './retry-policy.js';
import type { Route } from './route.js';

/** What a request asked for by control headers, united with its route: reference 3.2. */
export interface RequestControls {
  /** Time for the whole response, from the end of the request. 0 means no time-out. */
  readonly timeoutMs: number;
  /** Time for one attempt. 0 means no time-out of its own. */
  readonly perTryTimeoutMs: number;
  /** A time-out is answered with 204 instead of 504. */
  readonly hasAltResponse: boolean;
  readonly retryPolicy: RetryPolicy | undefined;
  /** Under which name the response is counted a second time. As it came; unchecked. */
  readonly altStatName: string | undefined;
}

const timeoutName = 'x-envoy-upstream-rq-timeout-ms';
const perTryTimeoutName = 'x-envoy-upstream-rq-per-try-timeout-ms';
const altResponseName = 'x-envoy-upstream-rq-timeout-alt-response';
const retryOnName = 'x-envoy-retry-on';
const retryGrpcOnName = 'x-envoy-retry-grpc-on';
const maxRetriesName = 'x-envoy-max-retries';
const altStatName = 'x-envoy-upstream-alt-stat-name';

/** Requests of the application to the router; they are not forwarded: reference 3.2. */
const controlHeaders: ReadonlySet<string> = new Set([
  timeoutName,
  perTryTimeoutName,
  altResponseName,
  retryOnName,
  retryGrpcOnName,
  maxRetriesName,
  altStatName,
]);

/**
 * Reads the control headers and removes them from `headers`. Outside requests have none left by
 * now: the connection manager took them away.
 */
export function takeControlHeaders(route: Route, headers: HeaderList): RequestControls {
  const timeoutMs = readNumber(getHeader(headers, timeoutName)) ?? route.timeoutMs;
  const perTryMs =
    readNumber(getHeader(headers, perTryTimeoutName)) ?? configuredPerTryTimeoutMs(route);
  const conditions =
    parseRetryOn(readList(headers, retryOnName)) |
    parseRetryGrpcOn(readList(headers, retryGrpcOnName));
  const retries = readNumber(getHeader(headers, maxRetriesName)) ?? 1;
  const controls: RequestControls = {
    timeoutMs,
    perTryTimeoutMs: effectivePerTryTimeoutMs(perTryMs, timeoutMs),
    hasAltResponse: getHeader(headers, altResponseName) !== undefined,
    retryPolicy: uniteRetryPolicies(route.retryPolicy, conditions, retries),
    altStatName: getHeader(headers, altStatName),
  };
  removeHeaders(headers, controlHeaders);
  return controls;
}

/** As it was written: dropped if it is too long for the route, it may be short enough for a request. */
function configuredPerTryTimeoutMs({ config }: Route): number {
  return config.action.kind === 'forward' ? (config.action.retryPolicy?.perTryTimeoutMs ?? 0) : 0;
}

/**
 * Tells the host how long it has: for this attempt, if that is less than for all: reference 3.2.
 * `inheritedMs` is what is left of a deadline that the request has inherited, if it has.
 */
export function setExpectedTimeout(
  headers: HeaderList,
  { timeoutMs, perTryTimeoutMs }: Pick<RequestControls, 'timeoutMs' | 'perTryTimeoutMs'>,
  inheritedMs?: number,
): void {
  const ownMs = perTryTimeoutMs || timeoutMs;
  const leftMs = inheritedMs === undefined ? ownMs : Math.max(1, Math.floor(inheritedMs));
  const expectedMs = ownMs === 0 ? leftMs : Math.min(ownMs, leftMs);
  if (expectedMs > 0) {
    setHeader(headers, 'x-envoy-expected-rq-timeout-ms', String(expectedMs));
  }
}

/** Returns the elements of a list, which may stand on several lines, or `undefined` if there is none. */
function readList(headers: HeaderList, name: string): string | undefined {
  let list: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) {
      list = list === undefined ? headers[i + 1] : `${list},${headers[i + 1]}`;
    }
  }
  return list;
}

/** Returns the number, or `undefined` for what is none: then the route decides. */
function readNumber(value: string | undefined): number | undefined {
  return value === undefined ? undefined : readDecimal(value);
}
