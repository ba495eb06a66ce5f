import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ConfigError } from '../../lib/base/errors.js';
import { clusterCounts } from '../support/cluster-counts.js';
import { type Json, staticCluster, virtualHost } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';

/** Starts a host that answers with `text`. */
async function startHost(t: TestContext, text: string): Promise<FakeUpstream> {
  const host = await FakeUpstream.start((_request, response) => response.end(text));
  t.after(() => host.close());
  return host;
}

/** Starts a sidecar with clusters of these names, whose domains are the names too. */
async function startClusters(t: TestContext, ...names: readonly string[]): Promise<TestProxy> {
  const clusters: Json[] = [];
  for (const name of names) {
    const host = await startHost(t, `host of ${name}`);
    clusters.push(staticCluster(name, [host.url]));
  }
  return TestProxy.start(t, {
    config: {
      clusters,
      virtualHosts: names.map((name, i) => virtualHost([`domain-${i}.example`], name)),
    },
  });
}

function askDomain(proxy: TestProxy, index: number): Promise<string> {
  const headers = { host: `domain-${index}.example` };
  return proxy.send({ headers }).then(({ text }) => text);
}

test('clusters: each has its own hosts, and routes find them by name', async (t) => {
  const proxy = await startClusters(t, 'orders', 'users');
  assert.equal(await askDomain(proxy, 0), 'host of orders');
  assert.equal(await askDomain(proxy, 1), 'host of users');
  const response = await proxy.sidecar.request('http://users/');
  assert.equal(await response.body.text(), 'host of users');
});

test('clusters: each has its own statistics, under its name', async (t) => {
  const proxy = await startClusters(t, 'orders', 'users');
  await askDomain(proxy, 0);
  await askDomain(proxy, 1);
  await askDomain(proxy, 1);
  const names = ['upstream_rq_total', 'upstream_rq_200', 'membership_total'] as const;
  assert.deepEqual(await clusterCounts(proxy, 'orders', ...names), {
    upstream_rq_total: 1,
    upstream_rq_200: 1,
    membership_total: 1,
  });
  assert.deepEqual(await clusterCounts(proxy, 'users', ...names), {
    upstream_rq_total: 2,
    upstream_rq_200: 2,
    membership_total: 1,
  });
});

test('clusters: the admin server lists them by name', async (t) => {
  const proxy = await startClusters(t, 'orders', 'users');
  const response = await fetch(`http://127.0.0.1:${proxy.adminPort}/clusters`);
  const found = [...(await response.text()).matchAll(/^([^:]+)::default_priority::/gm)];
  assert.deepEqual([...new Set(found.map(([, name]) => name))].sort(), ['orders', 'users']);
});

test('clusters: may be none, and then every request is answered 404', async (t) => {
  const proxy = await TestProxy.start(t, { config: { clusters: [], virtualHosts: [] } });
  assert.equal((await proxy.send()).status, 404);
});

test('name: counts with its case, and may have any characters', async (t) => {
  const names = ['a', 'A', 'a.b', 'with blank', 'a/b::c', '__proto__', '60'.repeat(30)];
  const proxy = await startClusters(t, ...names);
  for (const [index, name] of names.entries()) {
    assert.equal(await askDomain(proxy, index), `host of ${name}`);
  }
});

/** Returns the problems that a start is refused with, as `path: message`. */
async function problemsOf(
  t: TestContext,
  clusters: readonly Json[],
  virtualHosts: readonly Json[],
): Promise<string[]> {
  try {
    await TestProxy.start(t, { config: { clusters, virtualHosts } });
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  assert.fail('it has started');
}

const url = 'tcp://127.0.0.1:9';

test('name: a route to a name that no cluster has is refused', async (t) => {
  const problems = await problemsOf(
    t,
    [staticCluster('orders', [url])],
    [virtualHost(['*'], 'order')],
  );
  assert.deepEqual(problems, [
    'listeners[0].filters[0].config.route_config.virtual_hosts[0].routes[0].cluster: ' +
      'no cluster has the name "order"; did you mean "orders"?',
  ]);
});

test('name: one that two clusters have is refused', async (t) => {
  const clusters = [staticCluster('orders', [url]), staticCluster('orders', [url])];
  const problems = await problemsOf(t, clusters, [virtualHost(['*'], 'orders')]);
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /^cluster_manager\.clusters\[1\]\.name: .*"orders"/);
});
