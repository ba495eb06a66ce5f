import type { Context, Span } from '@opentelemetry/api';
import type { OpenTelemetryApi } from './open-telemetry-api.js';

/** What the spans of SDKs show beside the API. */
interface ShownSpan extends Span {
  readonly kind?: unknown;
  readonly attributes?: unknown;
}

/** Spans that are those of one request each: our own, and those that have been found. */
const taken = new WeakSet<Span>();

/** Has a span of our own, in which application code may run, never taken for that of its call. */
export function keepFromCalls(span: Span): void {
  taken.add(span);
}

/**
 * Returns the span that instrumentation of the client library has begun for the very request that
 * the library hands us, if there is one: a second one would tell the same again. It is active,
 * records an HTTP request that goes out, and stands in the headers (`parent` is what has been read of
 * them), if there is a propagator to write it there. Each is found once.
 */
export function takeCallingSpan(
  api: OpenTelemetryApi,
  active: Context,
  parent: Context,
): Span | undefined {
  const span: ShownSpan | undefined = api.trace.getSpan(active);
  if (span === undefined || !isHttpClient(span, api) || taken.has(span)) {
    return undefined;
  }
  const isWritten = parent !== active || api.propagation.fields().length === 0;
  if (!isWritten || api.trace.getSpanContext(parent)?.spanId !== span.spanContext().spanId) {
    return undefined;
  }
  taken.add(span);
  return span;
}

function isHttpClient({ kind, attributes }: ShownSpan, { SpanKind }: OpenTelemetryApi): boolean {
  return (
    kind === SpanKind.CLIENT &&
    typeof attributes === 'object' &&
    attributes !== null &&
    // The second one is what it was called before 2023.
    ('http.request.method' in attributes || 'http.method' in attributes)
  );
}
