import type { Context, SpanContext } from '@opentelemetry/api';
import {
  getHeader,
  type HeaderList,
  hasHeader,
  removeHeaders,
  setHeader,
} from '../../http/headers.js';
import { b3Headers, w3cHeaders } from '../../http/trace-headers.js';
import { headerGetter } from './header-carrier.js';
import type { OpenTelemetryApi } from './open-telemetry-api.js';
import { createUnrecordedSpan } from './unrecorded-span.js';

/** What has been read of B3, and is to be written again. */
interface B3Form {
  readonly isSingle: boolean;
  /** Somebody wants to see this trace in any case. */
  readonly isDebug: boolean;
}

const traceparentPattern =
  /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const singlePattern = /^([\da-f]{16}|[\da-f]{32})-([\da-f]{16})(?:-([01d]))?(?:-[\da-f]{16})?$/i;
const traceIdPattern = /^(?!0+$)(?:[\da-f]{16}|[\da-f]{32})$/i;
const spanIdPattern = /^(?!0+$)[\da-f]{16}$/i;

const traceHeaders: ReadonlySet<string> = new Set([...w3cHeaders, ...b3Headers]);
/** Those that a context may be written without. */
const replacedHeaders: ReadonlySet<string> = new Set(['tracestate', ...b3Headers]);

/** A trace id of 64 bits, as OpenTelemetry has it. */
const shortIdPadding = '0'.repeat(16);

/**
 * Reads and writes W3C Trace Context and B3, for applications that have registered no propagator.
 *
 * A context goes on in the form in which it has come, `b3` or `x-b3-...`, and as W3C Trace Context in
 * any case. What is broken is as good as not there.
 */
export class OwnPropagator {
  readonly #api: OpenTelemetryApi;
  readonly #isEnabled: boolean;
  readonly #formKey: symbol;

  constructor(api: OpenTelemetryApi, isEnabled: boolean) {
    this.#api = api;
    this.#isEnabled = isEnabled;
    this.#formKey = api.createContextKey('pillion.b3');
  }

  extract(base: Context, headers: HeaderList): Context {
    if (!(this.#isEnabled && hasTraceHeader(headers))) {
      return base;
    }
    const isSingle = hasHeader(headers, 'b3');
    const b3 = readSingle(headers) ?? readMulti(headers) ?? readDenial(headers);
    const spanContext = this.#readW3c(headers) ?? b3?.spanContext;
    let context = base;
    if (isSingle || hasHeader(headers, 'x-b3-traceid') || b3 !== undefined) {
      const form: B3Form = { isSingle, isDebug: b3?.isDebug === true };
      context = context.setValue(this.#formKey, form);
    }
    return spanContext === undefined
      ? context
      : this.#api.trace.setSpanContext(context, { ...spanContext, isRemote: true });
  }

  inject(context: Context, headers: HeaderList): void {
    const spanContext = this.#api.trace.getSpanContext(context);
    if (!(this.#isEnabled && spanContext && this.#api.isSpanContextValid(spanContext))) {
      return;
    }
    if (hasTraceHeader(headers)) {
      removeHeaders(headers, replacedHeaders);
    }
    const { traceId, spanId, traceFlags, traceState } = spanContext;
    const isSampled = (traceFlags & this.#api.TraceFlags.SAMPLED) !== 0;
    setHeader(headers, 'traceparent', `00-${traceId}-${spanId}-0${isSampled ? 1 : 0}`);
    const state = traceState?.serialize() ?? '';
    if (state !== '') {
      headers.push('tracestate', state);
    }
    // Only `extract` writes it.
    const form = context.getValue(this.#formKey) as B3Form | undefined;
    if (form !== undefined) {
      writeB3(headers, spanContext, isSampled, form);
    }
  }

  #readW3c(headers: HeaderList): SpanContext | undefined {
    const [, version, traceId, spanId, flags, rest] =
      traceparentPattern.exec(getHeader(headers, 'traceparent') ?? '') ?? [];
    if (traceId === undefined || spanId === undefined || flags === undefined) {
      return undefined;
    }
    // Later versions may have more to say.
    if (version === '00' && rest !== undefined) {
      return undefined;
    }
    const { createTraceState, TraceFlags } = this.#api;
    // It may be spread over several lines.
    const state = headerGetter.get(headers, 'tracestate')?.toString();
    return {
      traceId,
      spanId,
      traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
      ...(state === undefined ? {} : { traceState: createTraceState(state) }),
    };
  }
}

/** Most requests that begin a trace have none. */
function hasTraceHeader(headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (traceHeaders.has(headers[i] as string)) {
      return true;
    }
  }
  return false;
}

/** What B3 headers say. */
interface B3Context {
  readonly spanContext: SpanContext;
  readonly isDebug: boolean;
}

function readSingle(headers: HeaderList): B3Context | undefined {
  const [, traceId, spanId, state] = singlePattern.exec(getHeader(headers, 'b3') ?? '') ?? [];
  return createB3Context(traceId, spanId, state !== '0', state === 'd');
}

function readMulti(headers: HeaderList): B3Context | undefined {
  const isDebug = getHeader(headers, 'x-b3-flags') === '1';
  const sampled = getHeader(headers, 'x-b3-sampled');
  return createB3Context(
    getHeader(headers, 'x-b3-traceid'),
    getHeader(headers, 'x-b3-spanid'),
    isDebug || (sampled !== '0' && sampled !== 'false'),
    isDebug,
  );
}

/** Reads that a trace is not to be recorded, which B3 can say without naming one. */
function readDenial(headers: HeaderList): B3Context | undefined {
  const sampled = getHeader(headers, 'x-b3-sampled');
  const isDenied = getHeader(headers, 'b3') === '0' || sampled === '0' || sampled === 'false';
  return isDenied ? { spanContext: createUnrecordedSpan(), isDebug: false } : undefined;
}

/** `isSampled` is true as well if nothing is said of it: reference 5.9. */
function createB3Context(
  traceId: string | undefined,
  spanId: string | undefined,
  isSampled: boolean,
  isDebug: boolean,
): B3Context | undefined {
  if (!(traceIdPattern.test(traceId ?? '') && spanIdPattern.test(spanId ?? ''))) {
    return undefined;
  }
  const spanContext: SpanContext = {
    traceId: `${traceId}`.toLowerCase().padStart(32, '0'),
    spanId: `${spanId}`.toLowerCase(),
    traceFlags: isSampled ? 1 : 0,
  };
  return { spanContext, isDebug };
}

function writeB3(
  headers: HeaderList,
  { traceId, spanId }: SpanContext,
  isSampled: boolean,
  { isSingle, isDebug }: B3Form,
): void {
  // Who has made an id of 64 bits may know no other.
  const shownId = traceId.startsWith(shortIdPadding) ? traceId.slice(16) : traceId;
  if (isSingle) {
    headers.push('b3', `${shownId}-${spanId}-${isDebug ? 'd' : isSampled ? '1' : '0'}`);
    return;
  }
  headers.push('x-b3-traceid', shownId, 'x-b3-spanid', spanId);
  headers.push(...(isDebug ? ['x-b3-flags', '1'] : ['x-b3-sampled', isSampled ? '1' : '0']));
}
