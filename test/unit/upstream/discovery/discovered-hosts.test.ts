import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthCheckConfig } from '../../../../lib/config/health-check-config.js';
import type { SdsHostConfig } from '../../../../lib/config/sds-response.js';
import { applyDiscoveredHosts } from '../../../../lib/upstream/discovery/discovered-hosts.js';
import { type Host, healthFlag } from '../../../../lib/upstream/host.js';
import { ClusterFixture } from '../../../support/cluster-fixture.js';

const healthCheck: HealthCheckConfig = {
  type: 'redis',
  redisKey: undefined,
  timeoutMs: 1,
  intervalMs: 1,
  intervalJitterMs: 0,
  unhealthyThreshold: 1,
  healthyThreshold: 1,
  reuseConnection: true,
};

function entry(last: number, parts: Partial<SdsHostConfig> = {}): SdsHostConfig {
  return { address: `192.0.2.${last}`, port: 80, zone: '', canary: false, weight: 1, ...parts };
}

function memberAt(fixture: ClusterFixture, last: number): Host {
  const host = fixture.cluster.hostSet.hosts.find(
    ({ address }) => address === `192.0.2.${last}:80`,
  );
  assert.ok(host !== undefined);
  return host;
}

const a = '192.0.2.1:80';
const b = '192.0.2.2:80';

test('without health checks the members are those that have been found, and healthy', () => {
  const fixture = new ClusterFixture();
  applyDiscoveredHosts(fixture.cluster, [entry(1), entry(2)]);
  assert.deepEqual(fixture.members, [a, b]);
  assert.ok(memberAt(fixture, 1).isHealthy);
  applyDiscoveredHosts(fixture.cluster, [entry(2)]);
  assert.deepEqual(fixture.members, [b]);
});

test('a new host has failed its health check until it passes one', () => {
  const fixture = new ClusterFixture({ healthCheck });
  applyDiscoveredHosts(fixture.cluster, [entry(1)]);
  assert.equal(memberAt(fixture, 1).healthFlags, '/failed_active_hc');
});

test('a host that is not found any more stays, behind the others, unless it has failed', () => {
  const fixture = new ClusterFixture({ healthCheck });
  applyDiscoveredHosts(fixture.cluster, [entry(1), entry(2)]);
  const host = memberAt(fixture, 1);
  host.setHealthFlag(healthFlag.failedActiveHc, false);
  applyDiscoveredHosts(fixture.cluster, [entry(2)]);
  assert.deepEqual(fixture.members, [b, a]);
  assert.equal(memberAt(fixture, 1), host);
  host.setHealthFlag(healthFlag.failedActiveHc, true);
  applyDiscoveredHosts(fixture.cluster, [entry(2)]);
  assert.deepEqual(fixture.members, [b]);
});

test('to be ejected is not to fail a health check', () => {
  const fixture = new ClusterFixture({ healthCheck });
  applyDiscoveredHosts(fixture.cluster, [entry(1)]);
  memberAt(fixture, 1).setHealthFlag(healthFlag.failedActiveHc, false);
  memberAt(fixture, 1).setHealthFlag(healthFlag.failedOutlierCheck, true);
  applyDiscoveredHosts(fixture.cluster, []);
  assert.deepEqual(fixture.members, [a]);
});

test('of several with the same address the first counts', () => {
  const fixture = new ClusterFixture();
  applyDiscoveredHosts(fixture.cluster, [entry(1, { weight: 3 }), entry(1, { weight: 5 })]);
  assert.deepEqual(fixture.members, [a]);
  assert.equal(memberAt(fixture, 1).weight, 3);
});

test('of a known host the weight alone is updated, which is no change of membership', () => {
  const fixture = new ClusterFixture({ healthCheck });
  applyDiscoveredHosts(fixture.cluster, [entry(1)]);
  const host = memberAt(fixture, 1);
  applyDiscoveredHosts(fixture.cluster, [entry(1, { weight: 9, zone: 'z', canary: true })]);
  assert.equal(memberAt(fixture, 1), host);
  assert.deepEqual([host.weight, host.zone, host.isCanary], [9, '', false]);
  assert.equal(fixture.cluster.stats.membershipChange, 1);
  assert.equal(fixture.cluster.stats.maxHostWeight, 9);
});
