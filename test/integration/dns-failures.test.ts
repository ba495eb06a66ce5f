import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemRandom } from '../../lib/base/random.js';
import { type Sidecar, startSidecar } from '../../lib/sidecar.js';
import { buildConfig, staticCluster } from '../support/config-builder.js';
import { DnsProxy, refreshMs } from '../support/dns-proxy.js';
import { addresses, codes, DnsServer, type ReceivedQuery } from '../support/dns-server.js';
import { heldHeapBytes } from '../support/held-bytes.js';
import { ManualClock } from '../support/manual-clock.js';
import { openFiles } from '../support/open-files.js';
import { until } from '../support/until.js';

describe('a look-up that fails keeps the hosts:', () => {
  const failures: Record<string, (query: ReceivedQuery) => void> = {
    SERVFAIL: (query) => query.reply({ code: codes.serverFailure }),
    REFUSED: (query) => query.reply({ code: codes.refused }),
    'a referral to other servers': (query) => query.reply({ flags: 0 }),
    'aliases in a circle': (query) =>
      query.reply({
        answers: [{ name: query.name, type: 'CNAME', class: 'IN', ttl: 1, data: query.name }],
      }),
  };
  for (const [name, react] of Object.entries(failures)) {
    test(name, async (t) => {
      const run = await DnsProxy.start(t, { hostCount: 2 });
      const { handler } = run.dns;
      run.dns.handler = react;
      await run.refresh();
      await run.refresh();
      assert.deepEqual(await run.servedBy(), ['127.0.0.1', '127.0.0.2']);
      const counts = await run.counts('update_success', 'update_failure', 'membership_change');
      assert.deepEqual(counts, { update_success: 1, update_failure: 2, membership_change: 1 });
      run.dns.handler = handler;
      run.setAddresses(['127.0.0.2']);
      await run.refresh();
      assert.deepEqual(await run.servedBy(), ['127.0.0.2'], 'when it is over');
    });
  }

  const silences: Record<string, (query: ReceivedQuery) => void> = {
    silence: () => {},
    'an answer with another id': (query) =>
      query.reply({ id: query.id ^ 1, answers: addresses(query.name, ['127.0.0.9']) }),
    'an answer to another question': (query) =>
      query.reply({ name: 'other.test', answers: addresses(query.name, ['127.0.0.9']) }),
    garbage: (query) => query.send(Buffer.from('this is no answer to anything')),
    'a truncated answer, and nothing over TCP': (query) => {
      if (query.transport === 'udp') {
        query.reply({ flags: 0x8380 });
      }
    },
  };
  for (const [name, react] of Object.entries(silences)) {
    test(name, async (t) => {
      const run = await DnsProxy.start(t, { hostCount: 2 });
      run.dns.handler = react;
      run.proxy.clock.advance(refreshMs);
      // The name is asked for three times, two seconds each.
      for (let count = 2; (await run.lookupsOver()) === 1; count++) {
        run.proxy.clock.advance(2000);
        assert.ok(count < 200, 'it ends');
      }
      assert.deepEqual(await run.servedBy(), ['127.0.0.1', '127.0.0.2']);
      assert.equal((await run.counts('update_failure')).update_failure, 1);
    });
  }
});

test('a lie is counted, and the answer that follows is taken', async (t) => {
  const run = await DnsProxy.start(t, { hostCount: 2 });
  run.dns.handler = (query) => {
    query.reply({ id: query.id ^ 1, answers: addresses(query.name, ['127.0.0.9']) });
    query.reply({ answers: addresses(query.name, ['127.0.0.2']) });
  };
  await run.refresh();
  assert.deepEqual(await run.servedBy(), ['127.0.0.2']);
  assert.equal((await run.proxy.stats()).get('dns.answer_ignored'), 1);
});

