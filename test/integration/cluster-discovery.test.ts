import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSidecar } from '../../lib/sidecar.js';
import {
  buildConfig,
  type ConfigParts,
  type Json,
  staticCluster,
  virtualHost,
} from '../support/config-builder.js';
import {
  asks,
  DynamicProxy,
  refreshDelayMs,
  type ServiceAnswer,
  startHost,
} from '../support/dynamic-proxy.js';
import type { FakeUpstream } from '../support/fake-upstream.js';
import { tlsFile } from '../support/tls-client.js';
import { until } from '../support/until.js';

/** Routes to clusters that may or may not be there; `app` stands in the file. */
function withCds(app: FakeUpstream, more: Partial<ConfigParts> = {}) {
  return (discovery: Json): ConfigParts => ({
    clusters: [staticCluster('app', [app.url])],
    virtualHosts: ['app', 'a', 'b', 'c'].map((name) => virtualHost([name], name)),
    routeConfig: { validate_clusters: false },
    cds: asks(discovery),
    ...more,
  });
}

function clusters(...list: readonly Json[]): Json {
  return { clusters: list };
}

async function start(t: TestContext, answer: ServiceAnswer): Promise<DynamicProxy> {
  const app = await startHost(t, 'app');
  return DynamicProxy.start(t, { cds: answer }, withCds(app));
}

test('the service is asked for the clusters of this node, by the name of its cluster', async (t) => {
  const { service } = await start(t, clusters());
  const [question, ...others] = service.requests;
  assert.equal(others.length, 0);
  assert.equal(question?.method, 'GET');
  assert.equal(question?.url, '/v1/clusters/edge/edge-1');
  assert.equal(question?.headers.host, 'discovery');
});

test('refresh_delay_ms: clusters come, change and go', async (t) => {
  const a = await startHost(t, 'a');
  const other = await startHost(t, 'other');
  const fixture = await start(t, clusters(staticCluster('a', [a.url])));
  assert.equal(await fixture.ask('a'), '200 a');
  assert.equal(await fixture.ask('b'), '404 ');
  await fixture.refresh(
    'cds',
    clusters(staticCluster('a', [other.url]), staticCluster('b', [a.url])),
  );
  assert.equal(await fixture.ask('a'), '200 other');
  assert.equal(await fixture.ask('b'), '200 a');
  await fixture.refresh('cds', clusters(staticCluster('b', [a.url])));
  assert.equal(await fixture.ask('a'), '404 ');
  assert.equal(await fixture.ask('b'), '200 a');
  assert.equal(await fixture.ask('app'), '200 app');
  const stats = await fixture.proxy.stats();
  const names = ['cluster_added', 'cluster_modified', 'cluster_removed', 'total_clusters'];
  assert.deepEqual(
    names.map((name) => stats.get(`cluster_manager.${name}`)),
    // The service and `app` are of the file; `a` and `b` were discovered.
    [4, 1, 1, 3],
  );
});

test('the admin server shows which clusters were discovered', async (t) => {
  const a = await startHost(t, 'a');
  const fixture = await start(t, clusters(staticCluster('a', [a.url])));
  const shown = await fixture.admin('/clusters');
  assert.match(shown, /^a::added_via_api::true$/m);
  assert.match(shown, /^app::added_via_api::false$/m);
  assert.match(shown, /^discovery::added_via_api::false$/m);
});

test('the statistics of a cluster go with it, and begin anew when it comes back', async (t) => {
  const a = await startHost(t, 'a');
  const fixture = await start(t, clusters(staticCluster('a', [a.url])));
  await fixture.ask('a');
  assert.equal(await fixture.stat('cluster.a.upstream_rq_total'), 1);
  await fixture.refresh('cds', clusters());
  assert.equal(await fixture.stat('cluster.a.upstream_rq_total'), undefined);
  await fixture.refresh('cds', clusters(staticCluster('a', [a.url])));
  assert.equal(await fixture.stat('cluster.a.upstream_rq_total'), 0);
});

