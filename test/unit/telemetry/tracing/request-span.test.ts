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
import type { RequestHead } from '../../../../lib/http/message.js';
import { OpenTelemetry } from '../../../../lib/telemetry/tracing/open-telemetry.js';
import { RequestSpan } from '../../../../lib/telemetry/tracing/request-span.js';
import { RequestTracer } from '../../../../lib/telemetry/tracing/request-tracer.js';
import type { TracedRequest } from '../../../../lib/telemetry/tracing/traced-request.js';
import { TracingGuard } from '../../../../lib/telemetry/tracing/tracing-guard.js';
import { createRequestInfo } from '../../../support/request-info-fixture.js';

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

/** A request as it is traced. */
function requestWith(requestHead: RequestHead): TracedRequest {
  const origin = { clientAddress: '10.0.0.1', peerAddress: '10.0.0.2', peerPort: 5 };
  return { requestHead, protocol: 'HTTP/1.1', inheritedTrace: undefined, ...origin };
}

const target = { cluster: 'app', host: '10.0.0.3:1', isTls: false };

test('attempts that race each carry the context of their own span', () => {
  const head = { method: 'GET', path: '/', authority: 'a', headers: ['x-a', 'b'] };
  const request = tracer.start(requestWith(head), undefined);
  const before = [...head.headers];
  assert.match(before.join(), /^x-a,b,traceparent,00-/);
  const attempts = [1, 2].map(() => request?.startAttempt(head, target));
  const [first, second] = attempts.map((attempt) => attempt?.head.headers.join());
  assert.match(`${first}`, /^x-a,b,traceparent,00-/);
  assert.notEqual(first, second);
  assert.notEqual(first, before.join());
  assert.deepEqual(head.headers, before);
});

test('an attempt ends once, with what was said first', () => {
  exporter.reset();
  const head = { method: 'GET', path: '/', authority: 'a', headers: [] };
  const attempt = tracer.start(requestWith(head), 'x')?.startAttempt(head, target);
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
  const attempt = tracer.start(requestWith(head), 'x')?.startAttempt(head, target);
  attempt?.onResponse(200);
  attempt?.end();
  const [span] = exporter.getFinishedSpans();
  assert.equal(span?.attributes['error'], undefined);
  assert.equal(span?.status.code, api.SpanStatusCode.UNSET);
});

test('a span that somebody else has begun is described, and left to be ended', () => {
  exporter.reset();
  const span = provider.getTracer('a client library').startSpan('GET');
  const context = api.trace.setSpan(api.ROOT_CONTEXT, span);
  const kind = { isClient: true, isForeign: true };
  const openTelemetry = new OpenTelemetry(api, guard, provider);
  new RequestSpan(openTelemetry, span, context, kind).end(createRequestInfo({}), []);
  assert.deepEqual(exporter.getFinishedSpans(), []);
  span.end();
  assert.equal(exporter.getFinishedSpans()[0]?.attributes['http.status_code'], 204);
});
