import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ServerState } from '../../../../lib/http/server-state.js';
import { BreakerStats } from '../../../../lib/telemetry/stats/breaker-stats.js';
import { BufferFilterStats } from '../../../../lib/telemetry/stats/buffer-filter-stats.js';
import { ClusterManagerStats } from '../../../../lib/telemetry/stats/cluster-manager-stats.js';
import { ClusterStats } from '../../../../lib/telemetry/stats/cluster-stats.js';
import { CodeStats } from '../../../../lib/telemetry/stats/code-stats.js';
import { ConnectionManagerStats } from '../../../../lib/telemetry/stats/connection-manager-stats.js';
import { DiscoveryStats } from '../../../../lib/telemetry/stats/discovery-stats.js';
import { DnsStats } from '../../../../lib/telemetry/stats/dns-stats.js';
import { DynamoStats } from '../../../../lib/telemetry/stats/dynamo-stats.js';
import { FaultFilterStats } from '../../../../lib/telemetry/stats/fault-filter-stats.js';
import { FilesystemStats } from '../../../../lib/telemetry/stats/filesystem-stats.js';
import { GrpcStats } from '../../../../lib/telemetry/stats/grpc-stats.js';
import { ListenerHttpStats } from '../../../../lib/telemetry/stats/listener-http-stats.js';
import { ListenerManagerStats } from '../../../../lib/telemetry/stats/listener-manager-stats.js';
import { ListenerStats } from '../../../../lib/telemetry/stats/listener-stats.js';
import { LuaFilterStats } from '../../../../lib/telemetry/stats/lua-filter-stats.js';
import { OutlierDetectionStats } from '../../../../lib/telemetry/stats/outlier-detection-stats.js';
import { RateLimitStats } from '../../../../lib/telemetry/stats/rate-limit-stats.js';
import { RuntimeStats } from '../../../../lib/telemetry/stats/runtime-stats.js';
import { ServerStats } from '../../../../lib/telemetry/stats/server-stats.js';
import type { StatSource, StatVisitor } from '../../../../lib/telemetry/stats/stat-source.js';
import { TlsStats } from '../../../../lib/telemetry/stats/tls-stats.js';
import { TracingStats } from '../../../../lib/telemetry/stats/tracing-stats.js';
import { UpdateAge } from '../../../../lib/telemetry/stats/update-age.js';
import { UserAgentStats } from '../../../../lib/telemetry/stats/user-agent-stats.js';
import { ManualClock } from '../../../support/manual-clock.js';

const document = readFileSync(new URL('../../../../../docs/stats.md', import.meta.url), 'utf8');

const faultStats = new FaultFilterStats();
faultStats.chargeDelay('<downstream-cluster>');

const dynamoStats = new DynamoStats();
// Without a status, whose numbers have a section of their own.
dynamoStats.chargeOperation('<operation>', 0);
dynamoStats.chargeTable('<table>', 0);
dynamoStats.chargeError('<table>', '<error>');
dynamoStats.chargeError('', '<error>');
dynamoStats.chargeError('<table>', 'BatchFailureUnprocessedKeys');
dynamoStats.chargeCapacity('<table>', '<operation>', '<partition>', 1);

const grpcStats = new GrpcStats();
grpcStats.charge('<service>/<method>', true);

const tlsStats = new TlsStats();
tlsStats.chargeCipher('<cipher>');

/** What a source shows of responses by status, with the placeholders that the document has. */
class ByStatus implements StatSource {
  readonly #source: StatSource;

  constructor(source: StatSource) {
    this.#source = source;
  }

  visitStats(visitor: StatVisitor): void {
    this.#source.visitStats((name, value) => {
      const general = name.replace(/_200$/, '_<code>').replace(/_2xx$/, '_<class>');
      if (general !== name) {
        visitor(general, value);
      }
    });
  }

  resetCounters(): void {
    this.#source.resetCounters();
  }
}

const virtualClusterStats = new CodeStats();
virtualClusterStats.charge(200);

