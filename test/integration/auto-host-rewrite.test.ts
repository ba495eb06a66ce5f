import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeDns } from '../support/fake-dns.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';

test('auto_host_rewrite: the name that the host was found by is sent as Host', async (t) => {
  for (const [value, expected] of [
    [true, 'orders.internal'],
    [false, 'foo.com'],
  ] as const) {
    const upstream = await FakeUpstream.start();
    const proxy = await TestProxy.start(t, {
      upstream,
      environment: { resolver: new FakeDns(['127.0.0.1']) },
      route: { auto_host_rewrite: value },
      cluster: {
        type: 'logical_dns',
        hosts: [{ url: `tcp://orders.internal:${upstream.port}` }],
      },
    });
    assert.equal((await proxy.send({ headers: { host: 'foo.com' } })).status, 200);
    assert.equal(upstream.requests[0]?.headers.host, expected);
    const response = await proxy.sidecar.request('http://foo.com/', {
      headers: { host: 'set.example' },
    });
    await response.body.text();
    assert.equal(upstream.requests[1]?.headers.host, value ? expected : 'set.example');
  }
});

test('a host without a name gets the Host as it is', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream, route: { auto_host_rewrite: true } });
  await proxy.send({ headers: { host: 'foo.com' } });
  assert.equal(upstream.requests[0]?.headers.host, 'foo.com');
});
