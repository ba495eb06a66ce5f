import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { clusterCounts } from './cluster-counts.js';
import { type Json, staticCluster, virtualHost } from './config-builder.js';
import { FakeUpstream, type UpstreamHandler } from './fake-upstream.js';
import { type ProxyParts, TestProxy } from './proxy.js';
import { ScriptedRandom } from './scripted-random.js';

/** Milliseconds between two questions: the random draw is 0. */
export const refreshDelayMs = 1000;

/** A host as a discovery service tells of it. */
export interface DiscoveredHost {
  readonly ip_address: string;
  readonly port: number;
  readonly tags?: Json;
}

/** Returns the entry of a host on loopback. */
export function discovered(upstream: { readonly port: number }, tags: Json = {}): DiscoveredHost {
  return { ip_address: '127.0.0.1', port: upstream.port, tags };
}

/** A discovery service on loopback, and a sidecar that finds the hosts of its cluster `app` there. */
export class DiscoveryFixture {
  readonly service: FakeUpstream;
  readonly proxy: TestProxy;

  private constructor(service: FakeUpstream, proxy: TestProxy) {
    this.service = service;
    this.proxy = proxy;
  }

  /** `answer`: the hosts that the service tells of at first, or what it does instead. */
  static async start(
    t: TestContext,
    answer: readonly DiscoveredHost[] | UpstreamHandler,
    parts: ProxyParts & { readonly cluster?: Json } = {},
  ): Promise<DiscoveryFixture> {
    const service = await FakeUpstream.start(
      typeof answer === 'function' ? answer : tellHosts(answer),
    );
    const proxy = await TestProxy.start(t, {
      ...parts,
      upstream: service,
      environment: { random: new ScriptedRandom(0), ...parts.environment },
      config: {
        clusters: [
          {
            name: 'app',
            type: 'sds',
            service_name: 'app-service.default.svc.cluster.local',
            connect_timeout_ms: 250,
            lb_type: 'round_robin',
            ...parts.cluster,
          },
        ],
        virtualHosts: [virtualHost(['*'], 'app', parts.route)],
        sds: {
          cluster: staticCluster('discovery', [service.url]),
          refresh_delay_ms: refreshDelayMs,
        },
        ...parts.config,
      },
    });
    return new DiscoveryFixture(service, proxy);
  }

  /** Changes what the service does, and lets the sidecar ask it. */
  async refresh(answer?: readonly DiscoveredHost[] | UpstreamHandler): Promise<void> {
    if (answer !== undefined) {
      this.service.handler = typeof answer === 'function' ? answer : tellHosts(answer);
    }
    const before = await this.results();
    // Not a moment longer, or time limits would run out before anything can happen.
    this.proxy.clock.advance(refreshDelayMs);
    await this.untilResults(before + 1);
  }

  /** Waits until so many questions have had their answer or failure. */
  async untilResults(count: number): Promise<void> {
    let last = 0;
    for (let i = 0; i < 2000 && last < count; i++) {
      last = await this.results();
    }
    assert.ok(last >= count, `${last} instead of ${count} results of discovery`);
  }

  /** How many questions have had their answer or failure. */
  async results(): Promise<number> {
    const counts = await clusterCounts(this.proxy, 'app', 'update_success', 'update_failure');
    return counts.update_success + counts.update_failure;
  }
}

/** Answers with these hosts. */
export function tellHosts(hosts: readonly DiscoveredHost[]): UpstreamHandler {
  return (_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ hosts }));
  };
}
