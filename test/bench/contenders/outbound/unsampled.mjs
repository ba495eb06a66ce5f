/** OpenTelemetry as an application sets it up, but for a sampler that takes nothing. */

import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { AlwaysOffSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';

export const provider = new BasicTracerProvider({ sampler: new AlwaysOffSampler() });

/** Registers what `NodeTracerProvider.register()` does; `hasProvider`: the provider as well. */
export function registerUnsampled(hasProvider) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
  if (hasProvider) trace.setGlobalTracerProvider(provider);
}

/** Writes the context of a span into headers. */
export function injectInto(headers, span) {
  propagation.inject(trace.setSpan(ROOT_CONTEXT, span), headers);
  return headers;
}
