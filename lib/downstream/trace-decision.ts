import type { Random } from '../base/random.js';
import { isInShare, type Runtime } from '../base/runtime.js';
import { isFeatureEnabled } from '../base/runtime-feature.js';
import { type HeaderList, hasHeader } from '../http/headers.js';
import type { TracingStats } from '../telemetry/stats/tracing-stats.js';

/** Length of a UUID, the only request id that can carry a trace mark. */
const requestIdLength = 36;
/** Where a request id says whether its request is traced, and why: reference 5.4. */
const traceMarkIndex = 14;

const notTraced = '4';
const sampled = '9';
const forcedByService = 'a';
const forcedByClient = 'b';

/**
 * Decides whether a request is traced, and returns its request id with the decision written into
 * it: reference 5.4. An id that is marked already keeps its mark, so that every proxy on the way of
 * a request decides alike.
 */
export function decideTrace(
  requestId: string,
  headers: HeaderList,
  runtime: Runtime,
  random: Random,
): string {
  const number = leadingNumber(requestId);
  if (number === undefined) {
    return requestId;
  }
  const draw = number % 10_000;
  // 0 as well: it switches tracing off even for what others have decided to trace.
  if (!isInShare(draw, runtime.integer('tracing.global_enabled', 100))) {
    return mark(requestId, notTraced);
  }
  if (traceMark(requestId) !== undefined) {
    return requestId;
  }
  if (
    hasHeader(headers, 'x-client-trace-id') &&
    isFeatureEnabled(runtime, random, 'tracing.client_enabled')
  ) {
    return mark(requestId, forcedByClient);
  }
  if (hasHeader(headers, 'x-envoy-force-trace')) {
    return mark(requestId, forcedByService);
  }
  return draw < runtime.integer('tracing.random_sampling', 10_000)
    ? mark(requestId, sampled)
    : requestId;
}

/** Counts what has been decided about a request, and returns whether it is traced. */
export function chargeTraceDecision(requestId: string | undefined, stats: TracingStats): boolean {
  switch (requestId === undefined ? undefined : traceMark(requestId)) {
    case sampled:
      stats.randomSampling++;
      return true;
    case forcedByService:
      stats.serviceForced++;
      return true;
    case forcedByClient:
      stats.clientEnabled++;
      return true;
    default:
      stats.notTraceable++;
      return false;
  }
}

/** Returns what the first eight hexadecimal digits of an id say; `undefined` if they are not there. */
function leadingNumber(requestId: string): number | undefined {
  let number = 0;
  for (let i = 0; i < 8; i++) {
    const digit = hexDigit(requestId.charCodeAt(i));
    if (digit === undefined) {
      return undefined;
    }
    number = number * 16 + digit;
  }
  return number;
}

/** The value of a digit by its character; `undefined` if it is none. */
function hexDigit(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) {
    return code - 0x30;
  }
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}

/** Why a request is traced; `undefined` if it is not. */
function traceMark(requestId: string): string | undefined {
  const character = requestId.length === requestIdLength ? requestId[traceMarkIndex] : undefined;
  const isMark =
    character === sampled || character === forcedByService || character === forcedByClient;
  return isMark ? character : undefined;
}

/** Does nothing to an id of another length. */
function mark(requestId: string, character: string): string {
  return requestId.length === requestIdLength
    ? requestId.slice(0, traceMarkIndex) + character + requestId.slice(traceMarkIndex + 1)
    : requestId;
}
