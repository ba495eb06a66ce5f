/**
 * Calls of an application that has set up OpenTelemetry, with a sampler that takes none of them. As
 * `settings.tracing` says, the sidecar traces them, or does not know of it: the application then asks
 * the SDK itself for what the sidecar would have, which is what it costs at least.
 */

import { SpanKind } from '@opentelemetry/api';
import { settings } from '../../child.mjs';
import { serveCaller } from './caller.mjs';
import { startOutboundSidecar, url } from './sidecar.mjs';
import { injectInto, provider, registerUnsampled } from './unsampled.mjs';

const isTraced = settings.tracing === 'sidecar';
registerUnsampled(isTraced);
const sidecar = await startOutboundSidecar();
const tracer = provider.getTracer('application');

function startSpan() {
  const attributes = {
    'http.request.method': 'GET',
    'url.full': url,
    'server.address': 'hello',
    'server.port': 80,
  };
  const span = tracer.startSpan('egress hello', { kind: SpanKind.CLIENT, attributes });
  injectInto({}, span);
  return span;
}

serveCaller(async () => {
  const span = isTraced ? undefined : startSpan();
  const { statusCode, body } = await sidecar.request(url);
  const text = await body.text();
  span?.end();
  return { statusCode, text };
});
