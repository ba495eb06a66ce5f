import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { staticCluster } from '../support/config-builder.js';
import { DnsProxy, refreshMs } from '../support/dns-proxy.js';
import { addresses, service } from '../support/dns-server.js';
import { until } from '../support/until.js';

test('requests go to every address of the name', async (t) => {
  const run = await DnsProxy.start(t, { hostCount: 3 });
  assert.deepEqual(await run.servedBy(), ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
  assert.deepEqual(await run.counts('membership_total', 'update_attempt', 'update_success'), {
    membership_total: 3,
    update_attempt: 1,
    update_success: 1,
  });
});

test('the addresses of all names are hosts, each once', async (t) => {
  const run = await DnsProxy.start(t, { hostCount: 3, names: ['a.test', 'b.test'], first: [] });
  run.dns.records = [
    ...addresses('a.test', ['127.0.0.1', '127.0.0.2']),
    ...addresses('b.test', ['127.0.0.2', '127.0.0.3']),
  ];
  await run.refresh(2);
  assert.deepEqual(await run.servedBy(), ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
  assert.equal((await run.counts('membership_total')).membership_total, 3);
});

test('a new address is a host at the next look-up, a missing one no longer', async (t) => {
  const run = await DnsProxy.start(t, { hostCount: 3, first: ['127.0.0.1', '127.0.0.2'] });
  assert.deepEqual(await run.servedBy(), ['127.0.0.1', '127.0.0.2']);
  run.setAddresses(['127.0.0.2', '127.0.0.3']);
  run.proxy.clock.advance(refreshMs - 1);
  assert.deepEqual(await run.servedBy(), ['127.0.0.1', '127.0.0.2']);
  run.proxy.clock.advance(1);
  await run.untilLookups(2);
  assert.deepEqual(await run.servedBy(), ['127.0.0.2', '127.0.0.3']);
  assert.equal((await run.counts('membership_change')).membership_change, 2);
});

test('an answer with a short time to live is renewed sooner', async (t) => {
  const run = await DnsProxy.start(t, { hostCount: 2, first: [] });
  run.setAddresses(['127.0.0.1'], 2);
  await run.refresh();
  run.setAddresses(['127.0.0.2'], 0);
  run.proxy.clock.advance(2000);
  await run.untilLookups(3);
  assert.deepEqual(await run.servedBy(), ['127.0.0.2']);
  run.proxy.clock.advance(999);
  assert.equal((await run.counts('update_attempt')).update_attempt, 3);
  run.proxy.clock.advance(1);
  await run.untilLookups(4);
});

test('a host that is removed ends what it is doing, and then its connections', async (t) => {
  const run = await DnsProxy.start(t, { hostCount: 2, first: ['127.0.0.1'] });
  let slow: ServerResponse | undefined;
  const [first] = run.hosts;
  assert.ok(first !== undefined);
  first.handler = (_request, response) => {
    slow = response;
  };
  const answer = run.proxy.send();
  await until(() => slow !== undefined, 'the request is there');
  run.setAddresses(['127.0.0.2']);
  await run.refresh();
  assert.deepEqual(await run.servedBy(), ['127.0.0.2']);
  assert.equal(first.sockets.size, 1);
  slow?.end('at last');
  assert.equal((await answer).text, 'at last');
  await until(() => first.sockets.size === 0, 'the connection is closed');
});

test('a new host gets requests before its first health check is over', async (t) => {
  const run = await DnsProxy.start(t, {
    hostCount: 2,
    first: ['127.0.0.1'],
    keys: () => ({
      health_check: {
        type: 'http',
        path: '/health',
        timeout_ms: 1000,
        interval_ms: 60_000,
        unhealthy_threshold: 1,
        healthy_threshold: 1,
      },
    }),
  });
  const second = run.hosts[1];
  assert.ok(second !== undefined);
  const { handler } = second;
  let isChecked = false;
  second.handler = (request, response) => {
    if (request.url === '/health') {
      isChecked = true;
    } else {
      handler(request, response);
    }
  };
  run.setAddresses(['127.0.0.1', '127.0.0.2']);
  await run.refresh();
  await until(() => isChecked, 'the new host is checked');
  assert.deepEqual(await run.servedBy(), ['127.0.0.1', '127.0.0.2']);
  assert.equal((await run.counts('membership_healthy')).membership_healthy, 2);
});

test('hosts come and go under load without one failed request', async (t) => {
  const run = await DnsProxy.start(t, { hostCount: 4 });
  const statuses = new Map<number, number>();
  let isOver = false;
  const load = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const { status } = await run.proxy.send();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  for (let round = 1; round <= 15; round++) {
    const some = [0, 1, 2, 3].filter((bit) => ((round * 7) & (1 << bit)) !== 0);
    run.setAddresses((some.length > 0 ? some : [0]).map((bit) => `127.0.0.${bit + 1}`));
    await run.refresh();
  }
  isOver = true;
  await Promise.all(load);
  assert.deepEqual([...statuses.keys()], [200]);
  assert.ok((statuses.get(200) ?? 0) > 40);
  assert.ok((await run.counts('membership_change')).membership_change > 8);
});

test('auto_host_rewrite: the name is sent as Host', async (t) => {
  const run = await DnsProxy.start(t, {
    config: {
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ prefix: '/', cluster: 'app', auto_host_rewrite: true }],
        },
      ],
    },
  });
  await run.proxy.send({ headers: { host: 'foo.com' } });
  assert.equal(run.hosts[0]?.requests[0]?.headers.host, 'orders.test');
});

