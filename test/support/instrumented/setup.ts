// Loaded before everything else, as the set-up of an application: `node --import`.
import { createRequire, register } from 'node:module';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** Where the spans of this process end up. */
export const exporter: InMemorySpanExporter = new InMemorySpanExporter();

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
);
// Of the two ways in which modules are instrumented, the one that the parent has chosen.
if (process.env['INSTRUMENTS'] === 'import') {
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
}
if (process.env['INSTRUMENTS'] !== 'nothing') {
  registerInstrumentations({
    instrumentations: [new HttpInstrumentation(), new UndiciInstrumentation()],
  });
}
createRequire(import.meta.url)('node:http');
createRequire(import.meta.url)('node:https');
