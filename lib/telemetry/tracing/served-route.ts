import type { Context, Span } from '@opentelemetry/api';
import type { OpenTelemetryApi } from './open-telemetry-api.js';

/** Under which the SDK's packages keep this in a context. */
const metadataKey = 'OpenTelemetry SDK Context Key RPC_METADATA';

/**
 * What instrumentation of HTTP servers keeps in the context of a request, and that of web frameworks
 * (Express, Fastify, Koa, ...) looks for: the framework alone knows the route, and the server alone
 * has the span to say it on.
 */
export class ServedRoute {
  readonly type: 'http' = 'http';
  readonly span: Span;
  /** Such as `/orders/:id`. Written by the framework's instrumentation. */
  route: string | undefined = undefined;

  constructor(span: Span) {
    this.span = span;
  }

  /** Returns `context` with this in it. */
  addTo(context: Context, api: OpenTelemetryApi): Context {
    return context.setValue(api.createContextKey(metadataKey), this);
  }
}