test('a cluster that changes counts on, and shows the members that it has now', async (t) => {
  const a = await startHost(t, 'a');
  const b = await startHost(t, 'b');
  const fixture = await start(t, clusters(staticCluster('a', [a.url])));
  await fixture.ask('a');
  await fixture.refresh('cds', clusters(staticCluster('a', [a.url, b.url])));
  await fixture.ask('a');
  assert.equal(await fixture.stat('cluster.a.upstream_rq_total'), 2);
  assert.equal(await fixture.stat('cluster.a.membership_total'), 2);
  assert.equal(await fixture.stat('cluster.a.membership_healthy'), 2);
});

test('requests under way finish on the cluster that they began with', async (t) => {
  const a = await startHost(t, 'a');
  const fixture = await start(t, clusters(staticCluster('a', [a.url])));
  const held: ServerResponse[] = [];
  a.handler = (_request, response) => held.push(response);
  const changed = fixture.ask('a');
  await until(() => held.length === 1, 'the first request is there');
  await fixture.refresh(
    'cds',
    clusters(staticCluster('a', [a.url], { max_requests_per_connection: 7 })),
  );
  const removed = fixture.ask('a');
  await until(() => held.length === 2, 'the second request is there');
  await fixture.refresh('cds', clusters());
  held[0]?.end('changed');
  held[1]?.end('removed');
  assert.deepEqual(await Promise.all([changed, removed]), ['200 changed', '200 removed']);
  await until(() => a.sockets.size === 0, 'their connections are closed');
});

test('a retry of a request under way still finds its hosts', async (t) => {
  const a = await startHost(t, 'a');
  const fixture = await DynamicProxy.start(
    t,
    { cds: clusters(staticCluster('a', [a.url])) },
    withCds(a, {
      virtualHosts: [
        virtualHost(['a'], 'a', { retry_policy: { retry_on: '5xx', num_retries: 1 } }),
      ],
    }),
  );
  const held: ServerResponse[] = [];
  a.handler = (_request, response) => held.push(response);
  const answer = fixture.ask('a');
  await until(() => held.length === 1, 'the request is there');
  await fixture.refresh('cds', clusters());
  held[0]?.writeHead(503).end();
  await until(() => {
    fixture.proxy.clock.advance(25);
    return held.length === 2;
  }, 'it is tried again');
  held[1]?.end('again');
  assert.equal(await answer, '200 again');
});

test('a cluster that changes takes the place of the old one when it has its hosts', async (t) => {
  const a = await startHost(t, 'a');
  const b = await startHost(t, 'b');
  const fixture = await DynamicProxy.start(
    t,
    { cds: clusters(staticCluster('a', [a.url])) },
    withCds(a),
  );
  const byDns = {
    ...staticCluster('a', []),
    type: 'logical_dns',
    hosts: [{ url: `tcp://localhost:${b.port}` }],
    dns_lookup_family: 'v4_only',
  };
  await fixture.refresh('cds', clusters(byDns));
  assert.equal(await fixture.ask('a'), '200 b');
});

test('clusters of type sds are asked for at cluster_manager.sds, and are ready before they serve', async (t) => {
  const a = await startHost(t, 'a');
  const b = await startHost(t, 'b');
  let answerSds = (): void => assert.fail('nobody asks');
  const fixture = await DynamicProxy.start(
    t,
    { cds: clusters(staticCluster('a', [a.url])) },
    (discovery) => ({
      clusters: [],
      virtualHosts: [virtualHost(['a'], 'a')],
      routeConfig: { validate_clusters: false },
      sds: asks(discovery),
      cds: asks(staticCluster('cds', [String((discovery['hosts'] as Json[])[0]?.['url'])])),
    }),
  );
  fixture.setAnswer('sds', (response) => {
    answerSds = () => {
      response.end(JSON.stringify({ hosts: [{ ip_address: '127.0.0.1', port: b.port }] }));
    };
  });
  const asked = fixture.service.requests.length;
  fixture.setAnswer(
    'cds',
    clusters({
      name: 'a',
      type: 'sds',
      service_name: 'hosts',
      connect_timeout_ms: 250,
      lb_type: 'round_robin',
    }),
  );
  fixture.proxy.clock.advance(refreshDelayMs);
  await until(() => fixture.service.requests.length === asked + 2, 'its hosts are asked for');
  assert.equal(await fixture.stat('cluster_manager.warming_clusters'), 1);
  assert.equal(await fixture.ask('a'), '200 a');
  answerSds();
  await fixture.untilStat('cluster_manager.warming_clusters', 0);
  assert.equal(await fixture.ask('a'), '200 b');
});

