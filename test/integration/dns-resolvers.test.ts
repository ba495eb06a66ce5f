import assert from 'node:assert/strict';
import { test } from 'node:test';
import { staticCluster } from '../support/config-builder.js';
import { DnsProxy } from '../support/dns-proxy.js';
import { addresses, DnsServer } from '../support/dns-server.js';
import { unusedPort } from '../support/fake-upstream.js';
import { until } from '../support/until.js';

test('the configured resolver is asked, for clusters of both types', async (t) => {
  const run = await DnsProxy.start(t, {
    more: (dns, port) => [
      staticCluster('logical', [`tcp://logical.test:${port}`], {
        type: 'logical_dns',
        dns_resolvers: [dns.hostPort],
      }),
    ],
  });
  assert.deepEqual(await run.servedBy(), ['127.0.0.1']);
  assert.deepEqual(run.dns.asked.sort(), ['udp A logical.test', 'udp A orders.test']);
});

test('each cluster has its own resolvers', async (t) => {
  const other = await DnsServer.start();
  t.after(() => other.close());
  other.records = addresses('orders.test', ['127.0.0.9']);
  const run = await DnsProxy.start(t, {
    more: (_dns, port) => [
      staticCluster('other', [`tcp://orders.test:${port}`], {
        type: 'strict_dns',
        dns_resolvers: [other.hostPort],
      }),
    ],
  });
  const text = await (await fetch(`http://127.0.0.1:${run.proxy.adminPort}/clusters`)).text();
  assert.match(text, /^app::127\.0\.0\.1:/m);
  assert.match(text, /^other::127\.0\.0\.9:/m);
});

test('a resolver on which nothing listens, or that refuses, is followed by the next', async (t) => {
  const refusing = await DnsServer.start();
  t.after(() => refusing.close());
  refusing.handler = (query) => query.reply({ code: 5 });
  const dead = `127.0.0.1:${await unusedPort()}`;
  const run = await DnsProxy.start(t, {
    keys: (dns) => ({ dns_resolvers: [dead, refusing.hostPort, dns.hostPort] }),
  });
  assert.deepEqual(await run.servedBy(), ['127.0.0.1']);
  assert.equal(refusing.queries.length, 1);
  assert.equal((await run.proxy.stats()).get('dns.query_failed'), 1);
});

test('a resolver that is silent costs its time once', async (t) => {
  const silent = await DnsServer.start();
  t.after(() => silent.close());
  silent.handler = () => {};
  const run = await DnsProxy.start(t, {
    keys: (dns) => ({ dns_resolvers: [dns.hostPort, silent.hostPort] }),
  });
  const { handler } = run.dns;
  run.dns.handler = () => {};
  silent.handler = (query) => query.reply({ answers: addresses(query.name, ['127.0.0.1']) });
  run.proxy.clock.advance(5000);
  await until(() => run.dns.queries.length === 2, 'the first is asked');
  assert.equal(silent.queries.length, 0);
  run.proxy.clock.advance(2000);
  await run.untilLookups(2);
  await run.refresh();
  assert.deepEqual([run.dns.queries.length, silent.queries.length], [2, 2]);
  run.dns.handler = handler;
  await run.refresh();
  assert.deepEqual([run.dns.queries.length, silent.queries.length], [3, 2], 'it is asked again');
});

test('answers too large for UDP come over TCP', async (t) => {
  const run = await DnsProxy.start(t, { first: [] });
  const many = Array.from({ length: 400 }, (_, index) => `127.1.${index >> 8}.${index & 255}`);
  run.setAddresses(many);
  await run.refresh();
  assert.equal((await run.counts('membership_total')).membership_total, 400);
  assert.equal((await run.proxy.stats()).get('dns.query_tcp_total'), 1);
});