describe('an answer without addresses removes the hosts of its name:', () => {
  const answers: Record<string, (query: ReceivedQuery) => void> = {
    'the name does not exist': (query) => query.reply({ code: codes.noSuchName }),
    'the name has no address': (query) => query.reply(),
    'the name has addresses of the other family': (query) =>
      query.reply({ answers: addresses(query.name, ['::1']) }),
  };
  for (const [name, react] of Object.entries(answers)) {
    test(name, async (t) => {
      const run = await DnsProxy.start(t);
      const { handler } = run.dns;
      run.dns.handler = react;
      await run.refresh();
      const { status, text } = await run.proxy.send();
      assert.deepEqual([status, text], [503, 'no healthy upstream']);
      assert.equal((await run.counts('update_success')).update_success, 2);
      run.dns.handler = handler;
      await run.refresh();
      assert.deepEqual(await run.servedBy(), ['127.0.0.1']);
    });
  }
});

test('a sidecar starts though no name server answers, and has hosts as soon as one does', async (t) => {
  const dns = await DnsServer.start();
  t.after(() => dns.close());
  const { handler } = dns;
  dns.handler = () => {};
  const clock = new ManualClock();
  const app = staticCluster('app', ['tcp://orders.test:80'], {
    type: 'strict_dns',
    dns_resolvers: [dns.hostPort],
  });
  let sidecar: Sidecar | undefined;
  void startSidecar(
    { config: buildConfig({ clusters: [app], hasListener: false }) },
    { clock, random: systemRandom },
  ).then((started) => {
    sidecar = started;
  });
  t.after(() => sidecar?.close());
  for (let asked = 1; asked <= 3; asked++) {
    await until(() => dns.queries.length === asked, `it is asked ${asked} times`);
    assert.equal(sidecar, undefined);
    clock.advance(2000);
  }
  await until(() => sidecar !== undefined, 'the sidecar has started');
  dns.handler = handler;
  clock.advance(refreshMs);
  await until(() => dns.queries.length === 4, 'it is asked again');
});

test('a sidecar that is closed during a look-up leaves nothing behind', async (t) => {
  const run = await DnsProxy.start(t);
  run.dns.handler = () => {};
  run.proxy.clock.advance(refreshMs);
  await until(() => run.dns.queries.length === 2, 'it is asked');
  await run.proxy.close();
  assert.equal(run.proxy.clock.timerCount, 0);
  run.dns.queries[1]?.reply({ answers: addresses('orders.test', ['127.0.0.2']) });
});

test('thousands of look-ups, of which every third fails, hold no memory and no socket', async (t) => {
  const run = await DnsProxy.start(t);
  let count = 0;
  run.dns.handler = (query) => {
    run.dns.queries.length = 0;
    count++;
    if (count % 3 === 0) {
      query.reply({ code: codes.serverFailure });
    } else {
      // Others each time, one of which stays.
      const others = [1, 2, 3].map((i) => `127.${i}.${(count >> 8) & 255}.${count & 255}`);
      query.reply({ answers: addresses(query.name, ['127.0.0.1', ...others]) });
    }
  };
  const refreshTo = async (target: number): Promise<void> => {
    while (count < target) {
      const before = count;
      run.proxy.clock.advance(refreshMs);
      await until(() => count > before, 'it is asked');
      await until(() => run.proxy.clock.timerCount === timers, 'the look-up is over');
    }
  };
  const timers = run.proxy.clock.timerCount;
  await refreshTo(500);
  const sockets = openFiles() ?? 0;
  const before = heldHeapBytes();
  await refreshTo(4000);
  const grown = heldHeapBytes() - before;
  // A kilobyte for each look-up would be 3.5 MB.
  assert.ok(grown < 2 * 1024 * 1024, `${grown} bytes more`);
  const left = openFiles() ?? 0;
  assert.ok(left <= sockets + 2, `${left} files instead of ${sockets}`);
  assert.equal((await run.counts('membership_total')).membership_total, 4);
  assert.equal((await run.proxy.stats()).get('dns.query_active'), 0);
});
