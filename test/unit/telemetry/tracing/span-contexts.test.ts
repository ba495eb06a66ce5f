import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as api from '@opentelemetry/api';
import { SpanContexts } from '../../../../lib/telemetry/tracing/span-contexts.js';

const contexts = new SpanContexts(api.trace);
const key = api.createContextKey('test');

/** A span of its own. */
function spanOf(spanId: string): api.Span {
  return api.trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId, traceFlags: 0 });
}

test('a context has its own span, and what else is in the one that it is made from', () => {
  const base = api.trace.setSpan(api.ROOT_CONTEXT.setValue(key, 'value'), spanOf('base'));
  const context = contexts.create(base, spanOf('own'));
  assert.equal(api.trace.getSpanContext(context)?.spanId, 'own');
  assert.equal(context.getValue(key), 'value');
  assert.equal(api.trace.getSpanContext(base)?.spanId, 'base');
});

test('what is made from it has its span, and does not change it', () => {
  const context = contexts.create(api.ROOT_CONTEXT, spanOf('own'));
  const next = context.setValue(key, 'value');
  assert.equal(api.trace.getSpanContext(next)?.spanId, 'own');
  assert.equal(next.getValue(key), 'value');
  assert.equal(context.getValue(key), undefined);
  assert.equal(api.trace.getSpan(api.trace.deleteSpan(context)), undefined);
  assert.equal(api.trace.getSpanContext(next.deleteValue(key))?.spanId, 'own');
  const other = api.trace.setSpan(context, spanOf('other'));
  assert.equal(api.trace.getSpanContext(other)?.spanId, 'other');
  assert.equal(api.trace.getSpanContext(context)?.spanId, 'own');
});

test('contexts made in each other do not ask all those before', () => {
  let asked = 0;
  const base: api.Context = {
    getValue: () => asked++,
    setValue: () => base,
    deleteValue: () => base,
  };
  let context = base;
  // Deep enough for a stack to run over, if each asked the one before.
  for (let i = 0; i < 100_000; i++) {
    context = contexts.create(context, spanOf(`${i}`));
  }
  context.getValue(key);
  assert.equal(asked, 1);
  assert.equal(api.trace.getSpanContext(context)?.spanId, '99999');
});
