import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import {
  buildConfig,
  type ConfigParts,
  type Json,
  staticCluster,
  virtualHost,
} from '../support/config-builder.js';
import { asks, DynamicProxy, refreshDelayMs, startHost } from '../support/dynamic-proxy.js';
import type { FakeUpstream } from '../support/fake-upstream.js';
import { until } from '../support/until.js';

/** A host whose health checks wait for the test. */
class SlowHost {
  readonly checks: ServerResponse[] = [];
  readonly #upstream: FakeUpstream;

  private constructor(upstream: FakeUpstream) {
    this.#upstream = upstream;
  }

  static async start(t: TestContext, text: string): Promise<SlowHost> {
    const slow = new SlowHost(await startHost(t, text));
    slow.#upstream.handler = (request, response) => {
      if (request.url === '/health') {
        slow.checks.push(response);
      } else {
        response.end(text);
      }
    };
    return slow;
  }

  cluster(name: string): Json {
    const health_check = {
      type: 'http',
      path: '/health',
      timeout_ms: 60_000,
      interval_ms: 60_000,
      unhealthy_threshold: 1,
      healthy_threshold: 1,
    };
    return staticCluster(name, [this.#upstream.url], { health_check });
  }

  /** Waits until somebody waits for a check, and answers all. */
  async answer(): Promise<void> {
    await until(() => this.checks.length > 0, 'the host is checked');
    for (const response of this.checks.splice(0)) {
      response.end();
    }
  }
}

/** Everything goes to the cluster `found`. */
const toFound: Partial<ConfigParts> = {
  virtualHosts: [virtualHost(['*'], 'found')],
  routeConfig: { validate_clusters: false },
};

function documentOf(parts: ConfigParts): Json {
  return buildConfig({ ...toFound, ...parts, manager: { access_log: [] } });
}

/** A sidecar that discovers its clusters; `update` keeps `cds` unless it is replaced. */
async function startDiscovering(
  t: TestContext,
  cds: Json,
): Promise<{
  readonly fixture: DynamicProxy;
  readonly update: (clusters: readonly Json[], more?: Partial<ConfigParts>) => Promise<void>;
}> {
  let own: Json = {};
  const fixture = await DynamicProxy.start(t, { cds }, (discovery) => {
    own = discovery;
    return { ...toFound, clusters: [], cds: asks(discovery) };
  });
  const update = (clusters: readonly Json[], more: Partial<ConfigParts> = {}): Promise<void> =>
    fixture.proxy.sidecar.update(documentOf({ clusters, cds: asks(own), ...more }));
  return { fixture, update };
}

test('a discovered cluster that is not ready when cds goes never comes', async (t) => {
  const slow = await SlowHost.start(t, 'slow');
  const { fixture } = await startDiscovering(t, { clusters: [] });
  fixture.setAnswer('cds', { clusters: [slow.cluster('found')] });
  fixture.proxy.clock.advance(refreshDelayMs);
  await until(() => slow.checks.length === 1, 'the host is checked');
  const other = staticCluster('other', [(await startHost(t, 'other')).url]);
  await fixture.proxy.sidecar.update(documentOf({ clusters: [other] }));
  assert.equal(await fixture.stat('cluster_manager.warming_clusters'), 0);
  await slow.answer();
  assert.equal(await fixture.ask('app'), '404 ');
  assert.equal(await fixture.stat('cluster.found.membership_total'), undefined);
});

test('a cluster that discovery takes back while an update makes it its own stays', async (t) => {
  const slow = await SlowHost.start(t, 'slow');
  const found = staticCluster('found', [(await startHost(t, 'found')).url]);
  const { fixture, update } = await startDiscovering(t, { clusters: [found] });
  assert.equal(await fixture.ask('app'), '200 found');
  const updating = update([found, slow.cluster('slow')]);
  await until(() => slow.checks.length === 1, 'the host is checked');
  await fixture.refresh('cds', { clusters: [] });
  assert.equal(await fixture.ask('app'), '200 found');
  await slow.answer();
  await updating;
  assert.equal(await fixture.ask('app'), '200 found');
});

test('what discovery brings during an update comes with its end, well or badly', async (t) => {
  const slow = await SlowHost.start(t, 'slow');
  const hosts = [await startHost(t, '1'), await startHost(t, '2'), await startHost(t, '3')];
  const [first, second, third] = hosts.map(({ url }) => staticCluster('found', [url]));
  const { fixture, update } = await startDiscovering(t, { clusters: [first] });
  const updating = update([slow.cluster('slow')]);
  await until(() => slow.checks.length === 1, 'the host is checked');
  await fixture.refresh('cds', { clusters: [second] });
  assert.equal(await fixture.ask('app'), '200 1');
  await slow.answer();
  await updating;
  assert.equal(await fixture.ask('app'), '200 2');
  const failing = update([slow.cluster('other')], {
    listener: { address: `tcp://127.0.0.1:${fixture.proxy.adminPort}` },
  });
  const refused = assert.rejects(failing, { code: 'SIDECAR_LISTEN_FAILED' });
  await until(() => slow.checks.length === 1, 'the host is checked again');
  await fixture.refresh('cds', { clusters: [third] });
  assert.equal(await fixture.ask('app'), '200 2');
  await slow.answer();
  await refused;
  assert.equal(await fixture.ask('app'), '200 3');
});

test('clusters of type sds can be discovered once an update has brought sds', async (t) => {
  const host = await startHost(t, 'found');
  const service = await startHost(t, '');
  service.handler = (_request, response) =>
    response.end(JSON.stringify({ hosts: [{ ip_address: '127.0.0.1', port: host.port }] }));
  const found = {
    name: 'found',
    type: 'sds',
    service_name: 'hosts',
    connect_timeout_ms: 250,
    lb_type: 'round_robin',
  };
  const { fixture, update } = await startDiscovering(t, { clusters: [found] });
  assert.equal(await fixture.ask('app'), '404 ');
  await update([], { sds: asks(staticCluster('sds', [service.url])) });
  await fixture.refresh('cds', { clusters: [found] });
  assert.equal(await fixture.ask('app'), '200 found');
});
