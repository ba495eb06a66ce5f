import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Json, virtualHost } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';

const clusters: Json[] = [
  { pattern: '/users/\\d+', name: 'user', method: 'GET' },
  { pattern: '/users/.*', name: 'users', priority: 'high' },
  { pattern: '/users/7', name: 'never' },
];

/** A proxy whose host answers 404 to /missing; `virtual_clusters` belong to foo.com alone. */
async function start(t: TestContext): Promise<TestProxy> {
  const upstream = await FakeUpstream.start((request, response) => {
    response.statusCode = request.url === '/users/missing' ? 404 : 200;
    response.end();
  });
  return TestProxy.start(t, {
    upstream,
    config: {
      virtualHosts: [
        { ...virtualHost(['foo.com'], 'app'), name: 'foo', virtual_clusters: clusters },
        virtualHost(['bar.com'], 'app'),
      ],
    },
  });
}

async function counted(proxy: TestProxy): Promise<Record<string, number>> {
  const entries = [...(await proxy.stats())].filter(([name]) => name.startsWith('vhost.'));
  return Object.fromEntries(entries);
}

test('requests are counted by the first virtual cluster that matches', async (t) => {
  const proxy = await start(t);
  await proxy.send({ path: '/users/7' });
  await proxy.send({ path: '/users/7' });
  await proxy.send({ path: '/users/7', method: 'POST' });
  await proxy.send({ path: '/users/missing' });
  assert.deepEqual(await counted(proxy), {
    'vhost.foo.vcluster.user.upstream_rq_200': 2,
    'vhost.foo.vcluster.user.upstream_rq_2xx': 2,
    'vhost.foo.vcluster.users.upstream_rq_200': 1,
    'vhost.foo.vcluster.users.upstream_rq_2xx': 1,
    'vhost.foo.vcluster.users.upstream_rq_404': 1,
    'vhost.foo.vcluster.users.upstream_rq_4xx': 1,
  });
});

test('the pattern must match all of the path, the query string too', async (t) => {
  const proxy = await start(t);
  await proxy.send({ path: '/users/7?a=b' });
  await proxy.send({ path: '/v1/users/7' });
  assert.deepEqual(await counted(proxy), {
    'vhost.foo.vcluster.other.upstream_rq_200': 1,
    'vhost.foo.vcluster.other.upstream_rq_2xx': 1,
    'vhost.foo.vcluster.users.upstream_rq_200': 1,
    'vhost.foo.vcluster.users.upstream_rq_2xx': 1,
  });
});

test('a virtual host without virtual clusters counts nothing', async (t) => {
  const proxy = await start(t);
  await proxy.send({ path: '/users/7', headers: { host: 'bar.com' } });
  assert.deepEqual(await counted(proxy), {});
});

test('what the router answers for a host that cannot be reached is counted too', async (t) => {
  const proxy = await TestProxy.start(t, {
    cluster: { hosts: [{ url: 'tcp://127.0.0.1:1' }] },
    config: {
      virtualHosts: [
        {
          ...virtualHost(['*'], 'app'),
          name: 'all',
          virtual_clusters: [{ pattern: '/.*', name: 'any' }],
        },
      ],
    },
  });
  assert.equal((await proxy.send()).status, 503);
  assert.equal((await counted(proxy))['vhost.all.vcluster.any.upstream_rq_503'], 1);
});
