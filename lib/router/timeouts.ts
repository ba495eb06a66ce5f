import { getHeader, type HeaderList, setHeader } from '../http/headers.js';
import type { Route } from './route.js';

/** The times and answers that a request asked for, on top of its route. */
export interface RequestTimeouts {
  /** Time for the whole response, from the end of the request. 0 means no time-out. */
  readonly timeoutMs: number;
  /** A time-out is answered with 204 instead of 504. */
  readonly hasAltResponse: boolean;
}

/** Requests of the application to the router; they are not forwarded: reference 3.2. */
const controlHeaders: ReadonlySet<string> = new Set([
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
]);

/**
 * Reads the control headers and removes them from `headers`. Outside requests have none left by
 * now: the connection manager took them away.
 */
export function takeTimeouts(route: Route, headers: HeaderList): RequestTimeouts {
  const timeoutMs = readTimeout(getHeader(headers, 'x-envoy-upstream-rq-timeout-ms'));
  const altResponse = getHeader(headers, 'x-envoy-upstream-rq-timeout-alt-response');
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!controlHeaders.has(name)) {
      headers[kept] = name;
      headers[kept + 1] = headers[i + 1] as string;
      kept += 2;
    }
  }
  headers.length = kept;
  return { timeoutMs: timeoutMs ?? route.timeoutMs, hasAltResponse: altResponse !== undefined };
}

/** Tells the host how long it has: reference 3.2. */
export function setExpectedTimeout(headers: HeaderList, timeoutMs: number): void {
  if (timeoutMs > 0) {
    setHeader(headers, 'x-envoy-expected-rq-timeout-ms', String(timeoutMs));
  }
}

/** Returns the milliseconds, or `undefined` for what is not a number: then the route decides. */
function readTimeout(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
