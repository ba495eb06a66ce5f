import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { staticCluster, virtualHost } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TracingFixture, traceparentOf } from '../support/tracing-fixture.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const shortId = '8448eb211c80319c';
const parentId = 'b7ad6b7169203331';

/** The same context in each form. */
const forms: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'W3C Trace Context': { traceparent: `00-${traceId}-${parentId}-01`, tracestate: 'a=1,b=2' },
  'B3 in one header': { b3: `${traceId}-${parentId}-1-05e3ac9a4f6e3b90` },
  'B3 in several headers': {
    'x-b3-traceid': traceId,
    'x-b3-spanid': parentId,
    'x-b3-parentspanid': '05e3ac9a4f6e3b90',
    'x-b3-sampled': '1',
  },
};

/** What nobody can read. */
const broken: readonly Readonly<Record<string, string>>[] = [
  { traceparent: 'nonsense', tracestate: '=;,\u00ff=' },
  { traceparent: `00-${traceId}-${parentId}` },
  { traceparent: `00-${'0'.repeat(32)}-${parentId}-01` },
  { traceparent: `00-${traceId}-${'0'.repeat(16)}-01` },
  { traceparent: `ff-${traceId}-${parentId}-01` },
  { traceparent: `00-${traceId}-${parentId}-01-more` },
  { traceparent: `00-${traceId.toUpperCase()}-${parentId}-01` },
  { b3: '' },
  { b3: 'nonsense' },
  { b3: 'd' },
  { b3: `${traceId}-${'0'.repeat(16)}-1` },
  { b3: '-'.repeat(8000) },
  { 'x-b3-traceid': traceId },
  { 'x-b3-spanid': parentId, 'x-b3-sampled': '1' },
  { 'x-b3-traceid': traceId, 'x-b3-spanid': 'nonsense', 'x-b3-sampled': '1' },
  { 'x-b3-traceid': '0'.repeat(32), 'x-b3-spanid': parentId },
  { 'x-b3-traceid': 'a'.repeat(8000), 'x-b3-spanid': parentId, 'x-b3-flags': '1' },
];

const contextNames = ['traceparent', 'tracestate', 'b3', ...b3Names()];

function b3Names(): string[] {
  return ['traceid', 'spanid', 'parentspanid', 'sampled', 'flags'].map((name) => `x-b3-${name}`);
}

/** The headers of the only request that carry a context. */
function contextOf(fixture: TracingFixture): Record<string, string> {
  const pairs = contextNames.map((name) => [name, fixture.received(name)[0]] as const);
  return Object.fromEntries(
    pairs.filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

const multi = new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER });
const single = new B3Propagator();
const w3c = new W3CTraceContextPropagator();

describe('with the propagator that is registered', () => {
  const propagators: Readonly<Record<string, TextMapPropagator>> = {
    'B3 in one header': single,
    'B3 in several headers': multi,
  };
  for (const [written, propagator] of Object.entries(propagators)) {
    for (const read of Object.keys(propagators)) {
      test(`${read} is read, and ${written} is written, and nothing else`, async (t) => {
        const fixture = await TracingFixture.start(t, { propagator });
        await fixture.proxy.send({ headers: forms[read] ?? {} });
        const span = await fixture.span();
        assert.deepEqual([span.traceId, span.parentId], [traceId, parentId]);
        assert.deepEqual(
          contextOf(fixture),
          propagator === single
            ? { b3: `${traceId}-${span.spanId}-1` }
            : { 'x-b3-traceid': traceId, 'x-b3-spanid': span.spanId, 'x-b3-sampled': '1' },
        );
      });
    }
  }

  test('what it does not know passes as it came', async (t) => {
    const fixture = await TracingFixture.start(t, { propagator: w3c });
    const headers = forms['B3 in several headers'] ?? {};
    await fixture.proxy.send({ headers });
    const traceparent = traceparentOf(await fixture.span());
    assert.deepEqual(contextOf(fixture), { traceparent, ...headers });
  });

  test('several are all written', async (t) => {
    const propagator = new CompositePropagator({ propagators: [multi, w3c] });
    const fixture = await TracingFixture.start(t, { propagator });
    await fixture.proxy.send({ headers: forms['B3 in one header'] ?? {} });
    const span = await fixture.span();
    assert.equal(span.parentId, parentId);
    assert.deepEqual(contextOf(fixture), {
      traceparent: traceparentOf(span),
      'x-b3-traceid': traceId,
      'x-b3-spanid': span.spanId,
      'x-b3-sampled': '1',
    });
  });
});

