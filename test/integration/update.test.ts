import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, type ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigError } from '../../lib/base/errors.js';
import type { Sidecar } from '../../lib/sidecar.js';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import {
  buildConfig,
  type ConfigParts,
  type Json,
  listenerAddress,
  staticCluster,
  virtualHost,
} from '../support/config-builder.js';
import { listener, refreshDelayMs, servicePaths, startHost } from '../support/dynamic-proxy.js';
import { eventually } from '../support/eventually.js';
import { type FakeUpstream, unusedPort } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { RateLimitServer } from '../support/rate-limit-server.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { portOf } from '../support/test-sidecar.js';
import { sendTls, sslContext, tlsFile } from '../support/tls-client.js';
import { until } from '../support/until.js';

/** A proxy whose configuration the test replaces, and two hosts. */
class UpdateFixture {
  readonly proxy: TestProxy;
  readonly a: FakeUpstream;
  readonly b: FakeUpstream;

  private constructor(proxy: TestProxy, a: FakeUpstream, b: FakeUpstream) {
    this.proxy = proxy;
    this.a = a;
    this.b = b;
  }

  static async start(
    t: TestContext,
    more: Partial<ConfigParts> = {},
    options: Partial<SidecarOptions> = {},
  ): Promise<UpdateFixture> {
    const [a, b] = [await startHost(t, 'a'), await startHost(t, 'b')];
    const { manager, ...config } = more;
    const proxy = await TestProxy.start(t, {
      manager: { access_log: [], ...manager },
      config: { ...partsTo('app', [a]), ...config },
      options,
      environment: { random: new ScriptedRandom(0) },
    });
    return new UpdateFixture(proxy, a, b);
  }

  get sidecar(): Sidecar {
    return this.proxy.sidecar;
  }

  /** Puts a document into force; its manager has no access log, as that of the start. */
  async update(parts: ConfigParts, more: Json = {}): Promise<void> {
    await this.sidecar.update(documentOf(parts, more));
  }

  async text(agent?: Agent): Promise<string> {
    const { text } = await this.proxy.send(agent === undefined ? {} : { agent });
    return text;
  }

  async stat(name: string): Promise<number | undefined> {
    return (await this.proxy.stats()).get(name);
  }
}

function documentOf(parts: ConfigParts, more: Json = {}): Json {
  return { ...buildConfig({ ...parts, manager: { access_log: [], ...parts.manager } }), ...more };
}

/** Everything goes to one cluster with these hosts. */
function partsTo(name: string, hosts: readonly FakeUpstream[], cluster: Json = {}): ConfigParts {
  return {
    clusters: [
      staticCluster(
        name,
        hosts.map(({ url }) => url),
        cluster,
      ),
    ],
    virtualHosts: [virtualHost(['*'], name)],
  };
}

test('clusters and routes of the new configuration are in force, on the same socket', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const { port } = fixture.proxy;
  assert.equal(await fixture.text(), 'a');
  await fixture.update(partsTo('other', [fixture.b]));
  assert.equal(portOf(fixture.sidecar.listeners[0]?.address), port);
  assert.equal(await fixture.text(), 'b');
  assert.equal(await fixture.stat('cluster.app.upstream_rq_total'), undefined);
  assert.equal(await fixture.stat('cluster_manager.cluster_removed'), 1);
  assert.equal(await fixture.stat('listener_manager.listener_modified'), 1);
});

test('the same configuration changes nothing: connections and counters stay', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const agent = new Agent({ keepAlive: true });
  fixture.proxy.closesWith(agent);
  await fixture.text(agent);
  await fixture.update(partsTo('app', [fixture.a]));
  await fixture.text(agent);
  const stats = await fixture.proxy.stats();
  assert.equal(stats.get('http.ingress_http.downstream_cx_total'), 1);
  assert.equal(stats.get('cluster.app.upstream_cx_total'), 1);
  assert.equal(stats.get('cluster_manager.cluster_modified'), 0);
  assert.equal(stats.get('listener_manager.listener_modified'), 0);
});

