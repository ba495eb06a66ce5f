import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { clusterCounts } from '../support/cluster-counts.js';
import { type Json, virtualHost } from '../support/config-builder.js';
import { FakeUpstream, unusedPort } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';

const cluster: Json = {
  name: 'anywhere',
  type: 'original_dst',
  lb_type: 'original_dst_lb',
  connect_timeout_ms: 250,
  cleanup_interval_ms: 5000,
};

/** A sidecar that sends everything to where it would have gone anyway. */
function start(t: TestContext, route: Json = {}): Promise<TestProxy> {
  return TestProxy.start(t, {
    config: { clusters: [cluster], virtualHosts: [virtualHost(['*'], 'anywhere', route)] },
  });
}

async function startHost(t: TestContext, name: string): Promise<FakeUpstream> {
  const host = await FakeUpstream.start((request, response) =>
    response.end(`${name} ${request.headers.host}`),
  );
  t.after(() => host.close());
  return host;
}

async function ask(
  proxy: TestProxy,
  url: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const response = await proxy.sidecar.request(url, { headers });
  return `${response.statusCode} ${await response.body.text()}`;
}

function members(proxy: TestProxy): Promise<Record<'membership_total', number>> {
  return clusterCounts(proxy, 'anywhere', 'membership_total');
}

test('type original_dst: an outbound call goes to the address of its URL', async (t) => {
  const [a, b] = [await startHost(t, 'a'), await startHost(t, 'b')];
  const proxy = await start(t);
  for (let i = 0; i < 2; i++) {
    assert.equal(await ask(proxy, `http://127.0.0.1:${a.port}/`), `200 a 127.0.0.1:${a.port}`);
    assert.equal(await ask(proxy, `http://localhost:${b.port}/`), `200 b localhost:${b.port}`);
  }
  const counts = await clusterCounts(
    proxy,
    'anywhere',
    'membership_total',
    'upstream_rq_200',
    'upstream_cx_total',
  );
  assert.deepEqual(counts, { membership_total: 2, upstream_rq_200: 4, upstream_cx_total: 2 });
});

test('whatever its Host header says, or a rewrite of its route', async (t) => {
  const host = await startHost(t, 'a');
  const proxy = await start(t, { host_rewrite: 'rewritten' });
  const answer = await ask(proxy, `http://127.0.0.1:${host.port}/`, { host: 'elsewhere:1' });
  assert.equal(answer, '200 a rewritten');
});

test('policies of the route apply: a refused connection is tried again, and answered with 503', async (t) => {
  const proxy = await start(t, { retry_policy: { retry_on: 'connect-failure', num_retries: 2 } });
  proxy.sidecar.runtime.set('upstream.base_retry_backoff_ms', 0);
  const answer = await ask(proxy, `http://127.0.0.1:${await unusedPort()}/`);
  assert.match(answer, /^503 upstream connect error/);
  const counts = await clusterCounts(
    proxy,
    'anywhere',
    'upstream_rq_retry',
    'upstream_cx_connect_fail',
  );
  assert.deepEqual(counts, { upstream_rq_retry: 2, upstream_cx_connect_fail: 3 });
});

test('a request that has come in by a listener has no host', async (t) => {
  const host = await startHost(t, 'a');
  const proxy = await start(t);
  const response = await proxy.send({ headers: { host: `127.0.0.1:${host.port}` } });
  assert.equal(response.status, 503);
  assert.equal(response.text, 'no healthy upstream');
  assert.equal(await proxy.loggedResult(), '503 UH');
  assert.equal(host.requests.length, 0);
  const counts = await clusterCounts(proxy, 'anywhere', 'upstream_cx_none_healthy');
  assert.deepEqual(counts, { upstream_cx_none_healthy: 1 });
});

test('cleanup_interval_ms: a host that is not used any more goes, with its connections', async (t) => {
  const host = await startHost(t, 'a');
  const proxy = await start(t);
  await ask(proxy, `http://127.0.0.1:${host.port}/`);
  proxy.clock.advance(5000);
  assert.deepEqual(await members(proxy), { membership_total: 1 });
  proxy.clock.advance(5000);
  assert.deepEqual(await members(proxy), { membership_total: 0 });
  const { upstream_cx_active } = await clusterCounts(proxy, 'anywhere', 'upstream_cx_active');
  assert.equal(upstream_cx_active, 0);
  assert.match(await ask(proxy, `http://127.0.0.1:${host.port}/`), /^200 a/);
});

test('the name of such a cluster is no address: a call to it is not ours', async (t) => {
  const proxy = await TestProxy.start(t, { config: { clusters: [cluster], hasListener: false } });
  await assert.rejects(proxy.sidecar.request('http://anywhere.invalid/'));
  const { upstream_cx_none_healthy } = await clusterCounts(
    proxy,
    'anywhere',
    'upstream_cx_none_healthy',
  );
  assert.equal(upstream_cx_none_healthy, 0);
});