test('a cluster is checked before it takes the place of another', async (t) => {
  const a = await startHost(t, 'a');
  const b = await startHost(t, 'b');
  const fixture = await start(t, clusters(staticCluster('a', [a.url])));
  const checks: ServerResponse[] = [];
  b.handler = (request, response) => {
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
  fixture.setAnswer('cds', clusters(staticCluster('a', [b.url], { health_check })));
  fixture.proxy.clock.advance(refreshDelayMs);
  await until(() => checks.length === 1, 'the host is checked');
  assert.equal(await fixture.ask('a'), '200 a');
  checks[0]?.end();
  await fixture.untilStat('cluster_manager.warming_clusters', 0);
  assert.equal(await fixture.ask('a'), '200 b');
});

test('what an answer takes back before it is ready never comes into force', async (t) => {
  const a = await startHost(t, 'a');
  const b = await startHost(t, 'b');
  const fixture = await start(t, clusters(staticCluster('a', [a.url])));
  let checks = 0;
  b.handler = () => checks++;
  const health_check = {
    type: 'http',
    path: '/',
    timeout_ms: 60_000,
    interval_ms: 60_000,
    unhealthy_threshold: 1,
    healthy_threshold: 1,
  };
  const slow = (name: string): Json => staticCluster(name, [b.url], { health_check });
  fixture.setAnswer('cds', clusters(slow('a'), slow('b')));
  fixture.proxy.clock.advance(refreshDelayMs);
  await until(() => checks === 2, 'the hosts are checked');
  assert.equal(await fixture.stat('cluster_manager.warming_clusters'), 2);
  await fixture.refresh('cds', clusters(staticCluster('a', [a.url])));
  assert.equal(await fixture.ask('a'), '200 a');
  assert.equal(await fixture.ask('b'), '404 ');
  assert.equal(await fixture.stat('cluster.b.upstream_rq_total'), undefined);
});

test('a cluster whose TLS files cannot be used is refused with the whole answer until they can', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'pillion-test-'));
  t.after(() => rm(root, { recursive: true }));
  const ca_cert_file = join(root, 'ca.pem');
  const [a, b] = [await startHost(t, 'a'), await startHost(t, 'b')];
  const fixture = await start(t, clusters(staticCluster('a', [a.url])));
  const secured = staticCluster('secured', [b.url], { ssl_context: { ca_cert_file } });
  const answer = clusters(staticCluster('a', [b.url]), secured);
  for (let failures = 1; failures <= 2; failures++) {
    await fixture.refresh('cds', answer);
    assert.equal((await fixture.counts('cds'))['update_failure'], failures);
    assert.equal(await fixture.ask('a'), '200 a');
  }
  await copyFile(tlsFile('authority.pem'), ca_cert_file);
  await fixture.refresh('cds', answer);
  assert.equal(await fixture.ask('a'), '200 b');
  // It has what it needs, whatever becomes of the file.
  await rm(ca_cert_file);
  await fixture.refresh('cds', clusters(staticCluster('a', [a.url]), secured));
  assert.equal((await fixture.counts('cds'))['update_failure'], 2);
  assert.equal(await fixture.ask('a'), '200 a');
});

test('clusters of the file are neither changed nor removed', async (t) => {
  const other = await startHost(t, 'other');
  const fixture = await start(t, clusters());
  await fixture.refresh('cds', clusters(staticCluster('app', [other.url])));
  assert.equal(await fixture.ask('app'), '200 app');
  await fixture.refresh('cds', clusters(staticCluster('discovery', [other.url])));
  await fixture.refresh('cds', clusters());
  assert.equal(await fixture.ask('app'), '200 app');
  assert.equal(await fixture.stat('cluster_manager.cluster_modified'), 0);
});

test('the same answer again reloads nothing', async (t) => {
  const a = await startHost(t, 'a');
  const answer = clusters(staticCluster('a', [a.url]));
  const fixture = await start(t, answer);
  const { version } = await fixture.counts('cds');
  assert.ok(version !== undefined && version > 0);
  await fixture.refresh('cds', answer);
  const counts = await fixture.counts('cds');
  assert.deepEqual(
    ['config_reload', 'update_attempt', 'update_success', 'update_failure', 'version'].map(
      (name) => counts[name],
    ),
    [1, 2, 2, 0, version],
  );
});

