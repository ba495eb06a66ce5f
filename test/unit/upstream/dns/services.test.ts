import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { isServiceName } from '../../../../lib/upstream/dns/service-lookup.js';
import { DnsFixture } from '../../../support/dns-fixture.js';
import { addresses, codes, service } from '../../../support/dns-server.js';

const name = '_http._tcp.orders.test';

test('names of services begin with two underscored labels', () => {
  assert.ok(isServiceName(name));
  assert.ok(isServiceName('_http._tcp.orders'));
  for (const other of [
    'orders.test',
    '_http.orders.test',
    '_http._tcp',
    '_http._tcp.',
    '_._tcp.a',
  ]) {
    assert.ok(!isServiceName(other), other);
  }
});

test('targets of the lowest priority are looked up; port and weight are of the record', async (t) => {
  const fixture = await DnsFixture.start(t);
  fixture.server.records = [
    service(name, 'A.test', 8080, { weight: 10, ttl: 20 }),
    service(name, 'b.test', 9090, { weight: 0, ttl: 30 }),
    service(name, 'spare.test', 1, { priority: 9, weight: 100 }),
    ...addresses('a.test', ['10.0.0.1', '10.0.0.2'], 25),
    ...addresses('b.test', ['10.0.0.3'], 15),
    ...addresses('spare.test', ['10.0.0.9'], 1),
  ];
  assert.deepEqual(await fixture.find(name), {
    kind: 'answer',
    hosts: [
      { address: '10.0.0.1', hostName: 'a.test', port: 8080, weight: 10 },
      { address: '10.0.0.2', hostName: 'a.test', port: 8080, weight: 10 },
      { address: '10.0.0.3', hostName: 'b.test', port: 9090, weight: 1 },
    ],
    ttlMs: 15_000,
    missing: undefined,
  });
  assert.ok(!fixture.server.asked.includes('udp A spare.test'));
});

test('weights that are too great for hosts are made smaller, all of them', async (t) => {
  const fixture = await DnsFixture.start(t);
  fixture.server.records = [
    service(name, 'a.test', 80, { weight: 60_000 }),
    service(name, 'b.test', 80, { weight: 30_000 }),
    service(name, 'c.test', 80, { weight: 1 }),
    ...addresses('a.test', ['10.0.0.1']),
    ...addresses('b.test', ['10.0.0.2']),
    ...addresses('c.test', ['10.0.0.3']),
  ];
  const result = await fixture.find(name);
  assert.ok(result.kind === 'answer');
  assert.deepEqual(
    result.hosts.map(({ weight }) => weight),
    [128, 64, 1],
  );
});

test('a service that is not offered has no hosts', async (t) => {
  const fixture = await DnsFixture.start(t);
  fixture.server.records = [service(name, '.', 0)];
  assert.deepEqual(await fixture.addresses(name), []);
  assert.deepEqual(await fixture.addresses('_http._tcp.lost.test'), []);
});

test('targets that cannot be looked up are named; without any target nothing is known', async (t) => {
  const fixture = await DnsFixture.start(t);
  fixture.server.records = [
    service(name, 'a.test', 80),
    service(name, 'broken.test', 80),
    service(name, 'gone.test', 80),
    service('_http._tcp.broken.test', 'broken.test', 80),
    ...addresses('a.test', ['10.0.0.1']),
  ];
  const { handler } = fixture.server;
  fixture.server.handler = (query) =>
    query.name === 'broken.test' ? query.reply({ code: codes.serverFailure }) : handler(query);
  const reason = `broken.test: ${fixture.server.hostPort} answers SERVFAIL`;
  const result = await fixture.find(name);
  assert.ok(result.kind === 'answer');
  assert.deepEqual(result.missing, { hostNames: ['broken.test'], reason });
  assert.deepEqual(
    result.hosts.map(({ address }) => address),
    ['10.0.0.1'],
  );
  assert.equal(await fixture.addresses('_http._tcp.broken.test'), reason);
});

test('a service is searched for as any other name; its targets are complete names', async (t) => {
  const fixture = await DnsFixture.start(t);
  fixture.writeResolvConf('search prod.test\noptions ndots:5');
  fixture.server.records = [
    service('_http._tcp.orders.prod.test', 'a', 80),
    ...addresses('a', ['10.0.0.1']),
    ...addresses('a.prod.test', ['10.0.0.9']),
  ];
  assert.deepEqual(await fixture.addresses('_http._tcp.orders'), ['10.0.0.1']);
});

test('of a thousand targets the first 256 are looked up', async (t) => {
  const fixture = await DnsFixture.start(t);
  const numbers = Array.from({ length: 900 }, (_, i) => i);
  fixture.server.records = [
    ...numbers.map((i) => service(name, `t${i}.test`, 80)),
    ...numbers.flatMap((i) => addresses(`t${i}.test`, [`10.1.${i >> 8}.${i & 255}`])),
  ];
  const warnings: Error[] = [];
  const onWarning = (warning: Error): unknown => warnings.push(warning);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  assert.equal((await fixture.addresses(name)).length, 256);
  await setImmediate();
  assert.deepEqual(warnings, [], 'of too many listeners');
});

test('of more than a thousand hosts the first thousand count', async (t) => {
  const fixture = await DnsFixture.start(t);
  const values = Array.from({ length: 400 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
  const targets = ['a.test', 'b.test', 'c.test'];
  fixture.server.records = [
    ...targets.map((target) => service(name, target, 80)),
    ...targets.flatMap((target) => addresses(target, values)),
  ];
  assert.equal((await fixture.addresses(name)).length, 1000);
});

test('a target that is no name is looked up nowhere, and shown in one line', async (t) => {
  for (const target of ['a\r\nx-evil: 1.localhost', 'a\nb.test', 'a b.test']) {
    const fixture = await DnsFixture.start(t);
    fixture.writeHosts(`127.0.0.1 ${target.split(/\s/)[1]}\n`);
    fixture.server.records = [service(name, target, 80), ...addresses(target, ['10.0.0.1'])];
    const expected = `${JSON.stringify(target)}: it is no name that DNS can carry`;
    assert.equal(await fixture.addresses(name), expected);
    assert.deepEqual(fixture.server.asked, [`udp SRV ${name}`]);
  }
});

test('without resolv.conf and resolvers there is nobody to ask', async (t) => {
  const fixture = await DnsFixture.start(t);
  fixture.removeResolvConf();
  assert.match(`${await fixture.addresses(name)}`, /no resolv.conf/);
  fixture.server.records = [service(name, 'a.test', 80), ...addresses('a.test', ['10.0.0.1'])];
  const resolvers = [fixture.server.address];
  assert.deepEqual(await fixture.addresses(name, { resolvers }), ['10.0.0.1']);
});
