import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { context, trace } from '@opentelemetry/api';
import type { MountedApplication } from '../../lib/upstream/mounted-application.js';
import { staticCluster, virtualHost } from '../support/config-builder.js';
import { callOrders } from '../support/context-fixture.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TracingFixture, traceparentOf } from '../support/tracing-fixture.js';

const remoteSpan = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** A sidecar that traces, whose mounted application calls `orders` within `within`. */
async function start(
  t: TestContext,
  within: (fixture: TracingFixture, call: () => Promise<unknown>) => Promise<unknown>,
  isByRoute: boolean,
): Promise<{ readonly fixture: TracingFixture; readonly orders: FakeUpstream }> {
  const orders = await FakeUpstream.start();
  t.after(() => orders.close());
  const application: MountedApplication = async (
    _request: IncomingMessage,
    response: ServerResponse,
  ) => {
    await within(fixture, () => callOrders(fixture.proxy.sidecar));
    response.end();
  };
  const fixture: TracingFixture = await TracingFixture.start(t, {
    config: {
      clusters: [
        staticCluster('app', ['tcp://192.0.2.1:80']),
        staticCluster('orders', [orders.url]),
      ],
      virtualHosts: [virtualHost(['foo.com'], 'app'), virtualHost(['orders'], 'orders')],
    },
    options: {
      mount: { app: application },
      ...(isByRoute ? {} : { outbound: { listeners: [] } }),
    },
    isRegistered: true,
  });
  return { fixture, orders };
}

for (const [how, isByRoute] of Object.entries({
  'the routes of a listener': true,
  'the name of a cluster': false,
})) {
  test(`the span of a call by ${how} is a child of that of its request`, async (t) => {
    const { fixture, orders } = await start(t, (_, call) => call(), isByRoute);
    await fixture.proxy.send({ headers: { traceparent: remoteSpan } });
    const spans = await fixture.spans(2);
    const inbound = spans.find(({ parentId }) => parentId === 'b7ad6b7169203331');
    const outbound = spans.find((span) => span !== inbound);
    assert.equal(outbound?.parentId, inbound?.spanId);
    assert.equal(orders.requests[0]?.headers['traceparent'], outbound && traceparentOf(outbound));
  });
}

test('a span of the application is the parent of the calls within it', async (t) => {
  const { fixture } = await start(
    t,
    async ({ provider }, call) => {
      const span = provider.getTracer('application').startSpan('own');
      await context.with(trace.setSpan(context.active(), span), call);
      span.end();
    },
    true,
  );
  await fixture.proxy.send({ headers: { traceparent: remoteSpan } });
  const spans = await fixture.spans(3);
  const inbound = spans.find(({ parentId }) => parentId === 'b7ad6b7169203331');
  const own = spans.find(({ name }) => name === 'own');
  const outbound = spans.find((span) => span !== inbound && span !== own);
  assert.equal(own?.parentId, inbound?.spanId);
  assert.equal(outbound?.parentId, own?.spanId);
});

test('a call in the context of headers is part of their trace', async (t) => {
  const { fixture } = await start(t, (_, call) => call(), true);
  const { sidecar } = fixture.proxy;
  await sidecar.runInContext({ traceparent: remoteSpan }, () => callOrders(sidecar));
  assert.equal((await fixture.span()).parentId, 'b7ad6b7169203331');
});
