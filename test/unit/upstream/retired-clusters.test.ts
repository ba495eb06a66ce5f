import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { silentLogger } from '../../../lib/base/log.js';
import { TimerWheel } from '../../../lib/base/timer-wheel.js';
import type { ClusterConfig } from '../../../lib/config/cluster-config.js';
import type { ClusterManagerConfig } from '../../../lib/config/cluster-manager-config.js';
import { StatsStore } from '../../../lib/telemetry/stats/stats-store.js';
import type { Cluster } from '../../../lib/upstream/cluster.js';
import { ClusterManager } from '../../../lib/upstream/cluster-manager.js';
import { SocketConnector } from '../../../lib/upstream/connection/connector.js';
import { clusterConfig } from '../../support/cluster-fixture.js';
import { ManualDns } from '../../support/fake-dns.js';
import { heldHeapBytes } from '../../support/held-bytes.js';
import { ManualClock } from '../../support/manual-clock.js';
import { ScriptedRandom } from '../../support/scripted-random.js';

function configOf(...clusters: readonly ClusterConfig[]): ClusterManagerConfig {
  return {
    clusters,
    sds: undefined,
    cds: undefined,
    localClusterName: undefined,
    outlierEventLogPath: undefined,
  };
}

/** Replaces a cluster that has a connection, which is there until `end`. */
function replaceInUse(manager: ClusterManager): { old: WeakRef<Cluster>; end: () => void } {
  const old = manager.get('app');
  assert.ok(old !== undefined);
  const { connections } = old.defaultResources;
  connections.active++;
  manager.commit(manager.prepare(configOf(clusterConfig({ name: 'app', connectTimeoutMs: 1 }))));
  return { old: new WeakRef(old), end: () => connections.active-- };
}

test('a cluster that has been replaced is forgotten soon after its last request', async () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const manager = new ClusterManager(configOf(clusterConfig({ name: 'app' })), {
    clock,
    wheel,
    random: new ScriptedRandom(0),
    log: silentLogger,
    stats: new StatsStore(),
    connector: new SocketConnector(new Map()),
    resolver: new ManualDns(),
    mounts: new Map(),
  });
  manager.start(() => {});
  const { old, end } = replaceInUse(manager);
  end();
  clock.advance(1000);
  // What a turn of the event loop has looked at stays until it is over.
  await setImmediate();
  heldHeapBytes();
  assert.equal(old.deref(), undefined);
  manager.close();
  wheel.close();
  assert.equal(clock.timerCount, 0);
});
