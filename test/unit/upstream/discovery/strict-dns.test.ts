import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Address, TcpAddress } from '../../../../lib/config/address.js';
import type { DiscoveryConfig } from '../../../../lib/config/cluster-config.js';
import type { DnsHost } from '../../../../lib/upstream/discovery/dns-resolver.js';
import { StrictDnsDiscovery } from '../../../../lib/upstream/discovery/strict-dns.js';
import { ClusterFixture } from '../../../support/cluster-fixture.js';
import { FakeDecoder } from '../../../support/fake-decoder.js';
import { ManualDns, type OpenQuestion } from '../../../support/fake-dns.js';
import { emptyResponse } from '../../../support/pool-fixture.js';

interface FixtureParts {
  readonly names?: readonly string[];
  readonly config?: Partial<DiscoveryConfig>;
  readonly connectTo?: (address: TcpAddress) => Address;
}

/** A cluster of names that are looked up by the test. */
class StrictFixture extends ClusterFixture {
  readonly dns: ManualDns = new ManualDns();
  readonly discovery: StrictDnsDiscovery;
  initializedCount = 0;

  constructor({ names = ['a.test'], config = {}, connectTo }: FixtureParts = {}) {
    super();
    this.discovery = new StrictDnsDiscovery(
      this.cluster,
      {
        type: 'strict_dns',
        hosts: names.map((host) => ({ kind: 'tcp', host, port: 8080 })),
        dnsRefreshRateMs: 5000,
        dnsLookupFamily: 'v4_only',
        dnsResolvers: [],
        ...config,
      } as Extract<DiscoveryConfig, { type: 'strict_dns' }>,
      {
        clock: this.clock,
        log: this.log,
        resolver: this.dns,
        resolveConnectTo: connectTo ?? ((address) => address),
      },
    );
    this.discovery.start(() => this.initializedCount++);
  }

  /** The latest question for a name. */
  question(name = 'a.test'): OpenQuestion {
    const found = this.dns.questions.findLast((question) => question.name === name);
    assert.ok(found !== undefined);
    return found;
  }

  /** The members, with the names that they were found by. */
  get named(): string[] {
    return this.cluster.hostSet.hosts.map((host) => `${host.hostName} ${host.address}`);
  }

  counts(): number[] {
    const { updateAttempt, updateSuccess, updateFailure } = this.cluster.stats;
    return [updateAttempt, updateSuccess, updateFailure];
  }
}

function service(hostName: string, address: string, port: number, weight = 1): DnsHost {
  return { hostName, address, port, weight };
}