test('a cluster that changes leaves the listener as it is, and the other way round', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const agent = new Agent({ keepAlive: true });
  fixture.proxy.closesWith(agent);
  await fixture.text(agent);
  await fixture.update(partsTo('app', [fixture.b]));
  assert.equal(await fixture.text(agent), 'b');
  assert.equal(await fixture.stat('http.ingress_http.downstream_cx_total'), 1);
  const changed = partsTo('app', [fixture.b]);
  await fixture.update({ ...changed, listener: { per_connection_buffer_limit_bytes: 4096 } });
  assert.equal(await fixture.text(), 'b');
  assert.equal(await fixture.stat('cluster.app.upstream_cx_total'), 2);
});

test('counters of a listener go on with the one that takes its place', async (t) => {
  const fixture = await UpdateFixture.start(t);
  await fixture.text();
  await fixture.update(partsTo('other', [fixture.b]));
  await fixture.text();
  const stats = await fixture.proxy.stats();
  assert.equal(stats.get('http.ingress_http.downstream_rq_total'), 2);
  assert.equal(stats.get('listener.0.0.0.0_80.downstream_cx_total'), 2);
  assert.equal(stats.get('listener.0.0.0.0_80.http.ingress_http.downstream_rq_2xx'), 2);
});

test('requests under way end as they began, in either direction', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const held: ServerResponse[] = [];
  fixture.a.handler = (_request, response) => held.push(response);
  const inbound = fixture.text();
  const outbound = fixture.sidecar.request('http://app/');
  await until(() => held.length === 2, 'both are there');
  await fixture.update(partsTo('other', [fixture.b]));
  for (const response of held) {
    response.end('old');
  }
  assert.equal(await inbound, 'old');
  assert.equal(await (await outbound).body.text(), 'old');
  assert.equal(await fixture.text(), 'b');
});

test('a listener comes, moves to another address, and goes', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const second = (address: string): Json =>
    listener('second', address, partsTo('app', [fixture.a]));
  const withSecond = async (...list: readonly Json[]): Promise<void> => {
    const document = documentOf(partsTo('app', [fixture.a]));
    const listeners = [...(document['listeners'] as readonly Json[]), ...list];
    await fixture.sidecar.update({ ...document, listeners });
  };
  const [from, to] = [await unusedPort(), await unusedPort()];
  await withSecond(second(`tcp://127.0.0.1:${from}`));
  assert.equal(portOf(fixture.sidecar.listeners[1]?.address), from);
  await withSecond(second(`tcp://127.0.0.1:${to}`));
  assert.equal(portOf(fixture.sidecar.listeners[1]?.address), to);
  await withSecond();
  assert.equal(fixture.sidecar.listeners.length, 1);
  for (const port of [from, to]) {
    const taken = createServer().listen(port, '127.0.0.1');
    await once(taken, 'listening');
    taken.close();
  }
});

test('a listener of another name takes over the socket of the one with its address', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const { port } = fixture.proxy;
  await fixture.update({ ...partsTo('app', [fixture.b]), listener: { name: 'renamed' } });
  assert.deepEqual(fixture.sidecar.listeners, [
    { name: 'renamed', address: `tcp://127.0.0.1:${port}` },
  ]);
  assert.equal(await fixture.text(), 'b');
});

test('a configuration that is wrong is refused with all its problems, and nothing changes', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const parts = partsTo('other', [fixture.b], { lb_type: 'best' });
  await assert.rejects(fixture.update(parts, { unheard_of: 1 }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(
      error.problems.map(({ path }) => path),
      ['cluster_manager.clusters[0].lb_type', 'unheard_of'],
    );
    return true;
  });
  assert.equal(await fixture.text(), 'a');
  assert.equal(await fixture.stat('cluster.other.upstream_rq_total'), undefined);
});

test('what cannot change in a running sidecar is named, and nothing changes', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const document = documentOf(partsTo('other', [fixture.b]));
  const admin = { access_log_path: '/dev/stdout', address: 'tcp://127.0.0.1:1' };
  await assert.rejects(fixture.sidecar.update({ ...document, admin }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(
      error.problems.map(({ path }) => path),
      ['admin.address', 'admin.access_log_path'],
    );
    return true;
  });
  assert.equal(await fixture.text(), 'a');
});