describe('with no propagator', () => {
  for (const [form, headers] of Object.entries(forms)) {
    test(`${form} is read, and written beside W3C Trace Context`, async (t) => {
      const fixture = await TracingFixture.start(t, { propagator: undefined });
      await fixture.proxy.send({ headers });
      const span = await fixture.span();
      assert.deepEqual([span.traceId, span.parentId], [traceId, parentId]);
      assert.deepEqual(contextOf(fixture), {
        traceparent: traceparentOf(span),
        ...('tracestate' in headers ? { tracestate: 'a=1,b=2' } : {}),
        ...('b3' in headers ? { b3: `${traceId}-${span.spanId}-1` } : {}),
        ...('x-b3-traceid' in headers
          ? { 'x-b3-traceid': traceId, 'x-b3-spanid': span.spanId, 'x-b3-sampled': '1' }
          : {}),
      });
    });
  }

  test('a broken single header of B3 does not hide the others', async (t) => {
    const fixture = await TracingFixture.start(t, { propagator: undefined });
    await fixture.proxy.send({ headers: { b3: '', ...forms['B3 in several headers'] } });
    const span = await fixture.span();
    assert.deepEqual([span.traceId, span.parentId], [traceId, parentId]);
  });

  test('a request without a context gets one', async (t) => {
    const fixture = await TracingFixture.start(t, { propagator: undefined });
    await fixture.proxy.send();
    assert.deepEqual(contextOf(fixture), { traceparent: traceparentOf(await fixture.span()) });
  });

  for (const [name, denial, expected] of [
    ['b3', '0', /^[\da-f]{32}-[\da-f]{16}-0$/],
    ['x-b3-sampled', '0', /^0$/],
  ] as const) {
    test(`a trace without a name that is not to be recorded is not: ${name}`, async (t) => {
      const fixture = await TracingFixture.start(t, { propagator: undefined });
      await fixture.proxy.send({ headers: { [name]: denial } });
      await fixture.spans(0);
      const context = contextOf(fixture);
      assert.match(`${context['traceparent']}`, /-00$/);
      assert.match(`${context[name]}`, expected);
    });
  }

  for (const [headers, expected] of [
    [{ b3: `${traceId}-${parentId}-0` }, { b3: `${traceId}-\\w{16}-0` }],
    [
      { 'x-b3-traceid': traceId, 'x-b3-spanid': parentId, 'x-b3-sampled': '0' },
      { 'x-b3-traceid': traceId, 'x-b3-spanid': '\\w{16}', 'x-b3-sampled': '0' },
    ],
    [{ traceparent: `00-${traceId}-${parentId}-00` }, {}],
  ] as const) {
    test(`a trace that is not recorded stays so: ${Object.keys(headers).join()}`, async (t) => {
      const fixture = await TracingFixture.start(t, { propagator: undefined });
      await fixture.proxy.send({ headers });
      await fixture.spans(0);
      const context = contextOf(fixture);
      const patterns = { traceparent: `00-${traceId}-\\w{16}-00`, ...expected };
      assert.deepEqual(Object.keys(context), Object.keys(patterns));
      for (const [name, pattern] of Object.entries(patterns)) {
        assert.match(`${context[name]}`, new RegExp(`^${pattern}$`));
      }
    });
  }

  test('a trace is recorded if nothing is said of that', async (t) => {
    const fixture = await TracingFixture.start(t, { propagator: undefined });
    await fixture.proxy.send({ headers: { b3: `${traceId}-${parentId}` } });
    assert.equal((await fixture.span()).parentId, parentId);
  });

  test('a trace that somebody debugs stays so', async (t) => {
    for (const [headers, name, value] of [
      [{ b3: `${traceId}-${parentId}-d` }, 'b3', /-d$/],
      [
        { 'x-b3-traceid': traceId, 'x-b3-spanid': parentId, 'x-b3-flags': '1' },
        'x-b3-flags',
        /^1$/,
      ],
    ] as const) {
      const fixture = await TracingFixture.start(t, { propagator: undefined });
      await fixture.proxy.send({ headers });
      assert.equal((await fixture.span()).parentId, parentId);
      assert.match(`${contextOf(fixture)[name]}`, value);
      assert.equal(contextOf(fixture)['x-b3-sampled'], undefined);
    }
  });

  test('a short trace id goes on as a short one, to whom it came from', async (t) => {
    const fixture = await TracingFixture.start(t, { propagator: undefined });
    await fixture.proxy.send({ headers: { b3: `${shortId}-${parentId}-1` } });
    const span = await fixture.span();
    assert.equal(span.traceId, `0000000000000000${shortId}`);
    const { traceparent, b3 } = contextOf(fixture);
    assert.deepEqual([traceparent, b3], [traceparentOf(span), `${shortId}-${span.spanId}-1`]);
  });

  test('the form goes on with the calls that are made for a request', async (t) => {
    const other = await FakeUpstream.start();
    t.after(() => other.close());
    const fixture = await TracingFixture.start(t, {
      propagator: undefined,
      config: {
        clusters: [staticCluster('app', [other.url]), staticCluster('other', [other.url])],
        virtualHosts: [virtualHost(['app.example'], 'app')],
      },
      options: {
        mount: {
          app: async (_request, response) => {
            const { body } = await fixture.proxy.sidecar.request('http://other/');
            response.end(await body.text());
          },
        },
      },
    });
    const headers = { host: 'app.example', ...forms['B3 in several headers'] };
    await fixture.proxy.send({ headers });
    const [call, served] = await fixture.spans(2);
    assert.ok(call !== undefined && call.parentId === served?.spanId);
    const received = other.requests[0]?.headers;
    assert.deepEqual(
      [received?.['x-b3-traceid'], received?.['x-b3-spanid'], received?.['traceparent']],
      [traceId, call.spanId, traceparentOf(call)],
    );
  });

  test('none is asked for by OTEL_PROPAGATORS, and headers pass as they came', async (t) => {
    process.env['OTEL_PROPAGATORS'] = 'none';
    t.after(() => {
      delete process.env['OTEL_PROPAGATORS'];
    });
    const fixture = await TracingFixture.start(t, { propagator: undefined });
    const headers = forms['W3C Trace Context'] ?? {};
    await fixture.proxy.send({ headers });
    assert.equal((await fixture.span()).parentId, undefined);
    assert.deepEqual(contextOf(fixture), headers);
  });
});

for (const [name, propagator] of [
  ['no propagator', undefined],
  ['the one of W3C', w3c],
  ['the one of B3', multi],
  ['all of them', new CompositePropagator({ propagators: [single, multi, w3c] })],
] as const) {
  describe(`a broken context harms no request, with ${name}`, () => {
    for (const headers of broken) {
      test(JSON.stringify(headers).slice(0, 80), async (t) => {
        const fixture = await TracingFixture.start(t, { propagator });
        const { status } = await fixture.proxy.send({ headers });
        assert.equal(status, 200);
        const span = await fixture.span();
        assert.deepEqual([span.parentId, fixture.proxy.errors], [undefined, []]);
        const context = contextOf(fixture);
        if (propagator !== multi) {
          assert.equal(context['traceparent'], traceparentOf(span));
          assert.equal(context['tracestate'], undefined);
        }
        if (propagator === multi) {
          assert.equal(context['x-b3-spanid'], span.spanId);
        }
      });
    }
  });
}
