import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import {
  buildConfig,
  type ConfigParts,
  type Json,
  staticCluster,
} from '../support/config-builder.js';
import { startHost } from '../support/dynamic-proxy.js';
import type { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { until } from '../support/until.js';

/** A proxy in front of one cluster, `app`, which the test replaces. */
class ReplacedCluster {
  readonly #proxy: TestProxy;

  private constructor(proxy: TestProxy) {
    this.#proxy = proxy;
  }

  static async start(
    t: TestContext,
    hosts: readonly FakeUpstream[],
    cluster: Json,
    options: Partial<SidecarOptions> = {},
  ): Promise<ReplacedCluster> {
    const proxy = await TestProxy.start(t, {
      manager: { access_log: [] },
      config: { clusters: [app(hosts, cluster)] },
      options,
      environment: { random: new ScriptedRandom(0) },
    });
    return new ReplacedCluster(proxy);
  }

  /** Puts another `app` in the place of the one that there is. */
  async replace(hosts: readonly FakeUpstream[], cluster: Json): Promise<void> {
    const parts = { clusters: [app(hosts, cluster)], manager: { access_log: [] } };
    await this.#proxy.sidecar.update(buildConfig(parts));
  }

  async send(): Promise<number> {
    const { status } = await this.#proxy.send();
    return status;
  }

  /** Returns statistics of the cluster by their names below `cluster.app.`. */
  async stats(...names: readonly string[]): Promise<(number | undefined)[]> {
    const stats = await this.#proxy.stats();
    return names.map((name) => stats.get(`cluster.app.${name}`));
  }
}

function app(hosts: readonly FakeUpstream[], cluster: Json): Json {
  const urls = hosts.map(({ url }) => url);
  return staticCluster('app', urls, cluster);
}

async function startFailingHost(t: TestContext): Promise<FakeUpstream> {
  const host = await startHost(t, '');
  host.handler = (_request, response) => response.writeHead(500).end();
  return host;
}

const outlier_detection = { consecutive_5xx: 1, max_ejection_percent: 100 };
const ejections = [
  'outlier_detection.ejections_enforced_total',
  'outlier_detection.ejections_active',
];

test('ejections go on being counted, and the hosts of the new cluster are not ejected', async (t) => {
  const host = await startFailingHost(t);
  const fixture = await ReplacedCluster.start(t, [host], { outlier_detection });
  await fixture.send();
  assert.deepEqual(await fixture.stats(...ejections), [1, 1]);
  await fixture.replace([host], { outlier_detection, connect_timeout_ms: 300 });
  assert.deepEqual(await fixture.stats(...ejections), [1, 0]);
  await fixture.send();
  assert.deepEqual(await fixture.stats(...ejections), [2, 1]);
});

test('a cluster without outlier detection has no statistics of it any more', async (t) => {
  const host = await startFailingHost(t);
  const fixture = await ReplacedCluster.start(t, [host], { outlier_detection });
  await fixture.replace([host], {});
  assert.deepEqual(await fixture.stats(...ejections), [undefined, undefined]);
});

test('what becomes of a request of before ejects nobody', async (t) => {
  const host = await startHost(t, '');
  const held: ServerResponse[] = [];
  host.handler = (_request, response) => held.push(response);
  const fixture = await ReplacedCluster.start(t, [host], { outlier_detection });
  const old = fixture.send();
  await until(() => held.length === 1, 'the request is there');
  await fixture.replace([host], { outlier_detection, connect_timeout_ms: 300 });
  held[0]?.writeHead(500).end();
  assert.equal(await old, 500);
  assert.deepEqual(await fixture.stats(...ejections), [0, 0]);
});

const breakerOptions: Partial<SidecarOptions> = {
  breakers: { app: { errorThresholdPercentage: 50, volumeThreshold: 2, resetTimeout: 5000 } },
};
const breakerStats = ['breaker.opened', 'breaker.rejected', 'breaker.open'];

test('a breaker goes on counting, and the one of the new cluster is closed', async (t) => {
  const host = await startFailingHost(t);
  const fixture = await ReplacedCluster.start(t, [host], {}, breakerOptions);
  assert.deepEqual(
    [await fixture.send(), await fixture.send(), await fixture.send()],
    [500, 500, 503],
  );
  assert.deepEqual(await fixture.stats(...breakerStats), [1, 1, 1]);
  await fixture.replace([host], { connect_timeout_ms: 300 });
  assert.deepEqual(await fixture.stats(...breakerStats), [1, 1, 0]);
  assert.deepEqual([await fixture.send(), await fixture.send()], [500, 500]);
  assert.deepEqual(await fixture.stats(...breakerStats), [2, 1, 1]);
});

const health_check = {
  type: 'http',
  path: '/health',
  timeout_ms: 5000,
  interval_ms: 60_000,
  unhealthy_threshold: 1,
  healthy_threshold: 1,
};
const checkStats = ['health_check.healthy', 'health_check.success', 'health_check.attempt'];

test('only the hosts of the cluster in force count as healthy', async (t) => {
  const [a, b, slow] = [await startHost(t, ''), await startHost(t, ''), await startHost(t, '')];
  const held: ServerResponse[] = [];
  slow.handler = (_request, response) => held.push(response);
  const fixture = await ReplacedCluster.start(t, [a, b], { health_check });
  assert.deepEqual(await fixture.stats(...checkStats), [2, 2, 2]);
  const replaced = fixture.replace([a, b, slow], { health_check });
  await until(() => held.length === 1, 'the last host is checked');
  assert.deepEqual((await fixture.stats(...checkStats))[0], 2);
  held[0]?.end();
  await replaced;
  assert.deepEqual(await fixture.stats(...checkStats), [3, 5, 5]);
});

test('the age of the last success is that of the name, whoever is asked next', async (t) => {
  const host = await startHost(t, '');
  const service = await startHost(t, '');
  const answer = JSON.stringify({ hosts: [{ ip_address: '127.0.0.1', port: host.port }] });
  service.handler = (_request, response) => response.end(answer);
  const discovered = (connect_timeout_ms: number): ConfigParts => ({
    clusters: [
      { name: 'app', type: 'sds', service_name: 'x', connect_timeout_ms, lb_type: 'random' },
    ],
    sds: { cluster: staticCluster('sds', [service.url]), refresh_delay_ms: 60_000 },
    manager: { access_log: [] },
  });
  const proxy = await TestProxy.start(t, { config: discovered(250) });
  const age = async (): Promise<number | undefined> =>
    (await proxy.stats()).get('cluster.app.update_success_age_ms');
  proxy.clock.advance(500);
  assert.equal(await age(), 500);
  const held: ServerResponse[] = [];
  service.handler = (_request, response) => held.push(response);
  const updated = proxy.sidecar.update(buildConfig(discovered(300)));
  await until(() => held.length === 1, 'the service is asked');
  assert.equal(await age(), 500);
  held[0]?.end(answer);
  await updated;
  assert.equal(await age(), 0);
  const parts = { clusters: [app([host], {})], manager: { access_log: [] } };
  await proxy.sidecar.update(buildConfig(parts));
  assert.equal(await age(), undefined);
});