for (const [what, listenerParts, code] of [
  [
    'TLS files that are not there',
    { ssl_context: { cert_chain_file: '/nowhere.pem', private_key_file: '/nowhere.key' } },
    'SIDECAR_TLS_FAILED',
  ],
  [
    'an access log that cannot be opened',
    { access_log: [{ path: '/nowhere/access.log' }] },
    'SIDECAR_ACCESS_LOG_FAILED',
  ],
  [
    'a script that does not load',
    {
      filters: [
        { name: 'lua', config: { inline_code: 'function' } },
        { name: 'router', config: {} },
      ],
    },
    'SIDECAR_CONFIG_INVALID',
  ],
] as const) {
  test(`${what}: nothing changes`, async (t) => {
    const fixture = await UpdateFixture.start(t);
    const before = [...(await fixture.proxy.stats()).keys()];
    const parts = partsTo('other', [fixture.b]);
    const isTls = 'ssl_context' in listenerParts;
    const document = isTls
      ? documentOf({ ...parts, listener: listenerParts })
      : documentOf({ ...parts, manager: listenerParts });
    await assert.rejects(fixture.sidecar.update(document), { code });
    assert.equal(await fixture.text(), 'a');
    const after = [...(await fixture.proxy.stats()).keys()];
    assert.deepEqual(
      after.filter((name) => !before.includes(name) && !name.startsWith('cluster.app.')),
      [],
    );
    await fixture.update(parts);
    assert.equal(await fixture.text(), 'b');
  });
}

test('a port in use: nothing changes, not even what could be bound', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const blocker = createServer().listen(await unusedPort(), '127.0.0.1');
  await once(blocker, 'listening');
  t.after(() => blocker.close());
  const { port: taken } = blocker.address() as { port: number };
  const free = await unusedPort();
  const parts = partsTo('other', [fixture.b]);
  const document = documentOf(parts);
  const listeners = [
    ...(document['listeners'] as readonly Json[]),
    listener('free', `tcp://127.0.0.1:${free}`, parts),
    listener('taken', `tcp://127.0.0.1:${taken}`, parts),
  ];
  await assert.rejects(fixture.sidecar.update({ ...document, listeners }), {
    code: 'SIDECAR_LISTEN_FAILED',
    message: /listener taken cannot listen on .* the port is in use/,
  });
  assert.equal(fixture.sidecar.listeners.length, 1);
  assert.equal(await fixture.text(), 'a');
  const again = createServer().listen(free, '127.0.0.1');
  await once(again, 'listening');
  again.close();
});

test('a cluster that does not come into force leaves the gauges of its name alone', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const document = documentOf(partsTo('app', [fixture.a, fixture.b]));
  const taken = `tcp://127.0.0.1:${fixture.proxy.adminPort}`;
  const listeners = [listener('taken', taken, partsTo('app', [fixture.a]))];
  await assert.rejects(fixture.sidecar.update({ ...document, listeners }), {
    code: 'SIDECAR_LISTEN_FAILED',
  });
  assert.equal(await fixture.stat('cluster.app.membership_total'), 1);
  assert.equal(await fixture.stat('cluster.app.membership_healthy'), 1);
});

test('nothing changes before a new cluster has been checked', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const checks: ServerResponse[] = [];
  fixture.b.handler = (request, response) => {
    if (request.url === '/health') {
      checks.push(response);
    } else {
      response.end('b');
    }
  };
  const health_check = {
    type: 'http',
    path: '/health',
    timeout_ms: 5000,
    interval_ms: 60_000,
    unhealthy_threshold: 1,
    healthy_threshold: 1,
  };
  const updating = fixture.update(partsTo('other', [fixture.b], { health_check }));
  await until(() => checks.length === 1, 'the host is checked');
  assert.equal(await fixture.text(), 'a');
  checks[0]?.end();
  await updating;
  assert.equal(await fixture.text(), 'b');
});

