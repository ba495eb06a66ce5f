import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { buildConfig, type Json, staticCluster, virtualHost } from '../support/config-builder.js';
import { DynamicProxy, listener, refreshDelayMs, startHost } from '../support/dynamic-proxy.js';
import { TracingFixture } from '../support/tracing-fixture.js';

const anyPort = 'tcp://127.0.0.1:0';
const tracing = { operation_name: 'ingress' };

/** A listener that is named after the one host that it has a route for. */
function listenerFor(host: string, manager: Json = {}): Json {
  return listener(host, anyPort, {
    clusters: [],
    virtualHosts: [virtualHost([host], 'app')],
    manager: { access_log: [], ...manager },
  });
}

test('calls are traced from the update on with which some listener is, whatever way they take', async (t) => {
  const fixture = await TracingFixture.start(t, { config: { hasListener: false }, isGlobal: true });
  const { sidecar } = fixture.proxy;
  const call = async (host: string): Promise<void> => {
    await (await sidecar.request(`http://${host}/`)).body.text();
  };
  // Once for each listener, and once by the name of the cluster.
  const callAll = async (...hosts: readonly string[]): Promise<void> => {
    for (const host of [...hosts, 'app']) {
      await call(host);
    }
  };
  const clusters = [staticCluster('app', [fixture.upstream.url])];
  const update = (...listeners: readonly Json[]): Promise<void> =>
    sidecar.update({ ...buildConfig({ clusters, hasListener: false }), listeners });

  await update(listenerFor('silent.example'));
  trace.setGlobalTracerProvider(fixture.provider);
  await callAll('silent.example');
  await fixture.spans(0);
  await update(listenerFor('silent.example'), listenerFor('traced.example', { tracing }));
  await callAll('silent.example', 'traced.example');
  const names = ['egress silent.example', 'egress traced.example', 'egress app'];
  assert.deepEqual(
    (await fixture.spans(3)).map(({ name }) => name),
    names,
  );
  await update(listenerFor('silent.example'), listenerFor('later.example'));
  await callAll('silent.example', 'later.example');
  await fixture.spans(6);
});

test('calls are traced as soon as a listener that is discovered is', async (t) => {
  const host = await startHost(t, 'app');
  let ended = 0;
  const provider = new BasicTracerProvider({
    spanProcessors: [
      {
        onStart() {},
        onEnd: () => ended++,
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  t.after(() => trace.disable());
  const fixture = await DynamicProxy.start(t, { lds: { listeners: [] } }, (discovery) => ({
    clusters: [discovery, staticCluster('app', [host.url])],
    hasListener: false,
    lds: { cluster: 'discovery', refresh_delay_ms: refreshDelayMs },
  }));
  trace.setGlobalTracerProvider(provider);
  const { sidecar } = fixture.proxy;
  const call = async (): Promise<void> => {
    await (await sidecar.request('http://app/')).body.text();
  };
  await call();
  assert.equal(ended, 0);
  await fixture.refresh('lds', { listeners: [listenerFor('traced.example', { tracing })] });
  await call();
  assert.equal(ended, 1);
});
