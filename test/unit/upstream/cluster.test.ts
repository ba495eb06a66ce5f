import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Host, healthFlag } from '../../../lib/upstream/host.js';
import { ClusterFixture } from '../../support/cluster-fixture.js';
import { FakeDecoder } from '../../support/fake-decoder.js';
import { emptyResponse } from '../../support/pool-fixture.js';

test('without hosts none is chosen, and that is counted', () => {
  const { cluster } = new ClusterFixture();
  assert.equal(cluster.chooseHost(), undefined);
  assert.equal(cluster.stats.upstreamCxNoneHealthy, 1);
});

test('choosing in panic is counted for each choice', () => {
  const fixture = new ClusterFixture();
  class SickHost extends Host {
    override get isHealthy(): boolean {
      return false;
    }
  }
  const target = { kind: 'tcp', host: '127.0.0.1', port: 80 } as const;
  const { cluster } = fixture;
  cluster.updateHosts([new SickHost(cluster.hostContext, target)]);
  assert.ok(cluster.chooseHost() !== undefined);
  assert.ok(cluster.chooseHost() !== undefined);
  assert.equal(cluster.stats.lbHealthyPanic, 2);
  assert.equal(cluster.stats.membershipTotal, 1);
  assert.equal(cluster.stats.membershipHealthy, 0);
  cluster.updateHosts([fixture.host(81)]);
  cluster.chooseHost();
  assert.equal(cluster.stats.lbHealthyPanic, 2);
});

test('a change of the members is counted, the same members again are not', () => {
  const fixture = new ClusterFixture();
  const { cluster } = fixture;
  const [a, b] = [fixture.host(1), fixture.host(2)];
  cluster.updateHosts([a, b]);
  assert.equal(cluster.stats.membershipChange, 1);
  cluster.updateHosts([b, a]);
  assert.equal(cluster.stats.membershipChange, 1);
  cluster.updateHosts([a]);
  assert.equal(cluster.stats.membershipChange, 2);
  cluster.updateHosts([b]);
  assert.equal(cluster.stats.membershipChange, 3, 'another one in its place');
  assert.equal(cluster.stats.membershipTotal, 1);
});

test('the greatest weight of the members is shown', () => {
  const fixture = new ClusterFixture();
  const [a, b] = [fixture.host(1), fixture.host(2)];
  a.weight = 7;
  fixture.cluster.updateHosts([a, b]);
  assert.equal(fixture.cluster.stats.maxHostWeight, 7);
  fixture.cluster.updateHosts([]);
  assert.equal(fixture.cluster.stats.maxHostWeight, 0);
});

test('a host that is gone drains: its idle connections close, its request goes on', () => {
  const fixture = new ClusterFixture();
  const host = fixture.host(1);
  fixture.cluster.updateHosts([host]);
  const [busy, idle] = [new FakeDecoder(), new FakeDecoder()];
  host.newStream(busy, 'default', false);
  host.newStream(idle, 'high', false);
  const [busySocket, idleSocket] = [fixture.connector.at(0), fixture.connector.at(1)];
  busySocket.accept();
  idleSocket.accept();
  idleSocket.answer(emptyResponse);
  fixture.cluster.updateHosts([]);
  assert.ok(idleSocket.destroyed);
  assert.ok(!busySocket.destroyed);
  busySocket.answer(emptyResponse);
  assert.equal(busy.last, 'head 200 end');
  assert.ok(busySocket.destroyed);
});

test('closing closes the connections of members and of hosts that still drain', () => {
  const fixture = new ClusterFixture();
  const [gone, member] = [fixture.host(1), fixture.host(2)];
  fixture.cluster.updateHosts([gone, member]);
  for (const host of [gone, member]) {
    host.newStream(new FakeDecoder(), 'default', false);
  }
  fixture.connector.at(0).accept();
  fixture.connector.at(1).accept();
  fixture.cluster.updateHosts([member]);
  fixture.cluster.updateHosts([member, fixture.host(3)]);
  assert.ok(!fixture.connector.at(0).destroyed);
  fixture.cluster.close();
  assert.ok(fixture.connector.at(0).destroyed);
  assert.ok(fixture.connector.at(1).destroyed);
  assert.equal(fixture.cluster.stats.upstreamCxActive, 0);
});

test('both routing priorities have pools and limits of their own', () => {
  const limits = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRetries: 0 };
  const fixture = new ClusterFixture({
    circuitBreakers: { default: { ...limits, maxPendingRequests: 0 }, high: limits },
  });
  const host = fixture.host(1);
  const refused = new FakeDecoder();
  host.newStream(refused, 'default', false);
  assert.deepEqual(refused.events, ['reset overflow']);
  const served = new FakeDecoder();
  host.newStream(served, 'high', false);
  assert.deepEqual(served.events, []);
  assert.equal(fixture.cluster.highResources.pendingRequests.active, 1);
  host.cancel(served, 'high');
  assert.equal(fixture.cluster.highResources.pendingRequests.active, 0);
  host.close();
});

test('what the configuration says of connections reaches them', () => {
  const fixture = new ClusterFixture({
    connectTimeoutMs: 77,
    perConnectionBufferLimitBytes: 4321,
    maxRequestsPerConnection: 1,
  });
  const host = fixture.host(1);
  const decoder = new FakeDecoder();
  host.newStream(decoder, 'default', false);
  assert.equal(fixture.connector.last.bufferLimitBytes, 4321);
  fixture.clock.advance(76);
  assert.deepEqual(decoder.events, []);
  fixture.clock.advance(1);
  assert.deepEqual(decoder.events, ['reset connect-timeout']);
  host.newStream(decoder, 'default', false);
  fixture.connector.last.accept();
  fixture.connector.last.answer(emptyResponse);
  assert.ok(fixture.connector.last.destroyed);
});

test('a host that is first used after its cluster was replaced keeps no connection', () => {
  const fixture = new ClusterFixture();
  const host = fixture.host(1);
  fixture.cluster.updateHosts([host]);
  fixture.cluster.retire();
  const decoder = new FakeDecoder();
  host.newStream(decoder, 'default', false);
  const socket = fixture.connector.at(0);
  socket.accept();
  socket.answer(emptyResponse);
  assert.equal(decoder.last, 'head 200 end');
  assert.ok(socket.destroyed);
  assert.ok(!fixture.cluster.isInUse);
});

test('the gauges of members are left to the cluster that is in force', () => {
  const fixture = new ClusterFixture();
  const { cluster } = fixture;
  const { stats } = cluster;
  const [a, b] = [fixture.host(1), fixture.host(2)];
  cluster.updateHosts([a, b]);
  cluster.retire();
  a.isMember = true;
  a.setHealthFlag(healthFlag.failedOutlierCheck, true);
  cluster.updateHosts([b]);
  assert.deepEqual([stats.membershipTotal, stats.membershipHealthy], [2, 2]);
  cluster.isInForce = true;
  cluster.showMembership();
  assert.deepEqual([stats.membershipTotal, stats.membershipHealthy], [1, 1]);
});
