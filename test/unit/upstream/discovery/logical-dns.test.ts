import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address, TcpAddress } from '../../../../lib/config/address.js';
import type { DiscoveryConfig } from '../../../../lib/config/cluster-config.js';
import { LogicalDnsDiscovery } from '../../../../lib/upstream/discovery/logical-dns.js';
import { ClusterFixture } from '../../../support/cluster-fixture.js';
import { FakeDecoder } from '../../../support/fake-decoder.js';
import { ManualDns, type OpenQuestion } from '../../../support/fake-dns.js';
import { emptyResponse } from '../../../support/pool-fixture.js';

class DnsFixture extends ClusterFixture {
  readonly dns: ManualDns = new ManualDns();
  readonly discovery: LogicalDnsDiscovery;
  initializedCount = 0;

  constructor(connectTo?: Address, config: Partial<DiscoveryConfig> = {}) {
    super();
    const host: TcpAddress = { kind: 'tcp', host: 'orders.internal', port: 8080 };
    this.discovery = new LogicalDnsDiscovery(
      this.cluster,
      {
        type: 'logical_dns',
        host,
        dnsRefreshRateMs: 5000,
        dnsLookupFamily: 'v4_only',
        dnsResolvers: [],
        ...config,
      } as Extract<DiscoveryConfig, { type: 'logical_dns' }>,
      {
        clock: this.clock,
        log: this.log,
        resolver: this.dns,
        resolveConnectTo: (address) => connectTo ?? address,
      },
    );
    this.discovery.start(() => this.initializedCount++);
  }

  get questions(): readonly OpenQuestion[] {
    return this.dns.questions;
  }

  /** Answers the last question. */
  answer(addresses: readonly string[] | undefined, ttlMs?: number): void {
    const last = this.questions.at(-1);
    assert.ok(last !== undefined);
    last.answer(addresses, ttlMs);
  }
}

test('the first address of the answer is the one host', () => {
  const fixture = new DnsFixture();
  assert.deepEqual(fixture.members, []);
  assert.equal(fixture.initializedCount, 0);
  fixture.answer(['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(fixture.members, ['192.0.2.1:8080']);
  assert.equal(fixture.initializedCount, 1);
  assert.equal(fixture.questions[0]?.name, 'orders.internal');
  assert.equal(fixture.questions[0]?.family, 'v4_only');
});

test('the lookup family is that of the configuration', () => {
  const fixture = new DnsFixture(undefined, { dnsLookupFamily: 'auto' });
  assert.equal(fixture.questions[0]?.family, 'auto');
});

test('it is asked again when the refresh time after the last answer is over', () => {
  const fixture = new DnsFixture();
  fixture.clock.advance(60_000);
  assert.equal(fixture.questions.length, 1, 'not before there is an answer');
  fixture.answer(['192.0.2.1']);
  fixture.clock.advance(4999);
  assert.equal(fixture.questions.length, 1);
  fixture.clock.advance(1);
  assert.equal(fixture.questions.length, 2);
  fixture.answer(undefined);
  fixture.clock.advance(5000);
  assert.equal(fixture.questions.length, 3, 'after a failure too');
  assert.equal(fixture.initializedCount, 1);
});

test('it is asked again sooner if the answer says so, and of a service takes the port', () => {
  const fixture = new DnsFixture();
  fixture.answer(['192.0.2.1'], 2000);
  fixture.clock.advance(1999);
  assert.equal(fixture.questions.length, 1);
  fixture.clock.advance(1);
  const host = { address: '192.0.2.2', hostName: 'x.internal', port: 99, weight: 1 };
  fixture.questions[1]?.give({ kind: 'answer', hosts: [host], ttlMs: 0, missing: undefined });
  assert.deepEqual(fixture.members, ['192.0.2.2:99']);
  assert.equal(fixture.cluster.hostSet.hosts[0]?.hostName, 'x.internal');
  fixture.clock.advance(1000);
  assert.equal(fixture.questions.length, 3);
});

test('a failure or an empty answer keeps the last address, and is logged once until it is over', () => {
  const fixture = new DnsFixture();
  fixture.answer(['192.0.2.1']);
  for (const failure of [undefined, [], undefined]) {
    fixture.clock.advance(5000);
    fixture.answer(failure);
    assert.deepEqual(fixture.members, ['192.0.2.1:8080']);
  }
  fixture.clock.advance(5000);
  fixture.answer(['192.0.2.1']);
  assert.deepEqual(fixture.logged, [
    'warn: cluster app: orders.internal cannot be resolved: the test says so',
    'info: cluster app: orders.internal resolves again',
  ]);
  assert.equal(fixture.cluster.stats.updateAttempt, 5);
  assert.equal(fixture.cluster.stats.updateSuccess, 2);
  assert.equal(fixture.cluster.stats.updateFailure, 3);
});

test('a first failure initializes the cluster without hosts', () => {
  const fixture = new DnsFixture();
  fixture.answer(undefined);
  assert.equal(fixture.initializedCount, 1);
  assert.deepEqual(fixture.members, []);
  fixture.clock.advance(5000);
  fixture.answer(['192.0.2.1']);
  assert.deepEqual(fixture.members, ['192.0.2.1:8080']);
});

test('new connections go to a new address, those that exist stay', () => {
  const fixture = new DnsFixture();
  fixture.answer(['192.0.2.1']);
  const host = fixture.cluster.hostSet.hosts[0];
  host?.newStream(new FakeDecoder(), 'default', false);
  const old = fixture.connector.last;
  old.accept();
  old.answer(emptyResponse);
  fixture.clock.advance(5000);
  fixture.answer(['192.0.2.2']);
  assert.deepEqual(fixture.members, ['192.0.2.2:8080']);
  assert.equal(fixture.cluster.stats.membershipChange, 1, 'it is the same logical host');
  assert.ok(!old.destroyed);
  const reusing = new FakeDecoder();
  host?.newStream(reusing, 'default', false);
  assert.deepEqual(reusing.events, ['reused connection']);
  host?.newStream(new FakeDecoder(), 'default', false);
  assert.deepEqual(fixture.connector.last.target, { kind: 'tcp', host: '192.0.2.2', port: 8080 });
  fixture.cluster.close();
});

test('a host that connectTo maps is never looked up', () => {
  const fixture = new DnsFixture({ kind: 'tcp', host: '127.0.0.1', port: 9080 });
  assert.equal(fixture.questions.length, 0);
  assert.equal(fixture.initializedCount, 1);
  assert.deepEqual(fixture.members, ['127.0.0.1:9080']);
  assert.equal(fixture.clock.timerCount, 0);
});

test('once closed it asks no more, and an answer that is late changes nothing', () => {
  const fixture = new DnsFixture();
  fixture.answer(['192.0.2.1']);
  fixture.clock.advance(5000);
  fixture.discovery.close();
  fixture.answer(['192.0.2.2']);
  assert.deepEqual(fixture.members, ['192.0.2.1:8080']);
  assert.equal(fixture.clock.timerCount, 0);
  const waiting = new DnsFixture();
  waiting.answer(['192.0.2.1']);
  waiting.discovery.close();
  waiting.discovery.close();
  assert.equal(waiting.clock.timerCount, 0);
});
