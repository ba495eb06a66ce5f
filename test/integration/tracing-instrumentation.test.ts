import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Question } from '../support/instrumented/main.js';
import { InstrumentedProcess } from '../support/instrumented-process.js';
import { type SeenSpan, traceparentOf } from '../support/tracing-fixture.js';

const doors = ['agent', 'late agent', 'fetch', 'dispatcher', 'request'] as const;

/** The URL by which a mounted application is told whom to call, and how. */
function callPath(door: string, host: string): string {
  return `/${encodeURIComponent(door)}?url=${encodeURIComponent(`http://${host}/z`)}`;
}

/** The only span of a kind. */
function only(spans: readonly SeenSpan[], kind: string): SeenSpan {
  const [found, ...more] = spans.filter((span) => span.kind === kind);
  assert.ok(found !== undefined && more.length === 0, JSON.stringify(spans));
  return found;
}

for (const instruments of ['require', 'import'] as const) {
  describe(`where instrumentation has replaced what ${instruments} gives`, () => {
    const cleanUps: (() => Promise<void>)[] = [];
    let application: InstrumentedProcess;
    before(async () => {
      const registrar = { after: (cleanUp: () => Promise<void>) => void cleanUps.push(cleanUp) };
      application = await InstrumentedProcess.start(registrar, instruments);
    });
    after(async () => {
      for (const cleanUp of cleanUps) {
        await cleanUp();
      }
    });

    for (const kind of ['in', 'in by HTTP/2'] as const) {
      for (const host of ['handler', 'server', 'proxied']) {
        test(`a traced request ${kind} to ${host} has one span, of ours`, async () => {
          const { spans, requests } = await application.ask({
            kind,
            by: 'traced',
            host,
            path: '/',
            spans: 1,
          });
          const span = only(spans, 'SERVER');
          assert.equal(span.attributes['component'], 'proxy');
          assert.deepEqual(
            requests.map(({ traceparent }) => traceparent),
            host === 'proxied' ? [traceparentOf(span)] : [],
          );
        });
      }
    }

    for (const host of ['handler', 'server', 'proxied']) {
      for (const lines of ['', 'expect: 100-continue\r\n']) {
        test(`a request to ${host} that we do not trace has one span, of theirs ${lines.trim()}`, async () => {
          const question: Question = {
            kind: 'in',
            by: 'untraced',
            host,
            path: '/',
            lines,
            spans: 1,
          };
          const { spans } = await application.ask(question);
          const { name, attributes } = only(spans, 'SERVER');
          assert.deepEqual([name, attributes['component']], ['GET', undefined]);
        });
      }
    }

    for (const by of ['traced', 'untraced']) {
      const lines = 'upgrade: websocket\r\n';
      const handshake = { kind: 'in', by, path: '/', lines } as const;

      test(`a WebSocket handshake has no span, ${by}`, async () => {
        const question = { ...handshake, host: 'socket', spans: 0 };
        const { body, requests } = await application.ask(question);
        assert.match(body, /^HTTP\/1\.1 200 /);
        assert.equal(requests[0]?.['upgrade'], 'websocket');
        assert.equal(requests[0]?.['traceparent'], undefined);
      });

      test(`what an application does for a handshake may have spans, ${by}`, async () => {
        const question = { ...handshake, host: 'mounted-socket', spans: 1 };
        const { body, spans } = await application.ask(question);
        assert.match(body, /^HTTP\/1\.1 403 /);
        assert.equal(only(spans, 'INTERNAL').name, 'chat');
      });
    }

    for (const door of doors) {
      for (const host of ['shop.example', 'plain.example', 'third']) {
        test(`a call by ${door} to ${host} has one span, with our tags`, async () => {
          const { spans, requests } = await application.ask({
            kind: 'out',
            by: door,
            host,
            path: '/a',
            spans: 2,
          });
          const call = only(spans, 'CLIENT');
          assert.equal(call.name, `egress ${host}`);
          assert.equal(call.parentId, only(spans, 'INTERNAL').spanId);
          const { attributes } = call;
          assert.deepEqual(
            [attributes['component'], attributes['upstream_cluster'], attributes['response_flags']],
            ['proxy', 'third', '-'],
          );
          assert.equal(attributes['http.response.status_code'], 200);
          assert.equal(requests[0]?.['traceparent'], traceparentOf(call));
        });
      }

      test(`a call by ${door} that is none of ours has one span, of theirs`, async () => {
        const { spans, requests } = await application.ask({
          kind: 'out',
          by: door,
          host: application.third,
          path: '/a',
          spans: 2,
        });
        const call = only(spans, 'CLIENT');
        assert.equal(call.attributes['component'], undefined);
        assert.equal(call.parentId, only(spans, 'INTERNAL').spanId);
        // Instrumentation takes headers apart, and knows one form of them only.
        assert.equal(requests[0]?.['host'], application.third);
        assert.deepEqual(
          Object.keys(requests[0]).filter((name) => /^\d/.test(name)),
          [],
        );
        assert.equal(requests[0]?.['traceparent'], traceparentOf(call));
      });

      for (const by of ['traced', 'untraced']) {
        for (const host of ['handler', 'server']) {
          test(`a call by ${door} of ${host}, ${by}, goes on with the request's trace`, async () => {
            const path = callPath(door, 'shop.example');
            const { spans, requests } = await application.ask({
              kind: 'in',
              by,
              host,
              path,
              spans: 2,
            });
            const served = only(spans, 'SERVER');
            const call = only(spans, 'CLIENT');
            assert.deepEqual([call.parentId, call.traceId], [served.spanId, served.traceId]);
            assert.equal(requests[0]?.['traceparent'], traceparentOf(call));
          });
        }
      }
    }
  });
}

test('where attempts have spans, what the application does belongs to the attempt at it', async (t) => {
  const application = await InstrumentedProcess.start(t, 'require', { childSpans: true });
  for (const door of doors) {
    const path = callPath(door, 'shop.example');
    const { spans, requests } = await application.ask({
      kind: 'in',
      by: 'traced',
      host: 'handler',
      path,
      spans: 4,
    });
    const served = only(spans, 'SERVER');
    const byParent = (parentId: string): SeenSpan => {
      const [found, ...more] = spans.filter((span) => span.parentId === parentId);
      assert.ok(found !== undefined && more.length === 0, JSON.stringify(spans));
      return found;
    };
    const atHandler = byParent(served.spanId);
    const call = byParent(atHandler.spanId);
    const atThird = byParent(call.spanId);
    assert.deepEqual(
      [served, atHandler, call, atThird].map(({ name }) => name),
      ['ingress', 'router handler egress', 'egress shop.example', 'router third egress'],
    );
    assert.equal(requests[0]?.['traceparent'], traceparentOf(atThird));
  }
});
