import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../lib/base/log.js';
import { TimerWheel } from '../../../lib/base/timer-wheel.js';
import type { ClusterConfig } from '../../../lib/config/cluster-config.js';
import { StatsStore } from '../../../lib/telemetry/stats/stats-store.js';
import { ClusterManager } from '../../../lib/upstream/cluster-manager.js';
import { SocketConnector } from '../../../lib/upstream/connection/connector.js';
import { clusterConfig } from '../../support/cluster-fixture.js';
import { ManualDns } from '../../support/fake-dns.js';
import { ManualClock } from '../../support/manual-clock.js';
import { ScriptedRandom } from '../../support/scripted-random.js';

/** Clusters whose names are looked up by the test. */
class ManagerFixture {
  readonly clock: ManualClock = new ManualClock();
  readonly wheel: TimerWheel = new TimerWheel(this.clock);
  readonly stats: StatsStore = new StatsStore();
  readonly dns: ManualDns = new ManualDns();
  readonly manager: ClusterManager;
  initializedCount = 0;

  constructor(clusters: readonly ClusterConfig[], sdsCluster?: ClusterConfig) {
    this.manager = new ClusterManager(
      {
        clusters,
        sds: sdsCluster && { cluster: sdsCluster, refreshDelayMs: 1000 },
        cds: undefined,
        localClusterName: undefined,
        outlierEventLogPath: undefined,
      },
      {
        clock: this.clock,
        wheel: this.wheel,
        random: new ScriptedRandom(0),
        log: silentLogger,
        stats: this.stats,
        connector: new SocketConnector(new Map()),
        resolver: this.dns,
        mounts: new Map(),
      },
    );
  }

  start(): void {
    this.manager.start(() => this.initializedCount++);
  }
}

function dnsCluster(name: string): ClusterConfig {
  const host = { kind: 'tcp', host: `${name}.internal`, port: 80 } as const;
  return clusterConfig({
    name,
    discovery: {
      type: 'logical_dns',
      host,
      dnsRefreshRateMs: 5000,
      dnsLookupFamily: 'v4_only',
      dnsResolvers: [],
    },
  });
}

function sdsCluster(name: string): ClusterConfig {
  return clusterConfig({ name, discovery: { type: 'sds', serviceName: `${name}-service` } });
}

test('clusters are found by name, the one of the discovery service too', () => {
  const { manager } = new ManagerFixture(
    [clusterConfig({ name: 'a' })],
    clusterConfig({ name: 's' }),
  );
  assert.equal(manager.get('a')?.name, 'a');
  assert.equal(manager.get('s')?.name, 's');
  assert.equal(manager.get('b'), undefined);
  assert.deepEqual([...manager.clusters()].map(({ name }) => name).sort(), ['a', 's']);
});

test('each cluster has its statistics', () => {
  const { stats } = new ManagerFixture([
    clusterConfig({ name: 'a' }),
    clusterConfig({ name: 'b' }),
  ]);
  const names = stats.list().map(({ name }) => name);
  assert.ok(names.includes('cluster.a.upstream_cx_total'));
  assert.ok(names.includes('cluster.b.upstream_cx_total'));
});

test('it is initialized when every name has been answered for, well or badly', () => {
  const fixture = new ManagerFixture([dnsCluster('a'), clusterConfig(), dnsCluster('b')]);
  fixture.start();
  assert.equal(fixture.initializedCount, 0);
  fixture.dns.questions[0]?.answer(['127.0.0.1']);
  assert.equal(fixture.initializedCount, 0);
  fixture.dns.questions[1]?.answer(undefined);
  assert.equal(fixture.initializedCount, 1);
  fixture.manager.close();
  assert.equal(fixture.clock.timerCount, 0);
});

test('without clusters it is initialized at once', () => {
  const fixture = new ManagerFixture([]);
  fixture.start();
  assert.equal(fixture.initializedCount, 1);
});

test('a discovery service is asked only when the clusters of the first kind have their hosts', () => {
  const fixture = new ManagerFixture([sdsCluster('app'), dnsCluster('slow')], dnsCluster('sds'));
  fixture.start();
  const attempts = (): number | undefined => fixture.manager.get('app')?.stats.updateAttempt;
  fixture.dns.questions[0]?.answer(undefined);
  assert.equal(attempts(), 0);
  fixture.dns.questions[1]?.answer(undefined);
  assert.equal(attempts(), 1);
  // The service has no host, so the first answer is a failure, and that will do.
  assert.equal(fixture.manager.get('app')?.stats.updateFailure, 1);
  assert.equal(fixture.initializedCount, 1);
  fixture.manager.close();
  fixture.manager.close();
  fixture.wheel.close();
  assert.equal(fixture.clock.timerCount, 0);
});

test('a cluster that is closed before its turn comes asks nobody', () => {
  const fixture = new ManagerFixture([sdsCluster('app'), dnsCluster('slow')], dnsCluster('sds'));
  fixture.start();
  fixture.manager.close();
  assert.equal(fixture.manager.get('app')?.stats.updateAttempt, 0);
  assert.equal(fixture.initializedCount, 1);
  fixture.wheel.close();
  assert.equal(fixture.clock.timerCount, 0);
});
