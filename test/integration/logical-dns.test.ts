import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import {
  type DnsResolver,
  type DnsResult,
  systemDnsResolver,
} from '../../lib/upstream/discovery/dns-resolver.js';
import { clusterCounts } from '../support/cluster-counts.js';
import type { Json } from '../support/config-builder.js';
import { FakeDns } from '../support/fake-dns.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

/** Starts two hosts with one port, on two addresses of this machine. */
async function startTwins(t: TestContext): Promise<readonly [FakeUpstream, FakeUpstream]> {
  const first = await FakeUpstream.start((_request, response) => response.end('first'));
  const second = await FakeUpstream.start(
    (_request, response) => response.end('second'),
    '127.0.0.2',
    first.port,
  );
  t.after(() => Promise.all([first.close(), second.close()]));
  return [first, second];
}

function start(
  t: TestContext,
  port: number,
  resolver: DnsResolver,
  options: Json = {},
): Promise<TestProxy> {
  return TestProxy.start(t, {
    config: {
      clusters: [
        {
          name: 'app',
          type: 'logical_dns',
          connect_timeout_ms: 60_000,
          lb_type: 'round_robin',
          dns_refresh_rate_ms: 1000,
          hosts: [{ url: `tcp://orders.internal:${port}` }],
        },
      ],
    },
    environment: { resolver },
    options,
  });
}

test('the first address of the name serves', async (t) => {
  const [first] = await startTwins(t);
  const dns = new FakeDns(['127.0.0.1', '127.0.0.2']);
  const proxy = await start(t, first.port, dns);
  for (let i = 0; i < 4; i++) {
    assert.equal((await proxy.send()).text, 'first');
  }
});

test('the host of the request stays what the client sent', async (t) => {
  const [first] = await startTwins(t);
  const proxy = await start(t, first.port, new FakeDns(['127.0.0.1']));
  await proxy.send({ headers: { host: 'shop.example.com' } });
  assert.equal(first.requests[0]?.headers.host, 'shop.example.com');
});

test('a new address serves new connections; the one that exists is used on', async (t) => {
  const [first, second] = await startTwins(t);
  const dns = new FakeDns(['127.0.0.1']);
  const proxy = await start(t, first.port, dns);
  await proxy.send();
  dns.addresses = ['127.0.0.2'];
  proxy.clock.advance(1000);
  await until(() => dns.questions.length === 2, 'the name is looked up again');
  assert.equal((await proxy.send()).text, 'first');
  for (const socket of first.sockets) {
    socket.end();
  }
  await until(() => first.sockets.size === 0, 'the first connection is closed');
  assert.equal((await proxy.send()).text, 'second');
  assert.equal(second.sockets.size, 1);
  const { membership_change } = await clusterCounts(proxy, 'app', 'membership_change');
  assert.equal(membership_change, 1);
});

test('a look-up that fails, or finds nothing, keeps the last address', async (t) => {
  const [first] = await startTwins(t);
  const dns = new FakeDns(['127.0.0.1']);
  const proxy = await start(t, first.port, dns);
  for (const failure of [undefined, []]) {
    dns.addresses = failure;
    const before = dns.questions.length;
    proxy.clock.advance(1000);
    await until(() => dns.questions.length > before, 'the name is looked up again');
    await proxy.send();
    assert.equal((await proxy.send()).text, 'first');
  }
  assert.deepEqual(
    await clusterCounts(proxy, 'app', 'update_attempt', 'update_success', 'update_failure'),
    { update_attempt: 3, update_success: 1, update_failure: 2 },
  );
});

test('a name that has never been resolved gives 503, UH, until it is', async (t) => {
  const [first] = await startTwins(t);
  const dns = new FakeDns();
  const proxy = await start(t, first.port, dns);
  const refused = await proxy.send();
  assert.equal(refused.status, 503);
  assert.equal(refused.text, 'no healthy upstream');
  assert.equal(await proxy.loggedResult(), '503 UH');
  dns.addresses = ['127.0.0.1'];
  proxy.clock.advance(1000);
  await until(() => dns.questions.length === 2, 'the name is looked up again');
  await proxy.send();
  assert.equal((await proxy.send()).text, 'first');
});

test('a host that connectTo maps is reached elsewhere, and its name never looked up', async (t) => {
  const [first] = await startTwins(t);
  const dns = new FakeDns();
  const proxy = await start(t, 80, dns, {
    connectTo: { 'orders.internal:80': `127.0.0.1:${first.port}` },
  });
  assert.equal((await proxy.send()).text, 'first');
  assert.equal(dns.questions.length, 0);
});

test('connectTo may name a name, which the system resolves', async (t) => {
  const server = createServer((_request, response) => response.end('by name'));
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const proxy = await start(t, 80, new FakeDns(), {
    connectTo: { 'orders.internal:80': `localhost:${port}` },
  });
  assert.equal((await proxy.send()).text, 'by name');
});

test('the resolver of the system finds localhost, in the family that is asked for', async () => {
  const find = async (family: 'v4_only' | 'v6_only' | 'auto', name = 'localhost') => {
    const result = await new Promise<DnsResult>((resolve) => {
      systemDnsResolver.resolve({ name, family, resolvers: [] }, resolve);
    });
    return result.kind === 'answer' ? result.hosts.map(({ address }) => address) : undefined;
  };
  assert.deepEqual(await find('v4_only'), ['127.0.0.1']);
  assert.deepEqual(await find('v4_only', '127.0.0.1'), ['127.0.0.1']);
  assert.ok(['127.0.0.1', '::1'].includes((await find('auto'))?.[0] ?? ''));
  assert.equal(await find('auto', 'no.such.name.invalid'), undefined);
});