test('nothing changes before a new listener has its routes', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const service = await startHost(t, '');
  let answer = (): void => assert.fail('nobody asks');
  service.handler = (request, response) => {
    assert.equal(request.url, servicePaths.rds.replace('edge/edge-1', '/'));
    answer = () => {
      response.end(JSON.stringify({ virtual_hosts: [virtualHost(['*'], 'fresh')] }));
    };
  };
  const rds = { cluster: 'rds', route_config_name: 'table', refresh_delay_ms: 60_000 };
  const updating = fixture.update({
    clusters: [
      staticCluster('rds', [service.url]),
      staticCluster('fresh', [fixture.b.url]),
      staticCluster('app', [fixture.a.url]),
    ],
    manager: { route_config: undefined, rds },
  });
  await until(() => service.requests.length === 1, 'the routes are asked for');
  assert.equal(await fixture.text(), 'a');
  answer();
  await updating;
  assert.equal(await fixture.text(), 'b');
});

test('updates at once are made one after the other', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const results = await Promise.allSettled([
    fixture.update(partsTo('other', [fixture.b])),
    fixture.update(partsTo('broken', [fixture.b], { lb_type: 'best' })),
    fixture.update(partsTo('app', [fixture.a])),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.equal(await fixture.text(), 'a');
  assert.equal(await fixture.stat('cluster.other.upstream_rq_total'), undefined);
});

test('a sidecar that is closed or drains takes no update', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const draining = fixture.sidecar.drain();
  await assert.rejects(fixture.update(partsTo('other', [fixture.b])), { code: 'SIDECAR_CLOSED' });
  await draining;
  await fixture.sidecar.close();
  await assert.rejects(fixture.update(partsTo('other', [fixture.b])), { code: 'SIDECAR_CLOSED' });
});

test('an update under way is given up when the sidecar closes', async (t) => {
  const fixture = await UpdateFixture.start(t);
  fixture.b.handler = () => {};
  const health_check = {
    type: 'http',
    path: '/',
    timeout_ms: 60_000,
    interval_ms: 60_000,
    unhealthy_threshold: 1,
    healthy_threshold: 1,
  };
  const updating = fixture.update(partsTo('other', [fixture.b], { health_check }));
  await until(() => fixture.b.requests.length === 1, 'the host is checked');
  const closing = fixture.sidecar.close();
  await assert.rejects(updating, { code: 'SIDECAR_CLOSED' });
  await closing;
});

test('lds and cds come and go with the configuration', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const service = await startHost(t, '');
  service.handler = (request, response) => {
    const answer = request.url?.startsWith('/v1/clusters')
      ? { clusters: [staticCluster('found', [fixture.b.url])] }
      : {
          listeners: [
            listener('found', 'tcp://127.0.0.1:0', {
              clusters: [],
              virtualHosts: [virtualHost(['*'], 'app')],
            }),
          ],
        };
    response.end(JSON.stringify(answer));
  };
  const parts = {
    ...partsTo('app', [fixture.a]),
    cds: { cluster: staticCluster('service', [service.url]), refresh_delay_ms: refreshDelayMs },
    lds: { cluster: 'service', refresh_delay_ms: refreshDelayMs },
  };
  await fixture.update(parts);
  await until(() => fixture.sidecar.listeners.length === 2, 'a listener is found');
  assert.equal(await fixture.stat('cluster.found.membership_total'), 1);
  await fixture.update(partsTo('app', [fixture.a]));
  assert.equal(fixture.sidecar.listeners.length, 1);
  assert.equal(await fixture.stat('cluster.found.upstream_rq_total'), undefined);
  assert.equal(await fixture.stat('cluster_manager.cds.update_attempt'), undefined);
  assert.equal(await fixture.stat('listener_manager.lds.update_attempt'), undefined);
});

test('counters of lds and cds go on when the way they are asked changes', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const service = await startHost(t, '');
  service.handler = (request, response) =>
    response.end(request.url?.startsWith('/v1/clusters') ? '{"clusters":[]}' : '{"listeners":[]}');
  const cluster = staticCluster('service', [service.url]);
  const parts = (refresh_delay_ms: number): ConfigParts => ({
    ...partsTo('app', [fixture.a]),
    cds: { cluster, refresh_delay_ms },
    lds: { cluster: 'service', refresh_delay_ms },
  });
  const success = (): Promise<(number | undefined)[]> =>
    Promise.all(
      ['cluster_manager.cds', 'listener_manager.lds'].map((scope) =>
        fixture.stat(`${scope}.update_success`),
      ),
    );
  await fixture.update(parts(refreshDelayMs));
  await eventually('both have been asked', async () => `${await success()}` === '1,1');
  await fixture.update(parts(refreshDelayMs * 2));
  await eventually('both have been asked again', async () => `${await success()}` === '2,2');
});

