import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as api from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { silentLogger } from '../../../../lib/base/log.js';
import { OpenTelemetry } from '../../../../lib/telemetry/tracing/open-telemetry.js';
import { RequestTracer } from '../../../../lib/telemetry/tracing/request-tracer.js';
import { TracingGuard } from '../../../../lib/telemetry/tracing/tracing-guard.js';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const guard = new TracingGuard(silentLogger);
const tracer = new RequestTracer(
  new OpenTelemetry(api, guard, provider),
  { operationName: 'ingress', requestHeadersForTags: [] },
  false,
  {},
);

before(() => api.propagation.setGlobalPropagator(new W3CTraceContextPropagator()));
after(() => api.propagation.disable());

test('attempts that race each carry the context of their own span', () => {
  const head = { method: 'GET', path: '/', authority: 'a', headers: ['x-a', 'b'] };
  const request = tracer.start(head, 'HTTP/1.1', undefined);
  const before = [...head.headers];
  assert.match(before.join(), /^x-a,b,traceparent,00-/);
  const attempts = ['h:1', 'h:2'].map((host) => request?.startAttempt(head, 'app', host));
  const [first, second] = attempts.map((attempt) => attempt?.head.headers.join());
  assert.match(`${first}`, /^x-a,b,traceparent,00-/);
  assert.notEqual(first, second);
  assert.notEqual(first, before.join());
  assert.deepEqual(head.headers, before);
});

test('an attempt ends once, with what was said first', () => {
  exporter.reset();
  const head = { method: 'GET', path: '/', authority: 'a', headers: [] };
  const attempt = tracer.start(head, 'HTTP/1.1', 'x')?.startAttempt(head, 'app', 'h:1');
  attempt?.end('timeout');
  attempt?.onResponse(200);
  attempt?.end();
  const spans = exporter.getFinishedSpans();
  assert.deepEqual(
    spans.map(({ attributes }) => attributes['error.type']),
    ['timeout'],
  );
});

test('an attempt given up after its response has begun is no error', () => {
  exporter.reset();
  const head = { method: 'GET', path: '/', authority: 'a', headers: [] };
  const attempt = tracer.start(head, 'HTTP/1.1', 'x')?.startAttempt(head, 'app', 'h:1');
  attempt?.onResponse(200);
  attempt?.end();
  const [span] = exporter.getFinishedSpans();
  assert.equal(span?.attributes['error'], undefined);
  assert.equal(span?.status.code, api.SpanStatusCode.UNSET);
});
