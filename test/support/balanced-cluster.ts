import type { Random } from '../../lib/base/random.js';
import { LayeredRuntime } from '../../lib/base/runtime/layered-runtime.js';
import { TimerWheel } from '../../lib/base/timer-wheel.js';
import type { ClusterConfig } from '../../lib/config/cluster-config.js';
import { Cluster, type ClusterContext } from '../../lib/upstream/cluster.js';
import { Host, type HostMetadata, healthFlag } from '../../lib/upstream/host.js';
import type { LoadBalancerContext } from '../../lib/upstream/load-balancing/load-balancer.js';
import { clusterConfig } from './cluster-fixture.js';
import { FakeConnector } from './fake-connector.js';
import { ManualClock } from './manual-clock.js';
import { SeededDraws } from './seeded-draws.js';

/** A cluster that hosts are chosen from; nothing is sent to them. */
export class BalancedCluster {
  readonly clock: ManualClock = new ManualClock();
  readonly runtime: LayeredRuntime = new LayeredRuntime();
  readonly cluster: Cluster;
  #port = 0;

  constructor(
    parts: Partial<ClusterConfig> = {},
    context: Partial<ClusterContext> = {},
    random: Random = new SeededDraws(1),
  ) {
    this.cluster = new Cluster(clusterConfig(parts), {
      wheel: new TimerWheel(this.clock),
      connector: new FakeConnector(),
      runtime: this.runtime,
      random,
      ...context,
    });
  }

  /** Makes a host, which is no member yet. */
  host(metadata: Partial<HostMetadata> = {}): Host {
    this.#port++;
    const target = { kind: 'tcp', host: '10.0.0.1', port: this.#port } as const;
    return new Host(this.cluster.hostContext, target, metadata);
  }

  /** Makes a host of each weight the members. */
  setWeights(...weights: number[]): Host[] {
    const hosts = weights.map((weight) => this.host({ weight }));
    this.cluster.updateHosts(hosts);
    return hosts;
  }

  /** Makes so many hosts the members. */
  setHosts(count: number): Host[] {
    return this.setWeights(...Array.from({ length: count }, () => 1));
  }

  /** Chooses again and again, and returns how often each host was chosen. */
  shares(picks: number, hosts: readonly Host[], context?: LoadBalancerContext): number[] {
    const counts = new Map<Host, number>(hosts.map((host) => [host, 0]));
    for (let i = 0; i < picks; i++) {
      const host = this.cluster.chooseHost(context);
      if (host !== undefined) {
        counts.set(host, (counts.get(host) ?? 0) + 1);
      }
    }
    return [...counts.values()];
  }
}

/** Has a host fail its health check, or pass it again. */
export function setFailed(host: Host | undefined, isFailed = true): void {
  host?.setHealthFlag(healthFlag.failedActiveHc, isFailed);
}

/** What a balancer knows of a request that has failed on these hosts. */
export function triedContext(...hosts: (Host | undefined)[]): LoadBalancerContext {
  return { hashKey: undefined, isTried: (host) => hosts.includes(host) };
}

/**
 * How far counts are from what was expected: the statistic of Pearson's chi-square test. Draws as
 * expected are below 40 with more than 99.99 percent for up to 9 degrees of freedom.
 */
export function chiSquare(counts: readonly number[], expected: readonly number[]): number {
  return counts.reduce((sum, count, i) => {
    const wanted = expected[i] ?? 0;
    return sum + (wanted === 0 ? 0 : (count - wanted) ** 2 / wanted);
  }, 0);
}
