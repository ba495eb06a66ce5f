import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as api from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { AlwaysOffSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { keepFromCalls, takeCallingSpan } from '../../../../lib/telemetry/tracing/calling-span.js';

const attributes = { 'http.request.method': 'GET' };
const tracer = new BasicTracerProvider().getTracer('a client library');

/** The context in which a span is active, and that which is read of headers that name it. */
function contextsOf(span: api.Span): readonly [api.Context, api.Context] {
  const active = api.trace.setSpan(api.ROOT_CONTEXT, span);
  return [active, api.trace.setSpanContext(active, { ...span.spanContext(), isRemote: true })];
}

test('the span of a request that goes out is taken, once', (t) => {
  api.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  t.after(() => api.propagation.disable());
  for (const name of ['http.request.method', 'http.method']) {
    const options = { kind: api.SpanKind.CLIENT, attributes: { [name]: 'GET' } };
    const span = tracer.startSpan('GET', options);
    const [active, parent] = contextsOf(span);
    assert.equal(takeCallingSpan(api, active, parent), span);
    assert.equal(takeCallingSpan(api, active, parent), undefined);
  }
});

test('any other span is not', (t) => {
  api.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  t.after(() => api.propagation.disable());
  const silent = new BasicTracerProvider({ sampler: new AlwaysOffSampler() }).getTracer('silent');
  const client = { kind: api.SpanKind.CLIENT, attributes };
  for (const span of [
    tracer.startSpan('of a database', { kind: api.SpanKind.CLIENT }),
    tracer.startSpan('of a server', { kind: api.SpanKind.SERVER, attributes }),
    silent.startSpan('that is not recorded', client),
  ]) {
    assert.equal(takeCallingSpan(api, ...contextsOf(span)), undefined);
  }
  const [active] = contextsOf(tracer.startSpan('that is not in the headers', client));
  assert.equal(takeCallingSpan(api, active, active), undefined);
  const [, other] = contextsOf(tracer.startSpan('that is in the headers', client));
  assert.equal(takeCallingSpan(api, active, other), undefined);
  assert.equal(takeCallingSpan(api, api.ROOT_CONTEXT, api.ROOT_CONTEXT), undefined);
});

test('where nothing is written into headers, the active one is taken, and none of our own', () => {
  const start = (): api.Span => tracer.startSpan('GET', { kind: api.SpanKind.CLIENT, attributes });
  const span = start();
  const [active] = contextsOf(span);
  assert.equal(takeCallingSpan(api, active, active), span);
  const own = start();
  keepFromCalls(own);
  const [ownContext] = contextsOf(own);
  assert.equal(takeCallingSpan(api, ownContext, ownContext), undefined);
});
