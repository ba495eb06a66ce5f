import { isInShare, type Runtime } from '../../base/runtime.js';
import type { AccessLogFilterConfig } from '../../config/access-log-config.js';
import { getHeader } from '../../http/headers.js';
import type { RequestInfo } from '../../http/request-info.js';

/** Says whether a request is logged. Called once, when the request is over; never throws. */
export type AccessLogFilter = (info: RequestInfo) => boolean;

/** Filters that compare a number of the request with one of the configuration. */
type ComparisonConfig = Extract<AccessLogFilterConfig, { readonly op: unknown }>;

/**
 * Compiles the `filter` of an access log once, at start: reference 7.4. Runtime keys are asked for
 * each request, since their values can change.
 */
export function compileAccessLogFilter(
  config: AccessLogFilterConfig,
  runtime: Runtime,
): AccessLogFilter {
  switch (config.type) {
    case 'status_code':
      return createComparison(config, runtime, (info) => info.responseCode);
    case 'duration':
      // Whole milliseconds, as the log shows them.
      return createComparison(config, runtime, (info) => Math.trunc(info.durationMs));
    case 'not_healthcheck':
      return (info) => !info.isHealthCheck;
    case 'traceable_request':
      return isForcedByService;
    case 'runtime':
      return createRuntimeFilter(config.key, runtime);
    case 'logical_and': {
      const filters = config.filters.map((filter) => compileAccessLogFilter(filter, runtime));
      return (info) => filters.every((filter) => filter(info));
    }
    case 'logical_or': {
      const filters = config.filters.map((filter) => compileAccessLogFilter(filter, runtime));
      return (info) => filters.some((filter) => filter(info));
    }
  }
}

function createComparison(
  { op, value, runtimeKey }: ComparisonConfig,
  runtime: Runtime,
  getNumber: (info: RequestInfo) => number,
): AccessLogFilter {
  const getLimit =
    runtimeKey === undefined ? () => value : () => runtime.integer(runtimeKey, value);
  return op === '>='
    ? (info) => getNumber(info) >= getLimit()
    : (info) => getNumber(info) === getLimit();
}

/** Length of a UUID, the only request id that can carry a trace mark. */
const requestIdLength = 36;
/** Where a request id says whether its request is traced, and why: reference 5.4. */
const traceMarkIndex = 14;

/**
 * Whether a service forced the trace. As in Envoy's source, and unlike in its documentation,
 * requests that were sampled or forced by their client do not count. Health checks are never traced.
 */
function isForcedByService(info: RequestInfo): boolean {
  const requestId = getHeader(info.requestHead.headers, 'x-request-id');
  return (
    !info.isHealthCheck &&
    requestId?.length === requestIdLength &&
    requestId[traceMarkIndex] === 'a'
  );
}

const leadingHexDigits = /^[0-9a-f]{8}/i;

/**
 * Passes a share of the requests, by the request id if it begins with 8 hexadecimal digits: every
 * proxy on the way of a request then decides alike.
 */
function createRuntimeFilter(key: string, runtime: Runtime): AccessLogFilter {
  return (info) => {
    const requestId = getHeader(info.requestHead.headers, 'x-request-id');
    const digits = requestId === undefined ? undefined : leadingHexDigits.exec(requestId)?.[0];
    const draw = digits === undefined ? info.stableRandom : Number.parseInt(digits, 16);
    return isInShare(draw, runtime.integer(key, 0));
  };
}
