import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InstrumentedProcess } from '../support/instrumented-process.js';
import { type SeenSpan, traceparentOf } from '../support/tracing-fixture.js';

/** Returns the spans from the first of their trace to the last, of which each has one child. */
function chainOf(spans: readonly SeenSpan[]): readonly SeenSpan[] {
  const chain: SeenSpan[] = [];
  for (let parentId: string | undefined; chain.length < spans.length; ) {
    const [child, ...more] = spans.filter((span) => span.parentId === parentId);
    assert.ok(child !== undefined && more.length === 0, JSON.stringify(spans, null, 1));
    chain.push(child);
    parentId = child.spanId;
  }
  return chain;
}

for (const [instruments, childSpans] of [
  ['nothing', true],
  ['require', false],
  ['import', false],
] as const) {
  const attempts = childSpans ? 'with spans of attempts' : 'without spans of attempts';
  const what = `${attempts}, instrumented: ${instruments}`;
  test(`edge, application and third party are one trace, ${what}`, async (t) => {
    const application = await InstrumentedProcess.start(t, instruments, { childSpans });
    const behind = application.authority;
    const edge = await InstrumentedProcess.start(t, instruments, { childSpans, behind });
    for (const door of ['request', 'fetch', 'dispatcher', 'agent']) {
      await application.ask({ kind: 'in', by: 'traced', host: 'none', path: '/', spans: 1 });
      const atEdge = await edge.ask({
        kind: 'in',
        by: 'traced',
        host: 'edge',
        path: `/${door}?url=http://shop.example/z`,
        spans: childSpans ? 2 : 1,
      });
      const seen = await application.ask({
        kind: 'look',
        by: '',
        host: '',
        path: '',
        spans: childSpans ? 5 : 3,
      });
      assert.match(atEdge.body, /^HTTP\/1\.1 200 OK\r\n/);
      // The first one was of the request that only clears what was there.
      const chain = chainOf([...atEdge.spans, ...seen.spans.slice(1)]);
      assert.deepEqual(
        chain.map(({ name, kind }) => `${kind} ${name}`),
        [
          'SERVER ingress',
          ...(childSpans ? ['CLIENT router third egress'] : []),
          'SERVER ingress',
          ...(childSpans ? ['CLIENT router handler egress'] : []),
          'CLIENT egress shop.example',
          ...(childSpans ? ['CLIENT router third egress'] : []),
        ],
      );
      assert.equal(new Set(chain.map(({ traceId }) => traceId)).size, 1);
      const last = chain.at(-1);
      assert.ok(last !== undefined);
      assert.equal(seen.requests[0]?.['traceparent'], traceparentOf(last));
    }
  });
}