test('a name that connectTo maps is reached elsewhere and never looked up', async (t) => {
  const run = await DnsProxy.start(t, {
    hostCount: 2,
    more: () => [staticCluster('other', ['tcp://mapped.test:80'], { type: 'strict_dns' })],
    options: { connectTo: { 'mapped.test:80': '127.0.0.1:9' } },
  });
  assert.deepEqual(run.dns.asked, ['udp A orders.test']);
  const text = await (await fetch(`http://127.0.0.1:${run.proxy.adminPort}/clusters`)).text();
  assert.match(text, /^other::127\.0\.0\.1:9::/m);
});

test('the sidecar accepts when the first of the names has resolved', async (t) => {
  const run = await DnsProxy.start(t, {
    names: ['silent.test', 'orders.test'],
    prepare: (dns) => {
      const { handler } = dns;
      dns.handler = (query) => {
        if (query.name !== 'silent.test') {
          handler(query);
        }
      };
    },
  });
  assert.deepEqual(await run.servedBy(), ['127.0.0.1']);
  assert.equal(await run.lookupsOver(), 1);
});

describe('a service', () => {
  const name = '_http._tcp.orders.test';

  test('has the hosts and ports of its records; the port of the URL is not used', async (t) => {
    const run = await DnsProxy.start(t, { hostCount: 2, names: [name], first: [] });
    run.dns.records = [
      service(name, 'a.test', run.port),
      service(name, 'b.test', run.port),
      ...addresses('a.test', ['127.0.0.1']),
      ...addresses('b.test', ['127.0.0.2']),
    ];
    await run.refresh();
    assert.deepEqual(await run.servedBy(), ['127.0.0.1', '127.0.0.2']);
    run.dns.records = [service(name, 'a.test', 9), ...addresses('a.test', ['127.0.0.1'])];
    await run.refresh();
    const text = await (await fetch(`http://127.0.0.1:${run.proxy.adminPort}/clusters`)).text();
    assert.match(text, /^app::127\.0\.0\.1:9::/m);
    assert.doesNotMatch(text, new RegExp(`:${run.port}::`));
  });

  test('has the weights of its records', async (t) => {
    const run = await DnsProxy.start(t, { hostCount: 2, names: [name], first: [] });
    run.dns.records = [
      service(name, 'a.test', run.port, { weight: 30 }),
      service(name, 'b.test', run.port, { weight: 10 }),
      ...addresses('a.test', ['127.0.0.1']),
      ...addresses('b.test', ['127.0.0.2']),
    ];
    await run.refresh();
    const text = await (await fetch(`http://127.0.0.1:${run.proxy.adminPort}/clusters`)).text();
    assert.match(text, /^app::127\.0\.0\.1:\d+::weight::30$/m);
    assert.match(text, /^app::127\.0\.0\.2:\d+::weight::10$/m);
    assert.equal((await run.counts('max_host_weight')).max_host_weight, 30);
  });
});

test('clusters of the same name share look-ups', async (t) => {
  const clusters = Array.from({ length: 50 }, (_, index) => `more ${index}`);
  const run = await DnsProxy.start(t, {
    more: (dns, port) =>
      clusters.map((name) =>
        staticCluster(name, [`tcp://orders.test:${port}`], {
          type: 'strict_dns',
          dns_resolvers: [dns.hostPort],
        }),
      ),
  });
  assert.equal(run.dns.queries.length, 1);
  const stats = await run.proxy.stats();
  assert.equal(stats.get('cluster.more 49.update_success'), 1);
  assert.equal(stats.get('dns.lookup_shared'), 50);
});