const clusterStats = new ClusterStats();
clusterStats.chargeResponse(200, true, true);
clusterStats.chargeResponse(200, false, false);
clusterStats.chargeRetriedResponse(200);

function discoveredClusterStats(): ClusterStats {
  const stats = new ClusterStats();
  stats.updateAge = new UpdateAge(new ManualClock());
  return stats;
}

function discoveryStats(): DiscoveryStats {
  const stats = new DiscoveryStats();
  stats.updateAge = new UpdateAge(new ManualClock());
  return stats;
}

const sources: Readonly<Record<string, StatSource>> = {
  'http.<stat_prefix>.': new ConnectionManagerStats(),
  'http.<stat_prefix>.buffer.': new BufferFilterStats(),
  'http.<stat_prefix>.rds.<route_config_name>.': discoveryStats(),
  'http.<stat_prefix>.fault.': faultStats,
  'http.<stat_prefix>.lua.': new LuaFilterStats(),
  'http.<stat_prefix>.dynamodb.': dynamoStats,
  'http.<stat_prefix>.tracing.': new TracingStats(),
  'http.<stat_prefix>.user_agent.<platform>.': new UserAgentStats(),
  'cluster.<name>.': discoveredClusterStats(),
  'cluster.<name>.outlier_detection.': new OutlierDetectionStats(),
  'cluster.<name>.breaker.': new BreakerStats(),
  'cluster.<name>.ratelimit.': new RateLimitStats(),
  'cluster.<name>.grpc.': grpcStats,
  'cluster.<name>.grpc-web.': grpcStats,
  'vhost.<virtual_host>.vcluster.<virtual_cluster>.': new ByStatus(virtualClusterStats),
  'listener.<address>.': new ListenerStats(),
  'listener.<address>.ssl.': tlsStats,
  'cluster.<name>.ssl.': tlsStats,
  'listener.<address>.http.<stat_prefix>.': new ListenerHttpStats(),
  'listener_manager.': new ListenerManagerStats(),
  'listener_manager.lds.': discoveryStats(),
  'cluster_manager.': new ClusterManagerStats(),
  'cluster_manager.cds.': discoveryStats(),
  'dns.': new DnsStats(),
  'filesystem.': new FilesystemStats(),
  'runtime.': new RuntimeStats(),
  'server.': new ServerStats(new ServerState(new ManualClock())),
};

/** Returns the names and types in the tables below a heading, up to the next one. */
function documented(heading: string): Map<string, string> {
  const start = document.indexOf(`## ${heading}\n`);
  assert.notEqual(start, -1, `there is a heading ${heading}`);
  const section = document.slice(start + 2).split(/^#/m)[0] ?? '';
  const types = new Map<string, string>();
  for (const [, names, type] of section.matchAll(/^\| (`.*?) +\| ([CG]) +\|/gm)) {
    for (const [, name] of (names ?? '').matchAll(/`([^`]+)`/g)) {
      types.set(name ?? '', type ?? '');
    }
  }
  return types;
}

/** Returns the names that `source` shows with their types: what a reset leaves is a gauge. */
function emitted(source: StatSource): Map<string, string> {
  const types = new Map<string, string>();
  for (const field of Object.keys(source)) {
    if (typeof Reflect.get(source, field) === 'number') {
      Reflect.set(source, field, 1);
    }
  }
  source.resetCounters();
  source.visitStats((name, value) => {
    types.set(name, value === 0 && !(source instanceof ServerStats) ? 'C' : 'G');
  });
  return types;
}

function sorted(types: Map<string, string>): string[] {
  return Array.from(types, ([name, type]) => `${name} ${type}`).sort();
}

for (const [scope, source] of Object.entries(sources)) {
  test(`docs/stats.md lists exactly the statistics of ${scope}, with their types`, () => {
    assert.deepEqual(sorted(documented(`\`${scope}\``)), sorted(emitted(source)));
  });
}

test('docs/stats.md lists exactly the statistics of the responses of a cluster', () => {
  const types = emitted(new ByStatus(clusterStats));
  assert.deepEqual(sorted(documented('Responses by status')), sorted(types));
});
