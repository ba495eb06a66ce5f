import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { TimerWheel } from '../../../../lib/base/timer-wheel.js';
import type { ResetReason } from '../../../../lib/http/reset-reason.js';
import { ClusterStats } from '../../../../lib/telemetry/stats/cluster-stats.js';
import { HostStats } from '../../../../lib/telemetry/stats/host-stats.js';
import {
  TunnelConnection,
  type TunnelObserver,
} from '../../../../lib/upstream/connection/tunnel-connection.js';
import { ResourceManager } from '../../../../lib/upstream/resource-manager.js';
import { FakeConnector } from '../../../support/fake-connector.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { until } from '../../../support/until.js';

const limits = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRetries: 0 };

/** Opens connections for tunnels in memory, and remembers what it is told. */
class Fixture implements TunnelObserver {
  readonly clock: ManualClock = new ManualClock();
  readonly connector: FakeConnector = new FakeConnector();
  readonly stats: ClusterStats = new ClusterStats();
  readonly resources: ResourceManager = new ResourceManager(limits);
  readonly told: (ResetReason | 'connected')[] = [];
  goneCount = 0;

  open(): TunnelConnection | undefined {
    const context = {
      clusterStats: this.stats,
      resources: this.resources,
      connector: this.connector,
      wheel: new TimerWheel(this.clock),
      connectTimeoutMs: 250,
      maxRequestsPerConnection: 0,
      bufferLimitBytes: 1024,
    };
    const target = { kind: 'tcp', host: '127.0.0.1', port: 80 } as const;
    return TunnelConnection.open(context, new HostStats(), target, this, () => this.goneCount++);
  }

  onTunnelConnected(_connection: Duplex): void {
    this.told.push('connected');
  }

  onTunnelFailed(reason: ResetReason): void {
    this.told.push(reason);
  }

  assertAtRest(): void {
    assert.equal(this.stats.upstreamCxActive, 0);
    assert.equal(this.stats.upstreamCxWebsocketActive, 0);
    assert.equal(this.stats.upstreamRqPendingActive, 0);
    assert.equal(this.resources.connections.active, 0);
    assert.equal(this.resources.pendingRequests.active, 0);
    assert.equal(this.goneCount, this.stats.upstreamCxTotal);
  }
}

test('is a tunnel from when it is said to be one until it is closed', () => {
  const fixture = new Fixture();
  const tunnel = fixture.open();
  fixture.connector.last.accept();
  assert.deepEqual(fixture.told, ['connected']);
  assert.equal(fixture.stats.upstreamRqPendingActive, 0);
  assert.equal(fixture.stats.upstreamCxWebsocketActive, 0);
  tunnel?.onUpgraded();
  tunnel?.onUpgraded();
  assert.equal(fixture.stats.upstreamCxWebsocketActive, 1);
  tunnel?.close();
  tunnel?.close();
  assert.ok(fixture.connector.last.destroyed);
  assert.equal(fixture.stats.upstreamCxDestroyLocal, 1);
  assert.deepEqual(fixture.told, ['connected']);
  fixture.assertAtRest();
});

test('takes up a place among the connections for all its life', () => {
  const fixture = new Fixture();
  const first = fixture.open();
  fixture.connector.last.accept();
  assert.equal(fixture.open(), undefined);
  assert.equal(fixture.stats.upstreamCxOverflow, 1);
  first?.close();
  assert.notEqual(fixture.open(), undefined);
});

test('fails once, with the reason, when there is no connection', async () => {
  const fixture = new Fixture();
  fixture.open();
  fixture.connector.last.destroy(new Error('refused'));
  await until(() => fixture.told.length > 0, 'it has failed');
  assert.deepEqual(fixture.told, ['connect-failure']);
  assert.equal(fixture.stats.upstreamCxConnectFail, 1);
  assert.equal(fixture.stats.upstreamRqPendingFailureEject, 1);
  fixture.assertAtRest();
});

test('fails when the connection is not there in time', () => {
  const fixture = new Fixture();
  fixture.open();
  fixture.clock.advance(300);
  assert.deepEqual(fixture.told, ['connect-timeout']);
  assert.equal(fixture.stats.upstreamCxConnectTimeout, 1);
  assert.ok(fixture.connector.last.destroyed);
  fixture.assertAtRest();
});

test('says nothing when it is closed while it waits for the connection', () => {
  const fixture = new Fixture();
  fixture.open()?.close();
  assert.deepEqual(fixture.told, []);
  assert.equal(fixture.stats.upstreamRqCancelled, 1);
  fixture.assertAtRest();
});
