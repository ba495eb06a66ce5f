import type { Context } from '@opentelemetry/api';
import { type HeaderList, removeHeader } from '../../http/headers.js';
import { headerSetter } from './header-carrier.js';
import type { OpenTelemetryApi } from './open-telemetry.js';

/**
 * Writes a context into the headers of a request, in the place of the one that it came with: what
 * could not be read of that one, a `tracestate` without its `traceparent` say, must not stay.
 */
export function injectContext(api: OpenTelemetryApi, context: Context, headers: HeaderList): void {
  for (const name of api.propagation.fields()) {
    removeHeader(headers, name.toLowerCase());
  }
  api.propagation.inject(context, headers, headerSetter);
}