test('a cluster that stays the same keeps its connections when others change', async (t) => {
  const a = await startHost(t, 'a');
  const b = await startHost(t, 'b');
  const fixture = await start(t, clusters(staticCluster('a', [a.url])));
  await fixture.ask('a');
  await fixture.refresh('cds', clusters(staticCluster('b', [b.url]), staticCluster('a', [a.url])));
  await fixture.ask('a');
  assert.equal(await fixture.stat('cluster.a.upstream_cx_total'), 1);
});

for (const [what, answer] of Object.entries<ServiceAnswer>({
  'another status': (response) => void response.writeHead(500).end('{"clusters":[]}'),
  'no JSON': (response) => void response.end('<html>'),
  'no clusters': { hosts: [] },
  'an unknown key': { clusters: [], version: 1 },
  'one cluster among others that is wrong': clusters(
    staticCluster('b', ['tcp://127.0.0.1:1']),
    staticCluster('c', ['tcp://127.0.0.1:1'], { lb_type: 'best' }),
  ),
  'two clusters of one name': clusters(
    staticCluster('b', ['tcp://127.0.0.1:1']),
    staticCluster('b', ['tcp://127.0.0.1:2']),
  ),
  'a cluster of type sds, though there is no sds': clusters({
    name: 'b',
    type: 'sds',
    service_name: 'b',
    connect_timeout_ms: 250,
    lb_type: 'round_robin',
  }),
  'a broken connection': (response) => void response.destroy(),
})) {
  test(`an answer with ${what} changes nothing, and is counted`, async (t) => {
    const a = await startHost(t, 'a');
    const good = clusters(staticCluster('a', [a.url]));
    const fixture = await start(t, good);
    await fixture.refresh('cds', answer);
    assert.equal((await fixture.counts('cds'))['update_failure'], 1);
    assert.equal(await fixture.ask('a'), '200 a');
    assert.equal(await fixture.ask('b'), '404 ');
  });

  test(`a first answer with ${what} does not hold up the start`, async (t) => {
    const a = await startHost(t, 'a');
    const fixture = await start(t, answer);
    assert.equal(await fixture.ask('a'), '404 ');
    await fixture.refresh('cds', clusters(staticCluster('a', [a.url])));
    assert.equal(await fixture.ask('a'), '200 a');
  });
}

test('outbound calls find a cluster by its name from when it comes to when it goes', async (t) => {
  const a = await startHost(t, 'a');
  const fixture = await start(t, clusters());
  const { sidecar } = fixture.proxy;
  const call = async (): Promise<string> => {
    const response = await sidecar.request('http://fresh/');
    return `${response.statusCode} ${await response.body.text()}`;
  };
  // Nobody's business: passed on to a host that there is not.
  await assert.rejects(call());
  await fixture.refresh('cds', clusters(staticCluster('fresh', [a.url])));
  assert.equal(await call(), '200 a');
  await fixture.refresh('cds', clusters());
  await assert.rejects(call());
});

test('explain knows the clusters that were discovered', async (t) => {
  const a = await startHost(t, 'a');
  const fixture = await start(t, clusters(staticCluster('a', [a.url])));
  const { sidecar } = fixture.proxy;
  assert.equal(sidecar.explain({ url: 'http://a/' }).outcome.kind, 'forward');
  assert.equal(sidecar.explain({ url: 'http://b/' }).outcome.kind, 'local_reply');
});

test('options may name a cluster that is yet to be discovered', async (t) => {
  const app = await startHost(t, 'app');
  const fixture = await DynamicProxy.start(
    t,
    { cds: clusters(staticCluster('a', ['tcp://127.0.0.1:1'])) },
    withCds(app),
    { options: { mount: { a: (_request, response) => void response.end('mounted') } } },
  );
  assert.equal(await fixture.ask('a'), '200 mounted');
});

test('api_type: what is not of v1 is refused', async () => {
  const cluster = staticCluster('cds', ['tcp://127.0.0.1:1']);
  const config = buildConfig({
    clusters: [],
    hasListener: false,
    cds: { cluster, api_type: 'GRPC' },
  });
  await assert.rejects(createSidecar({ config }), /cds\.api_type: known but not supported yet/);
});
