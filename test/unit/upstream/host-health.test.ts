import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Host, healthFlag } from '../../../lib/upstream/host.js';
import { ClusterFixture } from '../../support/cluster-fixture.js';
import { FakeDecoder } from '../../support/fake-decoder.js';
import { emptyResponse } from '../../support/pool-fixture.js';

const { failedActiveHc, failedOutlierCheck } = healthFlag;

test('a host is healthy only while no flag is set, and shows which are', () => {
  const host = new ClusterFixture().host(1);
  assert.deepEqual([host.isHealthy, host.healthFlags], [true, 'healthy']);
  host.setHealthFlag(failedOutlierCheck, true);
  assert.deepEqual([host.isHealthy, host.healthFlags], [false, '/failed_outlier_check']);
  host.setHealthFlag(failedActiveHc, true);
  assert.equal(host.healthFlags, '/failed_active_hc/failed_outlier_check');
  host.setHealthFlag(failedOutlierCheck, false);
  assert.deepEqual([host.isHealthy, host.healthFlags], [false, '/failed_active_hc']);
  host.setHealthFlag(failedActiveHc, false);
  assert.ok(host.isHealthy);
});

test('the members to choose from and their number follow the health of each', () => {
  const { cluster, hosts } = clusterOf(4);
  const [first] = hosts as [Host];
  first.setHealthFlag(failedActiveHc, true);
  assert.equal(cluster.stats.membershipHealthy, 3);
  assert.deepEqual(cluster.hostSet.healthyHosts, hosts.slice(1));
  first.setHealthFlag(failedOutlierCheck, true);
  assert.equal(cluster.stats.membershipHealthy, 3, 'it was unhealthy already');
  first.setHealthFlag(failedOutlierCheck, false);
  first.setHealthFlag(failedActiveHc, false);
  assert.equal(cluster.stats.membershipHealthy, 4);
  assert.deepEqual(cluster.hostSet.healthyHosts, hosts);
});

test('the health of a host that is no member changes nothing', () => {
  const { cluster, hosts } = clusterOf(3);
  const [gone, ...rest] = hosts as [Host, ...Host[]];
  cluster.updateHosts(rest);
  const { hostSet } = cluster;
  gone.setHealthFlag(failedActiveHc, true);
  assert.equal(cluster.hostSet, hostSet);
  assert.equal(cluster.stats.membershipHealthy, 2);
});

test('whoever observes the members hears who has come and who has gone, once for each change', () => {
  const fixture = new ClusterFixture();
  const { cluster } = fixture;
  const heard: string[] = [];
  const names = (hosts: readonly Host[]): string => hosts.map(({ address }) => address).join();
  cluster.addMemberObserver({
    onMembersChanged: (added, removed) => heard.push(`+${names(added)} -${names(removed)}`),
  });
  const [a, b] = [fixture.host(1), fixture.host(2)];
  cluster.updateHosts([a]);
  cluster.updateHosts([b]);
  cluster.updateHosts([b]);
  assert.deepEqual(heard, [`+${a.address} -`, `+${b.address} -${a.address}`]);
});

test('a host that turns unhealthy loses its connections, busy ones behind their response', () => {
  const { fixture, hosts } = clusterOf(1);
  const [host] = hosts as [Host];
  const [busy, idle, next] = [new FakeDecoder(), new FakeDecoder(), new FakeDecoder()];
  host.newStream(busy, 'default', false);
  fixture.connector.at(0).accept();
  host.newStream(idle, 'default', false);
  fixture.connector.at(1).accept();
  fixture.connector.at(1).answer(emptyResponse);
  host.setHealthFlag(failedActiveHc, true);
  assert.ok(fixture.connector.at(1).destroyed, 'the idle one at once');
  assert.ok(!fixture.connector.at(0).destroyed);
  // In panic even such a host is used: by a connection of its own.
  host.newStream(next, 'default', false);
  fixture.connector.at(2).accept();
  fixture.connector.at(0).answer(emptyResponse);
  assert.equal(busy.last, 'head 200 end');
  assert.ok(fixture.connector.at(0).destroyed, 'the busy one behind its response');
  fixture.connector.at(2).answer(emptyResponse);
  assert.ok(!fixture.connector.at(2).destroyed, 'a later one stays');
  host.close();
});

function clusterOf(count: number): {
  readonly fixture: ClusterFixture;
  readonly cluster: ClusterFixture['cluster'];
  readonly hosts: readonly Host[];
} {
  const fixture = new ClusterFixture();
  const hosts = Array.from({ length: count }, (_, index) => fixture.host(index + 1));
  fixture.cluster.updateHosts(hosts);
  return { fixture, cluster: fixture.cluster, hosts };
}
