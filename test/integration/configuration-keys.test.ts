import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSidecar } from '../../lib/sidecar.js';
import { buildConfig, staticCluster } from '../support/config-builder.js';
import { FakeDns } from '../support/fake-dns.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';

// Keys that no other test speaks of, each by what it does or does not do to real requests.

const statusCounter = 'cluster.app.upstream_rq_200';

test('dynamic_stats: clusters count responses by status unless it is false', async (t) => {
  for (const dynamicStats of [true, false]) {
    const filters = [{ name: 'router', config: { dynamic_stats: dynamicStats } }];
    const proxy = await TestProxy.start(t, { manager: { filters } });
    await proxy.send();
    const stats = await proxy.stats();
    assert.equal(stats.get(statusCounter), dynamicStats ? 1 : undefined);
    assert.equal(stats.get('cluster.app.upstream_rq_total'), 1);
  }
});

test('max_requests: on HTTP/1.1 a request is limited by its connection, and not by this', async (t) => {
  const limits = { default: { max_requests: 0 } };
  const proxy = await TestProxy.start(t, { cluster: { circuit_breakers: limits } });
  const { status } = await proxy.send();
  assert.equal(status, 200);
});

test('drain_type: both are taken, and requests are served and drained alike', async (t) => {
  for (const drainType of ['default', 'modify_only']) {
    const upstream = await FakeUpstream.start();
    const proxy = await TestProxy.start(t, {
      upstream,
      config: {
        clusters: [staticCluster('app', [upstream.url])],
        listener: { drain_type: drainType },
      },
    });
    assert.equal((await proxy.send()).status, 200);
    await proxy.sidecar.drain();
    await assert.rejects(proxy.send(), { code: 'ECONNREFUSED' });
  }
});

for (const [written, asked] of [
  [undefined, 'v4_only'],
  ['v4_only', 'v4_only'],
  ['v6_only', 'v6_only'],
  ['auto', 'auto'],
]) {
  test(`dns_lookup_family ${written ?? 'by default'}: names are resolved ${asked}`, async (t) => {
    const resolver = new FakeDns(['127.0.0.1']);
    const upstream = await FakeUpstream.start();
    const proxy = await TestProxy.start(t, {
      upstream,
      environment: { resolver },
      cluster: {
        type: 'logical_dns',
        hosts: [{ url: `tcp://orders.internal:${upstream.port}` }],
        ...(written === undefined ? {} : { dns_lookup_family: written }),
      },
    });
    assert.equal((await proxy.send()).status, 200);
    assert.deepEqual(
      resolver.questions.map(({ family }) => family),
      [asked],
    );
  });
}

test('$schema: the name of the JSON Schema for editors changes nothing', async () => {
  const config = {
    $schema: './envoy-v1.schema.json',
    ...buildConfig({ clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])], hasListener: false }),
  };
  const admin = { access_log_path: '/dev/null', address: 'tcp://127.0.0.1:0' };
  const sidecar = await createSidecar({ config: { ...config, admin } });
  assert.deepEqual(sidecar.listeners, []);
  await sidecar.close();
});