describe('the members', () => {
  test('are all addresses of all names, each once', () => {
    const fixture = new StrictFixture({ names: ['a.test', 'b.test'] });
    fixture.question('a.test').answer(['10.0.0.1', '10.0.0.2', '10.0.0.1']);
    assert.deepEqual(fixture.members, ['10.0.0.1:8080', '10.0.0.2:8080']);
    fixture.question('b.test').answer(['10.0.0.2', '10.0.0.3', '2001:db8::1']);
    assert.deepEqual(fixture.named, [
      'a.test 10.0.0.1:8080',
      'a.test 10.0.0.2:8080',
      'b.test 10.0.0.3:8080',
      'b.test [2001:db8::1]:8080',
    ]);
  });

  test('stay the same as long as they are found, in whatever order', () => {
    const fixture = new StrictFixture();
    fixture.question().answer(['10.0.0.1', '10.0.0.2']);
    const before = fixture.cluster.hostSet;
    fixture.clock.advance(5000);
    fixture.question().answer(['10.0.0.2', '10.0.0.1']);
    assert.equal(fixture.cluster.hostSet, before);
    fixture.clock.advance(5000);
    fixture.question().answer(['10.0.0.3', '10.0.0.2', '10.0.0.1']);
    assert.deepEqual(fixture.members, ['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.3:8080']);
    assert.equal(fixture.cluster.hostSet.hosts[0], before.hosts[0]);
    assert.equal(fixture.cluster.stats.membershipChange, 2);
  });

  test('that are gone drain: a request under way ends, an idle connection at once', () => {
    const fixture = new StrictFixture();
    fixture.question().answer(['10.0.0.1', '10.0.0.2']);
    const connections = fixture.cluster.hostSet.hosts.map((host) => {
      host.newStream(new FakeDecoder(), 'default', false);
      fixture.connector.last.accept();
      return fixture.connector.last;
    });
    connections[0]?.answer(emptyResponse);
    fixture.clock.advance(5000);
    fixture.question().answer(['10.0.0.3']);
    assert.deepEqual(fixture.members, ['10.0.0.3:8080']);
    assert.ok(connections[0]?.destroyed);
    assert.ok(!connections[1]?.destroyed);
    connections[1]?.answer(emptyResponse);
    assert.ok(connections[1]?.destroyed);
    fixture.cluster.close();
  });

  test('that two names have stay while one of them has them, under its name', () => {
    const fixture = new StrictFixture({ names: ['a.test', 'b.test'] });
    fixture.question('a.test').answer(['10.0.0.1']);
    fixture.question('b.test').answer(['10.0.0.1']);
    assert.deepEqual(fixture.named, ['a.test 10.0.0.1:8080']);
    fixture.clock.advance(5000);
    fixture.question('a.test').answer([]);
    assert.deepEqual(fixture.named, ['b.test 10.0.0.1:8080']);
  });

  test('keep the name that they were found by first, while it has them', () => {
    const fixture = new StrictFixture({ names: ['a.test', 'b.test'] });
    fixture.question('b.test').answer(['10.0.0.1']);
    const before = fixture.cluster.hostSet;
    fixture.question('a.test').answer(['10.0.0.1']);
    assert.equal(fixture.cluster.hostSet, before);
    assert.deepEqual(fixture.named, ['b.test 10.0.0.1:8080']);
    fixture.clock.advance(5000);
    fixture.question('b.test').answer([]);
    assert.deepEqual(fixture.named, ['a.test 10.0.0.1:8080']);
  });

  test('are healthy at once, before any health check', () => {
    const fixture = new StrictFixture();
    fixture.question().answer(['10.0.0.1']);
    assert.ok(fixture.cluster.hostSet.hosts.every((host) => host.isHealthy));
  });

  test('of a service have the port and the weight of its records', () => {
    const name = '_http._tcp.a.test';
    const fixture = new StrictFixture({ names: [name] });
    const give = (hosts: readonly DnsHost[], missing: readonly string[] = []): void => {
      const reason = 'silence';
      fixture.question(name).give({
        kind: 'answer',
        hosts,
        ttlMs: undefined,
        missing: missing.length === 0 ? undefined : { hostNames: missing, reason },
      });
      fixture.clock.advance(5000);
    };
    give([service('x.test', '10.0.0.1', 81, 7), service('y.test', '10.0.0.1', 82)]);
    assert.deepEqual(fixture.named, ['x.test 10.0.0.1:81', 'y.test 10.0.0.1:82']);
    assert.equal(fixture.cluster.stats.maxHostWeight, 7);
    const [x] = fixture.cluster.hostSet.hosts;
    give([service('x.test', '10.0.0.1', 81, 9), service('z.test', '10.0.0.3', 83)], ['y.test']);
    assert.equal(fixture.cluster.hostSet.hosts[0], x);
    assert.equal(fixture.cluster.stats.maxHostWeight, 9, 'weights change in place');
    assert.deepEqual(
      fixture.named,
      ['x.test 10.0.0.1:81', 'y.test 10.0.0.1:82', 'z.test 10.0.0.3:83'],
      'what could not be looked up stays',
    );
    assert.deepEqual(fixture.counts(), [3, 1, 1]);
    give([service('z.test', '10.0.0.3', 83)]);
    assert.deepEqual(fixture.named, ['z.test 10.0.0.3:83']);
  });
});

