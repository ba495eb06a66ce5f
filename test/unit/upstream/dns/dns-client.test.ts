import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DnsFixture } from '../../../support/dns-fixture.js';
import { addresses, alias, codes } from '../../../support/dns-server.js';
import { openFiles } from '../../../support/open-files.js';
import { until } from '../../../support/until.js';

describe('a name', () => {
  test('is looked up at the servers of resolv.conf', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.records = addresses('orders.test', ['10.0.0.2', '10.0.0.1'], 30);
    assert.deepEqual(await fixture.find('orders.test'), {
      kind: 'answer',
      hosts: [
        { address: '10.0.0.2', hostName: 'orders.test', port: undefined, weight: 1 },
        { address: '10.0.0.1', hostName: 'orders.test', port: undefined, weight: 1 },
      ],
      ttlMs: 30_000,
      missing: undefined,
    });
    assert.deepEqual(fixture.server.asked, ['udp A orders.test']);
  });

  test('has the family that is asked for; auto is IPv6 if there is any', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.records = [
      ...addresses('both.test', ['10.0.0.1', '2001:db8::1']),
      ...addresses('old.test', ['10.0.0.2']),
    ];
    assert.deepEqual(await fixture.addresses('both.test'), ['10.0.0.1']);
    assert.deepEqual(await fixture.addresses('both.test', { family: 'v6_only' }), ['2001:db8::1']);
    assert.deepEqual(await fixture.addresses('both.test', { family: 'auto' }), ['2001:db8::1']);
    assert.deepEqual(await fixture.addresses('old.test', { family: 'v6_only' }), []);
    assert.deepEqual(await fixture.addresses('old.test', { family: 'auto' }), ['10.0.0.2']);
  });

  test('auto falls back to IPv4 if the servers fail at IPv6, but knows nothing if both fail', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.handler = (query) =>
      query.type === 'AAAA' || query.name === 'none.test'
        ? query.reply({ code: query.type === 'AAAA' ? codes.serverFailure : codes.ok })
        : query.reply({ answers: addresses(query.name, ['10.0.0.1']) });
    assert.deepEqual(await fixture.addresses('orders.test', { family: 'auto' }), ['10.0.0.1']);
    assert.match(`${await fixture.addresses('none.test', { family: 'auto' })}`, /SERVFAIL/);
  });

  test('that does not exist, or has no such address, is an answer without any', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.records = addresses('v6.test', ['2001:db8::1']);
    for (const name of ['lost.test', 'v6.test']) {
      const nothing = { kind: 'answer', hosts: [], ttlMs: undefined, missing: undefined };
      assert.deepEqual(await fixture.find(name), nothing);
    }
  });

  test('is followed through its aliases; the least time to live counts', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.records = [
      alias('orders.test', 'Blue.test', 40),
      alias('blue.test', 'host.test', 7),
      ...addresses('host.test', ['10.0.0.1'], 60),
      ...addresses('other.test', ['10.0.0.9']),
    ];
    fixture.server.handler = (query) => query.reply({ answers: fixture.server.records });
    const result = await fixture.find('orders.test');
    assert.ok(result.kind === 'answer');
    assert.equal(result.ttlMs, 7000);
    assert.deepEqual(
      result.hosts.map(({ address, hostName }) => `${hostName} ${address}`),
      ['orders.test 10.0.0.1'],
    );
  });

  test('whose aliases lead nowhere has no address; whose aliases go in a circle fails', async (t) => {
    const fixture = await DnsFixture.start(t);
    const circle = [alias('a.test', 'b.test'), alias('b.test', 'a.test')];
    fixture.server.handler = (query) =>
      query.reply({ answers: query.name === 'a.test' ? circle : [alias(query.name, 'no.test')] });
    assert.deepEqual(await fixture.addresses('orders.test'), []);
    assert.equal(await fixture.addresses('a.test'), 'the aliases of a.test do not end');
  });

  test('that DNS cannot carry is asked of nobody', async (t) => {
    const fixture = await DnsFixture.start(t);
    const found = await fixture.addresses(`${'a'.repeat(64)}.test`);
    assert.equal(found, 'it is no name that DNS can carry');
    assert.deepEqual(fixture.server.queries, []);
  });

  test('is asked for in the search domains; what a server cannot tell is not taken as missing', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.writeResolvConf('search broken.test good.test\noptions ndots:2');
    fixture.server.records = addresses('orders.good.test', ['10.0.0.1']);
    const { handler } = fixture.server;
    fixture.server.handler = (query) =>
      query.name.endsWith('broken.test')
        ? query.reply({ code: codes.serverFailure })
        : handler(query);
    assert.deepEqual(await fixture.addresses('orders'), ['10.0.0.1']);
    assert.match(`${await fixture.addresses('lost')}`, /SERVFAIL/);
    assert.deepEqual(fixture.server.asked.slice(-3), [
      'udp A lost.broken.test',
      'udp A lost.good.test',
      'udp A lost',
    ]);
    assert.deepEqual(await fixture.addresses('lost.'), [], 'it is complete');
    const result = await fixture.find('orders.good.test.');
    assert.equal(result.kind === 'answer' && result.hosts[0]?.hostName, 'orders.good.test');
  });
});

