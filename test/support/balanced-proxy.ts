import type { TestContext } from 'node:test';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import { clusterCounts } from './cluster-counts.js';
import { type Json, staticCluster } from './config-builder.js';
import { type DiscoveredHost, discovered, refreshDelayMs } from './discovery-server.js';
import { FakeUpstream } from './fake-upstream.js';
import { TestProxy } from './proxy.js';
import { SeededDraws } from './seeded-draws.js';

/** What a test says about a sidecar whose hosts are discovered. */
export interface BalancedProxyParts {
  /** Keys of the cluster `app`. */
  readonly cluster?: Json;
  /** More keys of the cluster manager. */
  readonly clusterManager?: Json;
  readonly route?: Json;
  readonly options?: Partial<SidecarOptions>;
}

/** So many names a test may use. */
const maxHosts = 12;

/** A name and the tags of a host. */
export type NamedTags = readonly [name: string, tags?: Json];

/**
 * A sidecar whose clusters `app` and `here` get their hosts from a discovery service. Those of `app`
 * answer with their names; those of `here` need not exist.
 */
export class BalancedProxy {
  readonly proxy: TestProxy;
  /** Hosts that have no name yet. What is started later than the proxy would seem to be left behind. */
  readonly #spare: FakeUpstream[];
  readonly #upstreams = new Map<string, FakeUpstream>();
  #hosts: readonly DiscoveredHost[] = [];
  #localHosts: readonly DiscoveredHost[] = [];

  private constructor(spare: FakeUpstream[], proxy: TestProxy) {
    this.#spare = spare;
    this.proxy = proxy;
  }

  /** Starts it without any hosts. */
  static async start(t: TestContext, parts: BalancedProxyParts = {}): Promise<BalancedProxy> {
    const spare: FakeUpstream[] = [];
    for (let i = 0; i < maxHosts; i++) {
      const host = await FakeUpstream.start();
      t.after(() => host.close());
      spare.push(host);
    }
    const service = await FakeUpstream.start((_request, response) => response.end('{"hosts":[]}'));
    const sdsCluster = (name: string, more: Json = {}): Json => ({
      name,
      type: 'sds',
      service_name: name,
      connect_timeout_ms: 250,
      lb_type: 'round_robin',
      ...more,
    });
    const proxy = await TestProxy.start(t, {
      upstream: service,
      environment: { random: new SeededDraws(1) },
      ...(parts.route === undefined ? {} : { route: parts.route }),
      ...(parts.options === undefined ? {} : { options: parts.options }),
      config: {
        clusters: [sdsCluster('app', parts.cluster), sdsCluster('here')],
        sds: {
          cluster: staticCluster('discovery', [service.url]),
          refresh_delay_ms: refreshDelayMs,
        },
        clusterManager: parts.clusterManager ?? {},
      },
    });
    const balanced = new BalancedProxy(spare, proxy);
    service.handler = (request, response) => {
      const isLocal = request.url?.endsWith('/here') === true;
      response.end(JSON.stringify({ hosts: isLocal ? balanced.#localHosts : balanced.#hosts }));
    };
    return balanced;
  }

  /** Makes these the hosts of `app`; those of a name that was there before are the same. */
  async setHosts(...hosts: readonly NamedTags[]): Promise<void> {
    const found: DiscoveredHost[] = [];
    for (const [name, tags] of hosts) {
      found.push(discovered(this.#hostOf(name), tags));
    }
    this.#hosts = found;
    await this.#refresh();
  }

  /** Makes so many hosts in these zones those of `here`. */
  async setLocalZones(zones: Readonly<Record<string, number>>): Promise<void> {
    let port = 0;
    this.#localHosts = Object.entries(zones).flatMap(([az, count]) =>
      Array.from({ length: count }, () => discovered({ port: ++port }, { az })),
    );
    await this.#refresh();
  }

  /** The host of a name. */
  host(name: string): FakeUpstream {
    const host = this.#upstreams.get(name);
    if (host === undefined) {
      throw new Error(`there is no host ${name}`);
    }
    return host;
  }

  /** Sends so many requests, one after the other, and returns how many each host has served. */
  async shares(requests: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (let i = 0; i < requests; i++) {
      const { text } = await this.proxy.send();
      counts[text] = (counts[text] ?? 0) + 1;
    }
    return counts;
  }

  /** Returns statistics of `app`. */
  counts<N extends string>(...names: readonly N[]): Promise<Record<N, number>> {
    return clusterCounts(this.proxy, 'app', ...names);
  }

  #hostOf(name: string): FakeUpstream {
    const known = this.#upstreams.get(name);
    if (known !== undefined) {
      return known;
    }
    const host = this.#spare.pop();
    if (host === undefined) {
      throw new Error('a test has too many hosts');
    }
    host.handler = (_request, response) => response.end(name);
    this.#upstreams.set(name, host);
    return host;
  }

  /** Lets the sidecar ask the service for both clusters. */
  async #refresh(): Promise<void> {
    const before = await this.#answers();
    // The wait is up to twice as long, by a random number.
    this.proxy.clock.advance(2 * refreshDelayMs);
    for (let i = 0; i < 2000; i++) {
      const after = await this.#answers();
      if (after.every((count, cluster) => count > (before[cluster] ?? 0))) {
        return;
      }
    }
    throw new Error('the service has not been asked');
  }

  async #answers(): Promise<number[]> {
    const counts = await Promise.all(
      ['app', 'here'].map((name) => clusterCounts(this.proxy, name, 'update_success')),
    );
    return counts.map(({ update_success }) => update_success);
  }
}

/** How far counts are from an equal share: the statistic of Pearson's chi-square test. */
export function chiSquareOf(counts: Readonly<Record<string, number>>, share: number): number {
  return Object.values(counts).reduce((sum, count) => sum + (count - share) ** 2 / share, 0);
}
