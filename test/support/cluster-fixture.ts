import type { Logger } from '../../lib/base/log.js';
import { TimerWheel } from '../../lib/base/timer-wheel.js';
import type { ClusterConfig } from '../../lib/config/cluster-config.js';
import { Cluster } from '../../lib/upstream/cluster.js';
import { Host } from '../../lib/upstream/host.js';
import { FakeConnector } from './fake-connector.js';
import { ManualClock } from './manual-clock.js';
import { ScriptedRandom } from './scripted-random.js';

const limits = { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, maxRetries: 3 };

/** The configuration of a cluster, with `parts` in the place of the defaults. */
export function clusterConfig(parts: Partial<ClusterConfig> = {}): ClusterConfig {
  return {
    name: 'app',
    discovery: { type: 'static', hosts: [] },
    connectTimeoutMs: 250,
    perConnectionBufferLimitBytes: 1024 * 1024,
    lbType: 'round_robin',
    maxRequestsPerConnection: 0,
    ringHash: { minimumRingSize: 1024, useStdHash: true },
    circuitBreakers: { default: limits, high: limits },
    healthCheck: undefined,
    outlierDetection: undefined,
    tls: undefined,
    http2: undefined,
    ...parts,
  };
}

/** A cluster whose connections are in memory and whose time stands still. */
export class ClusterFixture {
  readonly clock: ManualClock = new ManualClock();
  readonly wheel: TimerWheel = new TimerWheel(this.clock);
  readonly connector: FakeConnector = new FakeConnector();
  readonly cluster: Cluster;
  /** What has been logged, as `level: message`. */
  readonly logged: string[] = [];
  readonly log: Logger = {
    debug: (message) => this.logged.push(`debug: ${message}`),
    info: (message) => this.logged.push(`info: ${message}`),
    warn: (message) => this.logged.push(`warn: ${message}`),
    error: (message) => this.logged.push(`error: ${message}`),
  };

  constructor(parts: Partial<ClusterConfig> = {}) {
    const random = new ScriptedRandom(0);
    const { wheel, connector } = this;
    this.cluster = new Cluster(clusterConfig(parts), { wheel, random, connector });
  }

  /** Makes a host of the cluster; it is no member yet. */
  host(port: number): Host {
    return new Host(this.cluster.hostContext, { kind: 'tcp', host: '127.0.0.1', port });
  }

  /** Addresses of the members. */
  get members(): string[] {
    return this.cluster.hostSet.hosts.map((host) => host.address);
  }
}