describe('nobody is asked', () => {
  test('for an IP address', async (t) => {
    const fixture = await DnsFixture.start(t);
    for (const address of ['10.0.0.1', '2001:db8::1']) {
      assert.deepEqual(await fixture.addresses(address), [address]);
    }
    assert.deepEqual(fixture.server.queries, []);
  });

  test('for localhost, which is loopback whatever the hosts file says', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.writeHosts('10.0.0.9 localhost app.localhost');
    assert.deepEqual(await fixture.addresses('localhost'), ['127.0.0.1']);
    assert.deepEqual(await fixture.addresses('app.localhost.'), ['127.0.0.1']);
    const [address] = await fixture.addresses('localhost', { family: 'auto' });
    assert.ok(address === '::1' || address === '127.0.0.1');
    fixture.writeHosts('127.0.0.5 localhost');
    fixture.clock.advance(1000);
    assert.deepEqual(await fixture.addresses('LOCALHOST', { family: 'auto' }), ['127.0.0.5']);
    assert.deepEqual(fixture.server.queries, []);
  });

  test('for a name of the hosts file, which is read again when it has changed', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.writeHosts('10.0.0.7 orders.test\n10.0.0.8 orders.test');
    assert.deepEqual(await fixture.addresses('Orders.test'), ['10.0.0.7', '10.0.0.8']);
    assert.deepEqual(fixture.server.queries, []);
    fixture.writeHosts('# nothing');
    fixture.server.records = addresses('orders.test', ['10.0.0.1']);
    fixture.clock.advance(1000);
    assert.deepEqual(await fixture.addresses('orders.test'), ['10.0.0.1']);
  });

  test('but the servers, if the hosts file has the other family only', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.writeHosts('2001:db8::7 orders.test');
    fixture.server.records = addresses('orders.test', ['10.0.0.1']);
    assert.deepEqual(await fixture.addresses('orders.test'), ['10.0.0.1']);
  });
});

test('without resolv.conf and resolvers the operating system is asked', async (t) => {
  const fixture = await DnsFixture.start(t);
  fixture.removeResolvConf();
  const found = await fixture.addresses('no.such.name.invalid');
  assert.match(`${found}`, /^(ENOTFOUND|EAI_\w+)$/);
  assert.deepEqual(fixture.server.queries, []);
  fixture.server.records = addresses('orders.test', ['10.0.0.1']);
  const resolvers = [fixture.server.address];
  assert.deepEqual(await fixture.addresses('orders.test', { resolvers }), ['10.0.0.1']);
});

