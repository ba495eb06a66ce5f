import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdminCluster, AdminHost } from '../../../lib/admin/admin-context.js';
import { HostStats } from '../../../lib/telemetry/stats/host-stats.js';
import type { Cluster } from '../../../lib/upstream/cluster.js';
import { ResourceManager } from '../../../lib/upstream/resource-manager.js';
import { AdminFixture } from '../../support/admin-fixture.js';

/** Compiles only as long as clusters can be shown as they are. */
const showCluster: (cluster: Cluster) => AdminCluster = (cluster) => cluster;
assert.ok(showCluster);

function createHost(address: string): AdminHost {
  const stats = new HostStats();
  const fields = [
    'cxTotal',
    'cxActive',
    'cxConnectFail',
    'rqTotal',
    'rqActive',
    'rqSuccess',
    'rqError',
    'rqTimeout',
  ] as const;
  for (const [i, field] of fields.entries()) {
    stats[field] = i + 1;
  }
  return { address, stats, healthFlags: 'healthy', weight: 1, zone: '', isCanary: false };
}

function createCluster(name: string, hosts: readonly AdminHost[]): AdminCluster {
  return {
    name,
    defaultResources: new ResourceManager({
      maxConnections: 1,
      maxPendingRequests: 2,
      maxRequests: 3,
      maxRetries: 4,
    }),
    highResources: new ResourceManager(
      { maxConnections: 5, maxPendingRequests: 6, maxRequests: 7, maxRetries: 8 },
      // As if it were in the runtime.
      { integer: (key, fallback) => (key === 'high.max_retries' ? 9 : fallback) },
      'high',
    ),
    addedViaApi: false,
    hostSet: { hosts },
  };
}

test('no clusters, no lines', async (t) => {
  const fixture = await AdminFixture.start(t);
  const { status, body } = await fixture.ask('/clusters');
  assert.equal(status, 200);
  assert.equal(body, '');
});

test('shows limits, origin and each host of a cluster, one line for each value', async (t) => {
  const fixture = await AdminFixture.start(t);
  const second: AdminHost = {
    ...createHost('[::1]:81'),
    healthFlags: '/failed_active_hc',
    weight: 7,
    zone: 'eu-1a',
    isCanary: true,
  };
  fixture.shownClusters = [createCluster('a', [createHost('127.0.0.1:80'), second])];
  const { headers, body } = await fixture.ask('/clusters');
  assert.equal(headers['content-type'], 'text/plain; charset=UTF-8');
  assert.equal(
    body,
    `a::default_priority::max_connections::1
a::default_priority::max_pending_requests::2
a::default_priority::max_requests::3
a::default_priority::max_retries::4
a::high_priority::max_connections::5
a::high_priority::max_pending_requests::6
a::high_priority::max_requests::7
a::high_priority::max_retries::9
a::added_via_api::false
a::127.0.0.1:80::cx_active::2
a::127.0.0.1:80::cx_connect_fail::3
a::127.0.0.1:80::cx_total::1
a::127.0.0.1:80::rq_active::5
a::127.0.0.1:80::rq_error::7
a::127.0.0.1:80::rq_success::6
a::127.0.0.1:80::rq_timeout::8
a::127.0.0.1:80::rq_total::4
a::127.0.0.1:80::health_flags::healthy
a::127.0.0.1:80::weight::1
a::127.0.0.1:80::zone::
a::127.0.0.1:80::canary::false
a::127.0.0.1:80::success_rate::-1
a::[::1]:81::cx_active::2
a::[::1]:81::cx_connect_fail::3
a::[::1]:81::cx_total::1
a::[::1]:81::rq_active::5
a::[::1]:81::rq_error::7
a::[::1]:81::rq_success::6
a::[::1]:81::rq_timeout::8
a::[::1]:81::rq_total::4
a::[::1]:81::health_flags::/failed_active_hc
a::[::1]:81::weight::7
a::[::1]:81::zone::eu-1a
a::[::1]:81::canary::true
a::[::1]:81::success_rate::-1
`,
  );
});

test('a cluster from discovery says so', async (t) => {
  const fixture = await AdminFixture.start(t);
  fixture.shownClusters = [{ ...createCluster('b', []), addedViaApi: true }];
  assert.match((await fixture.ask('/clusters')).body, /^b::added_via_api::true$/m);
});

test('thousands of hosts come whole', async (t) => {
  const fixture = await AdminFixture.start(t);
  const hosts = Array.from({ length: 5000 }, (_, i) => createHost(`10.0.${i >> 8}.${i & 255}:80`));
  fixture.shownClusters = [createCluster('a', hosts), createCluster('z', [])];
  const { headers, body } = await fixture.ask('/clusters');
  assert.equal(headers['transfer-encoding'], 'chunked');
  const lines = body.split('\n');
  assert.equal(lines.length, 9 + 5000 * 13 + 9 + 1);
  assert.equal(new Set(lines).size, lines.length);
});
