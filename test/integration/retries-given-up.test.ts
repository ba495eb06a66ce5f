import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { virtualHost } from '../support/config-builder.js';
import { OutboundFixture } from '../support/outbound-fixture.js';
import { until } from '../support/until.js';

test('a call that is given up when its attempt is told to have failed is not sent again', async (t) => {
  const calls = new AbortController();
  const reason = new Error('given up');
  const givesUp: SpanProcessor = {
    onStart: () => {},
    onEnd: ({ name }) => {
      if (name.startsWith('router')) {
        calls.abort(reason);
      }
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const { sidecar, proxy, upstream } = await OutboundFixture.start(t, () => {}, {
    config: {
      hasListener: true,
      virtualHosts: [
        virtualHost(['orders'], 'app', {
          timeout_ms: 1000,
          retry_policy: { retry_on: '5xx', per_try_timeout_ms: 100, num_retries: 2 },
        }),
      ],
    },
    manager: {
      tracing: { operation_name: 'egress' },
      filters: [{ name: 'router', config: { start_child_span: true } }],
    },
    options: { tracerProvider: new BasicTracerProvider({ spanProcessors: [givesUp] }) },
  });
  const call = sidecar.request('http://orders/', { signal: calls.signal });
  call.catch(() => {});
  await until(() => upstream.requests.length === 1, 'the first attempt is there');
  proxy.clock.advance(100);
  await assert.rejects(call, reason);
  proxy.clock.advance(500);
  assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_retry'), 0);
  assert.equal(upstream.requests.length, 1);
});
