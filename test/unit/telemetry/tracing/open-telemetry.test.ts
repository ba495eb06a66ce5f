import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import * as api from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { silentLogger } from '../../../../lib/base/log.js';
import { OpenTelemetry } from '../../../../lib/telemetry/tracing/open-telemetry.js';
import { TracingGuard } from '../../../../lib/telemetry/tracing/tracing-guard.js';

const guard = new TracingGuard(silentLogger);

/** A provider that tells how often it is asked. */
class CountingProvider extends BasicTracerProvider {
  askedCount = 0;

  override getTracer(name: string, version?: string): api.Tracer {
    this.askedCount++;
    return super.getTracer(name, version);
  }
}

afterEach(() => api.trace.disable());

test('tracers are those of the provider that is registered at the moment', () => {
  const openTelemetry = new OpenTelemetry(api, guard, undefined);
  assert.equal(openTelemetry.tracer, undefined);
  const [first, second] = [new CountingProvider(), new CountingProvider()];
  for (const provider of [first, second]) {
    api.trace.setGlobalTracerProvider(provider);
    const { tracer } = openTelemetry;
    assert.ok(tracer);
    assert.equal(openTelemetry.tracer, tracer);
    assert.equal(provider.askedCount, 1);
    api.trace.disable();
    assert.equal(openTelemetry.tracer, undefined);
  }
  assert.equal(first.askedCount, 1);
});

test('a provider that another one has taken the place of has no more spans', () => {
  const openTelemetry = new OpenTelemetry(api, guard, undefined);
  const [first, second] = [new CountingProvider(), new CountingProvider()];
  api.trace.setGlobalTracerProvider(first);
  const before = openTelemetry.tracer;
  const proxy = api.trace.getTracerProvider();
  assert.ok(proxy instanceof api.ProxyTracerProvider);
  proxy.setDelegate(second);
  assert.ok(openTelemetry.tracer !== undefined && openTelemetry.tracer !== before);
  assert.equal(second.askedCount, 1);
});

test('one that makes no spans is as good as none, and asked once', () => {
  let askedCount = 0;
  const noop = new api.ProxyTracerProvider().getDelegate();
  const provider: api.TracerProvider = {
    getTracer(name) {
      askedCount++;
      return noop.getTracer(name);
    },
  };
  const openTelemetry = new OpenTelemetry(api, guard, provider);
  assert.equal(openTelemetry.tracer, undefined);
  assert.equal(openTelemetry.tracer, undefined);
  assert.equal(askedCount, 1);
});

test('one that has no tracer yet is asked again', () => {
  const tracer = new BasicTracerProvider().getTracer('a');
  const tracers: api.Tracer[] = [];
  // As providers without types may do.
  const getTracer = (): api.Tracer => tracers[0] as api.Tracer;
  const openTelemetry = new OpenTelemetry(api, guard, { getTracer });
  assert.equal(openTelemetry.tracer, undefined);
  tracers.push(tracer);
  assert.equal(openTelemetry.tracer, tracer);
});
