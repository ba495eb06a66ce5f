import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import * as api from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { B3Propagator } from '@opentelemetry/propagator-b3';
import { Propagation } from '../../../../lib/telemetry/tracing/propagation.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const context = api.trace.setSpanContext(api.ROOT_CONTEXT, { traceId, spanId, traceFlags: 1 });

afterEach(() => api.propagation.disable());

test('the headers that are taken off are those of the propagator that writes', () => {
  const propagation = new Propagation(api, true);
  const old = ['traceparent', 'old', 'x-b3-traceid', 'old', 'host', 'a', 'tracestate', 'old'];
  const written = [
    ['traceparent', `00-${traceId}-${spanId}-01`],
    ['b3', `${traceId}-${spanId}-1`],
  ] as const;
  for (const [propagator, name, value, kept] of [
    [new W3CTraceContextPropagator(), ...written[0], ['x-b3-traceid', 'old', 'host', 'a']],
    [new B3Propagator(), ...written[1], ['traceparent', 'old', 'host', 'a', 'tracestate', 'old']],
  ] as const) {
    api.propagation.disable();
    api.propagation.setGlobalPropagator(propagator);
    for (let i = 0; i < 2; i++) {
      const headers = [...old];
      propagation.inject(context, headers);
      assert.deepEqual(headers, [...kept, name, value]);
    }
  }
});