test('clusters of type sds ask the new discovery service', async (t) => {
  const tell = (host: FakeUpstream) => (): string =>
    JSON.stringify({ hosts: [{ ip_address: '127.0.0.1', port: host.port }] });
  const fixture = await UpdateFixture.start(t);
  const services = await Promise.all([startHost(t, ''), startHost(t, '')]);
  const [first, second] = services;
  first.handler = (_request, response) => response.end(tell(fixture.a)());
  second.handler = (_request, response) => response.end(tell(fixture.b)());
  const parts = (service: FakeUpstream, refresh_delay_ms: number): ConfigParts => ({
    clusters: [
      {
        name: 'app',
        type: 'sds',
        service_name: 'hosts',
        connect_timeout_ms: 250,
        lb_type: 'round_robin',
      },
    ],
    sds: { cluster: staticCluster('sds', [service.url]), refresh_delay_ms },
  });
  await fixture.update(parts(first, refreshDelayMs));
  assert.equal(await fixture.text(), 'a');
  // Only the cluster of the service changes: those that ask it stay, and find the new one.
  await fixture.update(parts(second, refreshDelayMs));
  fixture.proxy.clock.advance(refreshDelayMs);
  await until(() => second.requests.length === 1, 'the new service is asked');
  for (let i = 0; i < 500 && (await fixture.text()) !== 'b'; i++);
  assert.equal(await fixture.text(), 'b');
  await fixture.update(parts(first, refreshDelayMs + 1));
  assert.equal(await fixture.text(), 'a');
});

test('runtime: the tree of the new configuration is loaded', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const root = await mkdtemp(join(tmpdir(), 'pillion-test-'));
  t.after(() => rm(root, { recursive: true }));
  await mkdir(join(root, 'envoy'));
  await writeFile(join(root, 'envoy', 'some.key'), '7');
  const runtime = { symlink_root: root, subdirectory: 'envoy' };
  await fixture.update({ ...partsTo('app', [fixture.a]), runtime });
  assert.equal(await fixture.stat('runtime.num_keys'), 1);
  await fixture.update(partsTo('app', [fixture.a]));
  assert.equal(await fixture.stat('runtime.num_keys'), 0);
});

test('access logs come and go, and keep the lines of requests that began before', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'pillion-test-'));
  t.after(() => rm(root, { recursive: true }));
  const log = (name: string): Json => ({
    access_log: [{ path: join(root, name), format: '%RESPONSE_CODE%\n' }],
  });
  const fixture = await UpdateFixture.start(t, { manager: log('first') });
  const held: ServerResponse[] = [];
  fixture.a.handler = (_request, response) => held.push(response);
  const old = fixture.text();
  await until(() => held.length === 1, 'the request is there');
  await fixture.update({ ...partsTo('app', [fixture.b]), manager: log('second') });
  await fixture.text();
  held[0]?.end('old');
  assert.equal(await old, 'old');
  await fixture.sidecar.close();
  assert.equal(await readFile(join(root, 'first'), 'utf8'), '200\n');
  assert.equal(await readFile(join(root, 'second'), 'utf8'), '200\n');
});

test('a file is read again', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const root = await mkdtemp(join(tmpdir(), 'pillion-test-'));
  t.after(() => rm(root, { recursive: true }));
  const path = join(root, 'envoy.json');
  await writeFile(path, JSON.stringify(documentOf(partsTo('other', [fixture.b]))));
  await fixture.sidecar.update(path);
  assert.equal(await fixture.text(), 'b');
  await rm(path);
  await assert.rejects(fixture.sidecar.update(path), { code: 'SIDECAR_CONFIG_UNREADABLE' });
  assert.equal(await fixture.text(), 'b');
});