describe('the servers', () => {
  test('of the question are asked instead of those of the system', async (t) => {
    const fixture = await DnsFixture.start(t, 2);
    const [, second] = fixture.servers;
    assert.ok(second !== undefined);
    second.records = addresses('orders.test', ['10.0.0.2']);
    const resolvers = [second.address];
    assert.deepEqual(await fixture.addresses('orders.test', { resolvers }), ['10.0.0.2']);
    assert.deepEqual(fixture.server.queries, []);
  });

  test('are those of resolv.conf as it is now', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.writeResolvConf('search a.test');
    await fixture.addresses('orders');
    fixture.writeResolvConf('search other.test');
    await fixture.addresses('orders');
    fixture.clock.advance(1000);
    await fixture.addresses('orders');
    const first = ['udp A orders.a.test', 'udp A orders'];
    assert.deepEqual(fixture.server.asked, [
      ...first,
      ...first,
      'udp A orders.other.test',
      first[1],
    ]);
  });

  test('are asked one after the other; the one that was silent is asked last from then on', async (t) => {
    const fixture = await DnsFixture.start(t, 2);
    const [first, second] = fixture.servers;
    assert.ok(first !== undefined && second !== undefined);
    first.handler = () => {};
    second.records = addresses('orders.test', ['10.0.0.1']);
    const found = fixture.addresses('orders.test');
    await until(() => first.queries.length === 1, 'the first is asked');
    fixture.clock.advance(1999);
    assert.equal(second.queries.length, 0);
    fixture.clock.advance(1);
    assert.deepEqual(await found, ['10.0.0.1']);
    assert.deepEqual(await fixture.addresses('orders.test'), ['10.0.0.1']);
    assert.equal(first.queries.length, 1);
    assert.equal(fixture.client.stats.queryTimeout, 1);
  });

  test('are asked as often as the options say, then nothing is known', async (t) => {
    const fixture = await DnsFixture.start(t, 2);
    fixture.writeResolvConf('options attempts:2 timeout:1');
    for (const server of fixture.servers) {
      server.handler = () => {};
    }
    const found = fixture.addresses('orders.test');
    for (const [first, second] of [
      [1, 0],
      [1, 1],
      [2, 1],
      [2, 2],
    ]) {
      await until(
        () =>
          fixture.servers[0]?.queries.length === first &&
          fixture.servers[1]?.queries.length === second,
        `they have been asked ${first} and ${second} times`,
      );
      fixture.clock.advance(1000);
    }
    assert.equal(await found, `${fixture.servers[1]?.hostPort}: no answer`);
    assert.equal(fixture.client.stats.lookupFailed, 1);
  });

  test('that say they cannot tell are not asked again, and another one may know', async (t) => {
    const fixture = await DnsFixture.start(t, 2);
    const [first, second] = fixture.servers;
    assert.ok(first !== undefined && second !== undefined);
    second.records = addresses('orders.test', ['10.0.0.1']);
    for (const code of [codes.serverFailure, codes.refused]) {
      first.handler = (query) => query.reply({ code });
      assert.deepEqual(await fixture.addresses('orders.test'), ['10.0.0.1']);
    }
    second.handler = (query) => query.reply({ code: codes.refused });
    assert.equal(await fixture.addresses('orders.test'), `${second.hostPort} answers REFUSED`);
    assert.equal(first.queries.length, 3);
    assert.equal(fixture.client.stats.queryRefused, 4);
  });

  test('on which nothing listens cost no time', async (t) => {
    const fixture = await DnsFixture.start(t, 1);
    const resolvers = [
      { kind: 'tcp', host: '127.0.0.1', port: 1 } as const,
      fixture.server.address,
    ];
    fixture.server.records = addresses('orders.test', ['10.0.0.1']);
    assert.deepEqual(await fixture.addresses('orders.test', { resolvers }), ['10.0.0.1']);
    assert.equal(fixture.client.stats.queryFailed, 1);
  });

  test('may not know extensions: then they are asked without', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.handler = (query) => {
      if (!query.isExtended) {
        query.reply({ answers: addresses(query.name, ['10.0.0.1']) });
      } else if (fixture.server.queries.length === 1) {
        query.reply({ code: codes.formatError });
      } else {
        // No more than a head.
        const head = query.encode({ code: codes.formatError }).subarray(0, 12);
        head.writeUInt32BE(0, 4);
        query.send(head);
      }
    };
    assert.deepEqual(await fixture.addresses('orders.test'), ['10.0.0.1']);
    assert.deepEqual(await fixture.addresses('orders.test'), ['10.0.0.1']);
    assert.equal(fixture.server.queries.length, 4);
  });

  test('that do not know extensions are asked without them over TCP, too', async (t) => {
    const fixture = await DnsFixture.start(t);
    const values = Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`);
    fixture.server.handler = (query) =>
      query.reply(
        query.isExtended ? { code: codes.formatError } : { answers: addresses(query.name, values) },
      );
    assert.deepEqual(await fixture.addresses('orders.test'), values);
    assert.deepEqual(
      fixture.server.queries.map(({ transport, isExtended }) => `${transport} ${isExtended}`),
      ['udp true', 'udp false', 'tcp false'],
    );
    assert.equal(fixture.client.stats.queryTcpTotal, 1);
  });

  test('that only name others are passed over', async (t) => {
    const fixture = await DnsFixture.start(t, 2);
    const [first, second] = fixture.servers;
    assert.ok(first !== undefined && second !== undefined);
    first.handler = (query) => query.reply({ flags: 0 });
    second.records = addresses('orders.test', ['10.0.0.1']);
    assert.deepEqual(await fixture.addresses('orders.test'), ['10.0.0.1']);
  });
});

describe('look-ups', () => {
  test('of the same name at the same time are one', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.records = addresses('orders.test', ['10.0.0.1']);
    const all = await Promise.all(
      Array.from({ length: 1000 }, () => fixture.addresses('orders.test')),
    );
    assert.ok(all.every((found) => found[0] === '10.0.0.1'));
    assert.equal(fixture.server.queries.length, 1);
    assert.equal(fixture.client.stats.lookupShared, 999);
    await fixture.addresses('orders.test');
    assert.equal(fixture.server.queries.length, 2, 'nothing is kept');
  });

  test('of another family or at other servers are their own', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.records = addresses('orders.test', ['10.0.0.1']);
    const resolvers = [fixture.server.address];
    await Promise.all([
      fixture.addresses('orders.test'),
      fixture.addresses('orders.test', { family: 'v6_only' }),
      fixture.addresses('orders.test', { resolvers }),
    ]);
    assert.equal(fixture.server.queries.length, 3);
  });

  test('that are given up end with the last who waits, and nobody is called', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.handler = () => {};
    const called: number[] = [];
    const question = { name: 'orders.test', family: 'v4_only', resolvers: [] } as const;
    const cancels = [1, 2].map((who) => fixture.client.resolve(question, () => called.push(who)));
    await until(() => fixture.server.queries.length === 1, 'the server is asked');
    cancels[0]?.();
    cancels[0]?.();
    assert.equal(fixture.client.activeCount, 1);
    cancels[1]?.();
    assert.equal(fixture.client.activeCount, 0);
    assert.equal(fixture.clock.timerCount, 0);
    fixture.server.queries[0]?.reply({ answers: addresses('orders.test', ['10.0.0.1']) });
    await until(() => fixture.client.stats.queryActive === 0, 'the question is over');
    assert.deepEqual(called, []);
  });

  test('that are given up can be made again at once', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.records = addresses('orders.test', ['10.0.0.1']);
    const question = { name: 'orders.test', family: 'v4_only', resolvers: [] } as const;
    fixture.client.resolve(question, () => assert.fail('it was given up'))();
    assert.deepEqual(await fixture.addresses('orders.test'), ['10.0.0.1']);
    await until(() => fixture.client.stats.queryActive === 0, 'both are over');
  });

  test('end after thirty seconds, however many servers are silent', async (t) => {
    const fixture = await DnsFixture.start(t, 3);
    fixture.writeResolvConf('options timeout:30 attempts:5');
    for (const server of fixture.servers) {
      server.handler = () => {};
    }
    const found = fixture.addresses('orders.test');
    await until(() => fixture.server.queries.length === 1, 'the first is asked');
    fixture.clock.advance(30_000);
    assert.match(`${await found}`, /no answer/);
    await until(() => fixture.client.stats.queryActive === 0, 'it is over');
  });

  test('leave no socket behind, answered or not', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.writeResolvConf('options attempts:1');
    const before = openFiles();
    if (before === undefined) {
      t.skip('the open files of a process are not to be seen here');
      return;
    }
    fixture.server.records = addresses('orders.test', ['10.0.0.1']);
    for (let i = 0; i < 20; i++) {
      await fixture.addresses('orders.test');
    }
    fixture.server.handler = () => {};
    const question = { name: 'orders.test', family: 'v4_only', resolvers: [] } as const;
    for (let count = 21; count <= 40; count++) {
      const cancel = fixture.client.resolve(question, () => {});
      await until(() => fixture.server.queries.length === count, 'the server is asked');
      if (count % 2 === 0) {
        cancel();
      } else {
        fixture.clock.advance(2000);
      }
      await until(() => fixture.client.stats.queryActive === 0, 'the question is over');
    }
    await until(() => (openFiles() ?? 0) <= before, 'all sockets are closed');
  });

  test('of many names wait for each other: at most 64 questions are under way at a server', async (t) => {
    const fixture = await DnsFixture.start(t);
    let most = 0;
    fixture.server.handler = (query) => {
      most = Math.max(most, fixture.client.stats.queryActive);
      query.reply({ answers: addresses(query.name, ['10.0.0.1']) });
    };
    const names = Array.from({ length: 600 }, (_, i) => `n${i}.test`);
    const all = await Promise.all(names.map((name) => fixture.addresses(name)));
    assert.ok(all.every((found) => found[0] === '10.0.0.1'));
    assert.ok(most <= 64, `${most} at a time`);
  });

  test('of a dead server do not hold up those of another', async (t) => {
    const fixture = await DnsFixture.start(t, 2);
    const [dead, alive] = fixture.servers;
    assert.ok(dead !== undefined && alive !== undefined);
    dead.handler = () => {};
    alive.records = addresses('orders.test', ['10.0.0.1']);
    const cancels = Array.from({ length: 200 }, (_, i) =>
      fixture.client.resolve(
        { name: `n${i}.test`, family: 'v4_only', resolvers: [dead.address] },
        () => {},
      ),
    );
    await until(() => dead.queries.length === 64, 'the dead one has all that it may');
    const resolvers = [alive.address];
    assert.deepEqual(await fixture.addresses('orders.test', { resolvers }), ['10.0.0.1']);
    for (const cancel of cancels) {
      cancel();
    }
    await until(() => fixture.client.stats.queryActive === 0, 'all are over');
    assert.equal(dead.queries.length, 64, 'those that waited were never sent');
  });
});
