import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Attributes, SpanKind, type TextMapPropagator, trace } from '@opentelemetry/api';
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { TracingFixture } from '../support/tracing-fixture.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';
const isUnsampled = new RegExp(`^00-${traceId}-(?!${parentId})[\\da-f]{16}-00$`);

/** Samples nothing, and notes what it has to decide by. */
class NotingSampler implements Sampler {
  readonly seen: [kind: string, attributes: Attributes][] = [];

  shouldSample(...[, , , kind, attributes]: Parameters<Sampler['shouldSample']>): {
    decision: SamplingDecision;
  } {
    this.seen.push([`${SpanKind[kind]}`, { ...attributes }]);
    return { decision: SamplingDecision.NOT_RECORD };
  }
}

test('samplers see what the conventions of OpenTelemetry name as important to them', async (t) => {
  const sampler = new NotingSampler();
  const fixture = await TracingFixture.start(t, { sampler, router: { start_child_span: true } });
  await fixture.proxy.send({
    path: '/a?b=c',
    headers: { host: 'shop.example:81', 'user-agent': 'curl/8', 'x-forwarded-for': '10.1.2.3' },
  });
  const { body } = await fixture.proxy.sidecar.request('http://shop.example/d');
  await body.text();
  await fixture.spans(0);
  const call = {
    'http.request.method': 'GET',
    'url.full': 'http://shop.example/d',
    'server.address': 'shop.example',
    'server.port': 80,
  };
  assert.deepEqual(sampler.seen, [
    [
      'SERVER',
      {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'url.path': '/a',
        'url.query': 'b=c',
        'server.address': 'shop.example',
        'server.port': 81,
        'client.address': '10.1.2.3',
        'user_agent.original': 'curl/8',
      },
    ],
    [
      'CLIENT',
      {
        'http.request.method': 'GET',
        'url.full': 'http://shop.example:81/a?b=c',
        'server.address': 'shop.example',
        'server.port': 81,
      },
    ],
    ['CLIENT', call],
    ['CLIENT', call],
  ]);
});

describe('a trace that is not sampled', () => {
  const composite = new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  });
  const propagators: Record<string, TextMapPropagator | undefined> = {
    'the propagators of the SDK': composite,
    'no propagator': undefined,
  };
  for (const [by, propagator] of Object.entries(propagators)) {
    for (const sampler of [
      new AlwaysOffSampler(),
      new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0) }),
    ]) {
      test(`goes on as such, by ${by}, with ${sampler}`, async (t) => {
        const fixture = await TracingFixture.start(t, {
          sampler,
          propagator,
          router: { start_child_span: true },
        });
        const headers = { traceparent: `00-${traceId}-${parentId}-00`, tracestate: 'a=1' };
        await fixture.proxy.send({ headers: { ...headers, baggage: 'c=d' } });
        const { body } = await fixture.proxy.sidecar.request('http://shop.example/', { headers });
        await body.text();
        await fixture.spans(0);
        for (const received of fixture.received('traceparent')) {
          assert.match(`${received}`, isUnsampled);
        }
        assert.deepEqual(fixture.received('tracestate'), ['a=1', 'a=1']);
        assert.deepEqual(fixture.received('baggage'), ['c=d', undefined]);
      });
    }
  }

  test('is the one that a mounted application goes on with', async (t) => {
    let seen: string | undefined;
    const fixture = await TracingFixture.start(t, {
      sampler: new AlwaysOffSampler(),
      options: {
        mount: {
          app: (_request, response) => {
            seen = trace.getActiveSpan()?.spanContext().traceId;
            response.end();
          },
        },
      },
    });
    await fixture.proxy.send({ headers: { traceparent: `00-${traceId}-${parentId}-01` } });
    assert.equal(seen, traceId);
    await fixture.spans(0);
  });
});

test('requests are traced by the provider that is registered at the moment', async (t) => {
  const fixture = await TracingFixture.start(t, { isGlobal: true });
  const send = async (): Promise<boolean> => {
    await fixture.proxy.send();
    return fixture.received('traceparent').at(-1) !== undefined;
  };
  trace.setGlobalTracerProvider(new BasicTracerProvider());
  assert.equal(await send(), true);
  trace.disable();
  assert.equal(await send(), false);
  await fixture.spans(0);
  trace.setGlobalTracerProvider(fixture.provider);
  assert.equal(await send(), true);
  await fixture.span();
});