test('listenOn goes on naming where the address of a listener is bound', async (t) => {
  const fixture = await UpdateFixture.start(t);
  await fixture.update({ ...partsTo('app', [fixture.a]), hasListener: false });
  assert.equal(fixture.sidecar.listeners.length, 0);
  await fixture.update(partsTo('app', [fixture.b]));
  const names = Array.from(fixture.sidecar.listeners, ({ name }) => name);
  assert.deepEqual(names, [listenerAddress]);
  assert.match(
    fixture.sidecar.listeners.map(({ address }) => address).join(),
    /^tcp:..127\.0\.0\.1:\d+$/,
  );
});

test('TLS files of a cluster are read if it is new or changes, and not if it stays', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'pillion-test-'));
  t.after(() => rm(root, { recursive: true }));
  const ca_cert_file = join(root, 'ca.pem');
  await copyFile(tlsFile('authority.pem'), ca_cert_file);
  const secured = (connect_timeout_ms: number): Json =>
    staticCluster('secured', ['tcp://127.0.0.1:1'], {
      connect_timeout_ms,
      ssl_context: { ca_cert_file },
    });
  const fixture = await UpdateFixture.start(t);
  const withSecured = async (host: FakeUpstream, connect_timeout_ms: number): Promise<void> => {
    const { clusters, ...parts } = partsTo('app', [host]);
    await fixture.update({ ...parts, clusters: [...clusters, secured(connect_timeout_ms)] });
  };
  await withSecured(fixture.a, 250);
  await rm(ca_cert_file);
  await withSecured(fixture.b, 250);
  assert.equal(await fixture.text(), 'b');
  await assert.rejects(withSecured(fixture.a, 500), { code: 'SIDECAR_TLS_FAILED' });
  assert.equal(await fixture.text(), 'b');
});

test('a listener changes from plain text to TLS and back, on the same socket', async (t) => {
  const fixture = await UpdateFixture.start(t);
  const { port } = fixture.proxy;
  const parts = partsTo('app', [fixture.a]);
  await fixture.update({ ...parts, listener: { ssl_context: sslContext() } });
  assert.equal((await sendTls(port)).text, 'a');
  await fixture.update(parts);
  assert.equal(portOf(fixture.sidecar.listeners[0]?.address), port);
  assert.equal(await fixture.text(), 'a');
});

test('a mounted application ends what it has begun, whatever becomes of its cluster', async (t) => {
  const held: ServerResponse[] = [];
  const mount = { app: (_request: unknown, response: ServerResponse) => void held.push(response) };
  const fixture = await UpdateFixture.start(t, {}, { mount });
  const inbound = fixture.text();
  const outbound = fixture.sidecar.request('http://app/');
  await until(() => held.length === 2, 'both are there');
  await fixture.update(partsTo('other', [fixture.b]));
  for (const response of held) {
    response.end('mounted');
  }
  assert.equal(await inbound, 'mounted');
  assert.equal(await (await outbound).body.text(), 'mounted');
});

test('the rate limit service moves with its cluster, and goes with its key', async (t) => {
  const limits = [{ actions: [{ type: 'generic_key', descriptor_value: 'a' }] }];
  const services = [await RateLimitServer.start(), await RateLimitServer.start()];
  t.after(() => {
    for (const service of services) {
      service.close();
    }
  });
  const parts = (url: string | undefined): ConfigParts => ({
    clusters: [
      staticCluster('app', [fixture.a.url]),
      ...(url === undefined ? [] : [staticCluster('limits', [url])]),
    ],
    virtualHosts: [virtualHost(['*'], 'app', { rate_limits: limits })],
    manager: {
      filters: [
        { name: 'rate_limit', config: { domain: 'test', timeout_ms: 5000 } },
        { name: 'router', config: {} },
      ],
    },
    ...(url === undefined
      ? {}
      : { rateLimitService: { type: 'grpc_service', config: { cluster_name: 'limits' } } }),
  });
  const asked = (): number[] => services.map(({ questions }) => questions.length);
  const fixture = await UpdateFixture.start(t);
  for (const service of services) {
    await fixture.update(parts(service.url));
    assert.equal(await fixture.text(), 'a');
  }
  assert.deepEqual(asked(), [1, 1]);
  await fixture.update(parts(undefined));
  assert.equal(await fixture.text(), 'a');
  assert.deepEqual(asked(), [1, 1]);
});
