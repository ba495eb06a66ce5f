import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  buildConfig,
  type ConfigParts,
  type Json,
  virtualHost,
} from '../support/config-builder.js';
import { asks, DynamicProxy, refreshDelayMs, startHost } from '../support/dynamic-proxy.js';
import { FakeDns } from '../support/fake-dns.js';
import type { FakeUpstream } from '../support/fake-upstream.js';

function registrations(...hosts: readonly FakeUpstream[]): Json {
  return { hosts: hosts.map(({ port }) => ({ ip_address: '127.0.0.1', port })) };
}

/** Everything goes to one cluster, whose name is `app`, and which is replaced. */
class ReplacedCluster {
  readonly dns: FakeDns;
  readonly fixture: DynamicProxy;
  readonly #cluster: Json;
  readonly #discovery: Json;

  private constructor(fixture: DynamicProxy, dns: FakeDns, cluster: Json, discovery: Json) {
    this.fixture = fixture;
    this.dns = dns;
    this.#cluster = cluster;
    this.#discovery = discovery;
  }

  /** `cluster`: what its hosts are found by. `sds` is the answer of the discovery service. */
  static async start(t: TestContext, cluster: Json, sds: Json = {}): Promise<ReplacedCluster> {
    const dns = new FakeDns(['127.0.0.1']);
    const common = { name: 'app', lb_type: 'round_robin', connect_timeout_ms: 250 };
    let discovery: Json = {};
    const configure = (found: Json): ConfigParts => {
      discovery = found;
      return partsOf({ ...common, ...cluster }, discovery);
    };
    const parts = { environment: { resolver: dns } };
    const fixture = await DynamicProxy.start(t, { sds }, configure, parts);
    return new ReplacedCluster(fixture, dns, { ...common, ...cluster }, discovery);
  }

  async replace(keys: Json): Promise<void> {
    const parts = partsOf({ ...this.#cluster, ...keys }, this.#discovery);
    await this.fixture.proxy.sidecar.update(buildConfig({ ...parts, manager: { access_log: [] } }));
  }
}

function partsOf(cluster: Json, discovery: Json): ConfigParts {
  return {
    clusters: [cluster],
    virtualHosts: [virtualHost(['*'], 'app')],
    sds: asks(discovery),
  };
}

const bySds: Json = { type: 'sds', service_name: 'hosts' };

function byName(type: 'strict_dns' | 'logical_dns', { port }: FakeUpstream): Json {
  return { type, hosts: [{ url: `tcp://orders.test:${port}` }] };
}

test('a cluster that changes while its discovery service fails keeps its hosts', async (t) => {
  const host = await startHost(t, 'a');
  const run = await ReplacedCluster.start(t, bySds, registrations(host));
  run.fixture.setAnswer('sds', (response) => response.writeHead(500).end());
  await run.replace({ ...bySds, connect_timeout_ms: 500 });
  assert.equal(await run.fixture.ask('app'), '200 a');
  assert.equal(await run.fixture.stat('cluster.app.update_failure'), 1);
  const next = await startHost(t, 'b');
  await run.fixture.refresh('sds', registrations(next));
  assert.equal(await run.fixture.ask('app'), '200 b');
});

test('that there are no hosts is an answer, too', async (t) => {
  const host = await startHost(t, 'a');
  const run = await ReplacedCluster.start(t, bySds, registrations(host));
  run.fixture.setAnswer('sds', registrations());
  await run.replace({ ...bySds, connect_timeout_ms: 500 });
  assert.match(await run.fixture.ask('app'), /^503 /);
});

test('of another service it takes no hosts over', async (t) => {
  const host = await startHost(t, 'a');
  const run = await ReplacedCluster.start(t, bySds, registrations(host));
  await run.replace({ ...bySds, service_name: 'others' });
  assert.equal(await run.fixture.stat('cluster.app.update_failure'), 1);
  assert.match(await run.fixture.ask('app'), /^503 /);
});

test('the health of hosts is taken over with them', async (t) => {
  const [failing, passing] = [await startHost(t, 'failing'), await startHost(t, 'passing')];
  const health_check = {
    type: 'http',
    path: '/health',
    timeout_ms: 100_000,
    interval_ms: 100_000,
    unhealthy_threshold: 1,
    healthy_threshold: 1,
  };
  failing.handler = (request, response) =>
    request.url === '/health' ? response.writeHead(500).end() : response.end('failing');
  const run = await ReplacedCluster.start(
    t,
    { ...bySds, health_check },
    registrations(failing, passing),
  );
  assert.equal(await run.fixture.stat('cluster.app.membership_healthy'), 1);
  // From now on checks have no answer.
  failing.handler = (_request, response) => void response.headersSent;
  passing.handler = (request, response) =>
    request.url === '/health' ? undefined : response.end('passing');
  run.fixture.setAnswer('sds', (response) => response.writeHead(500).end());
  await run.replace({ ...bySds, health_check, connect_timeout_ms: 500 });
  assert.equal(await run.fixture.stat('cluster.app.membership_total'), 2);
  assert.equal(await run.fixture.stat('cluster.app.membership_healthy'), 1);
});

for (const type of ['strict_dns', 'logical_dns'] as const) {
  test(`${type}: a cluster that changes while names cannot be looked up keeps its hosts`, async (t) => {
    const host = await startHost(t, 'a');
    const run = await ReplacedCluster.start(t, byName(type, host));
    run.dns.addresses = undefined;
    await run.replace({ ...byName(type, host), dns_refresh_rate_ms: 7000 });
    assert.equal(await run.fixture.ask('app'), '200 a');
    assert.equal(await run.fixture.stat('cluster.app.update_failure'), 1);
    // The next answer counts, and finds the hosts that are in it as they are.
    run.dns.addresses = ['127.0.0.2', '127.0.0.1'];
    run.fixture.proxy.clock.advance(refreshDelayMs);
    const count = type === 'strict_dns' ? 2 : 1;
    assert.equal(await run.fixture.stat('cluster.app.membership_total'), count);
    assert.equal(await run.fixture.stat('cluster.app.update_success'), 2);
  });
}

test('strict_dns: a name that has no addresses any more leaves a cluster that changes none', async (t) => {
  const host = await startHost(t, 'a');
  const run = await ReplacedCluster.start(t, byName('strict_dns', host));
  run.dns.addresses = [];
  await run.replace({ ...byName('strict_dns', host), dns_refresh_rate_ms: 7000 });
  assert.match(await run.fixture.ask('app'), /^503 /);
});