describe('a look-up', () => {
  test('is of the configured name, family and resolvers', () => {
    const resolver: TcpAddress = { kind: 'tcp', host: '10.0.0.53', port: 53 };
    const config = { dnsLookupFamily: 'auto', dnsResolvers: [resolver] } as const;
    const { name, family, resolvers } = new StrictFixture({ config }).question();
    assert.deepEqual([name, family, resolvers], ['a.test', 'auto', [resolver]]);
  });

  test('that fails keeps what is known of its name, and is logged once until it is over', () => {
    const fixture = new StrictFixture({ names: ['a.test', 'b.test'] });
    fixture.question('a.test').answer(['10.0.0.1']);
    fixture.question('b.test').answer(['10.0.0.2']);
    for (const address of ['10.0.0.3', '10.0.0.4']) {
      fixture.clock.advance(5000);
      fixture.question('a.test').answer(undefined);
      fixture.question('b.test').answer([address]);
      assert.deepEqual(fixture.members, ['10.0.0.1:8080', `${address}:8080`]);
    }
    fixture.clock.advance(5000);
    fixture.question('a.test').answer(['10.0.0.9']);
    assert.deepEqual(fixture.members, ['10.0.0.4:8080', '10.0.0.9:8080']);
    assert.deepEqual(fixture.logged, [
      'warn: cluster app: a.test cannot be resolved: the test says so',
      'info: cluster app: a.test resolves again',
    ]);
    assert.deepEqual(fixture.counts(), [8, 5, 2]);
  });

  test('whose answer cannot be taken is a failure, and not the last', () => {
    const fixture = new StrictFixture();
    const hosts = [{ hostName: 'a.test', address: '10.0.0.1', port: undefined, weight: 1 }];
    // What no resolver may give: it stands for a mistake of ours.
    const broken = {
      kind: 'answer',
      hosts: undefined as never,
      ttlMs: 0,
      missing: undefined,
    } as const;
    fixture.question().give(broken);
    assert.equal(fixture.initializedCount, 1);
    assert.match(fixture.logged[0] ?? '', /a\.test cannot be resolved: internal error: TypeError/);
    fixture.clock.advance(5000);
    fixture.question().give({ ...broken, hosts });
    assert.deepEqual(fixture.members, ['10.0.0.1:8080']);
    assert.deepEqual(fixture.counts(), [2, 1, 1]);
  });

  test('that finds no address removes all hosts of its name, and no others', () => {
    const fixture = new StrictFixture({ names: ['a.test', 'b.test'] });
    fixture.question('a.test').answer(['10.0.0.1', '10.0.0.2']);
    fixture.question('b.test').answer(['10.0.0.3']);
    fixture.clock.advance(5000);
    fixture.question('a.test').answer([]);
    assert.deepEqual(fixture.members, ['10.0.0.3:8080']);
    assert.deepEqual(fixture.counts(), [4, 3, 0]);
  });

  for (const [refreshMs, ttlMs, expectedMs] of [
    [5000, undefined, 5000],
    [5000, 60_000, 5000],
    [5000, (2 ** 31 - 1) * 1000, 5000],
    [5000, 3000, 3000],
    [5000, 300, 1000],
    [5000, 0, 1000],
    [200, 0, 200],
    [200, 60_000, 200],
  ] as const) {
    test(`is repeated after ${expectedMs} ms with a rate of ${refreshMs} and a ttl of ${ttlMs}`, () => {
      const fixture = new StrictFixture({ config: { dnsRefreshRateMs: refreshMs } });
      fixture.clock.advance(60_000);
      assert.equal(fixture.dns.questions.length, 1, 'not before there is an answer');
      fixture.question().answer(['10.0.0.1'], ttlMs);
      fixture.clock.advance(expectedMs - 1);
      assert.equal(fixture.dns.questions.length, 1);
      fixture.clock.advance(1);
      assert.equal(fixture.dns.questions.length, 2);
    });
  }

  test('that fails is repeated after the refresh time; each name has its own', () => {
    const fixture = new StrictFixture({ names: ['a.test', 'b.test'] });
    fixture.question('a.test').answer(undefined);
    fixture.clock.advance(2000);
    fixture.question('b.test').answer(['10.0.0.1']);
    fixture.clock.advance(3000);
    const asked = fixture.dns.questions.map(({ name }) => name);
    assert.deepEqual(asked, ['a.test', 'b.test', 'a.test']);
    fixture.clock.advance(2000);
    assert.equal(fixture.dns.questions.at(-1)?.name, 'b.test');
  });
});

describe('the cluster is initialized', () => {
  test('with the first name that resolves', () => {
    const fixture = new StrictFixture({ names: ['a.test', 'b.test', 'c.test'] });
    fixture.question('a.test').answer(undefined);
    assert.equal(fixture.initializedCount, 0);
    fixture.question('b.test').answer(['10.0.0.1']);
    assert.equal(fixture.initializedCount, 1);
    fixture.question('c.test').answer(['10.0.0.2']);
    fixture.clock.advance(5000);
    fixture.question('a.test').answer(['10.0.0.3']);
    assert.equal(fixture.initializedCount, 1);
  });

  test('when all names have failed', () => {
    const fixture = new StrictFixture({ names: ['a.test', 'b.test'] });
    fixture.question('a.test').answer(undefined);
    fixture.question('b.test').answer(undefined);
    assert.equal(fixture.initializedCount, 1);
    assert.deepEqual(fixture.members, []);
  });

  test('at once if a host is mapped elsewhere; that name is never looked up', () => {
    const elsewhere: Address = { kind: 'tcp', host: '127.0.0.1', port: 9080 };
    const connectTo = (address: TcpAddress): Address =>
      address.host === 'a.test' ? elsewhere : address;
    const fixture = new StrictFixture({ names: ['a.test', 'b.test'], connectTo });
    assert.equal(fixture.initializedCount, 1);
    assert.deepEqual(fixture.named, ['a.test 127.0.0.1:9080']);
    assert.deepEqual(
      fixture.dns.questions.map(({ name }) => name),
      ['b.test'],
    );
    fixture.question('b.test').answer(['10.0.0.1']);
    assert.deepEqual(fixture.named, ['a.test 127.0.0.1:9080', 'b.test 10.0.0.1:8080']);
    assert.equal(fixture.initializedCount, 1);
  });
});

test('once closed nothing is looked up, and what is under way is given up', () => {
  const fixture = new StrictFixture({ names: ['a.test', 'b.test'] });
  fixture.question('a.test').answer(['10.0.0.1']);
  fixture.discovery.close();
  fixture.discovery.close();
  assert.ok(fixture.question('b.test').isCancelled);
  assert.equal(fixture.clock.timerCount, 0);
  fixture.clock.advance(60_000);
  assert.equal(fixture.dns.questions.length, 2);
});
