import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { clusterCounts } from './cluster-counts.js';
import { type Json, staticCluster } from './config-builder.js';
import { addresses, DnsServer } from './dns-server.js';
import { FakeUpstream } from './fake-upstream.js';
import { type ProxyParts, TestProxy } from './proxy.js';

/** How often the names are looked up. */
export const refreshMs = 5000;

/** What a test says of its cluster; the rest is filled in. */
export interface DnsProxyParts extends ProxyParts {
  /** Default: one. */
  readonly hostCount?: number;
  /** Names of the cluster. Default: `orders.test`. */
  readonly names?: readonly string[];
  /** The addresses of these names when the sidecar starts; default those of all hosts. */
  readonly first?: readonly string[];
  /** Keys of the cluster, a `strict_dns` one. */
  readonly keys?: (dns: DnsServer) => Json;
  /** More clusters, whose hosts may be on the port of all hosts. */
  readonly more?: (dns: DnsServer, port: number) => readonly Json[];
  /** Tells the name server what to do before the sidecar starts. */
  readonly prepare?: (dns: DnsServer) => void;
}

/**
 * A proxy to a cluster of names, the server that knows them, and hosts that answer with their
 * address: 127.0.0.1, 127.0.0.2 and so on, all on one port.
 */
export class DnsProxy {
  readonly dns: DnsServer;
  readonly hosts: readonly FakeUpstream[];
  readonly proxy: TestProxy;

  private constructor(dns: DnsServer, hosts: readonly FakeUpstream[], proxy: TestProxy) {
    this.dns = dns;
    this.hosts = hosts;
    this.proxy = proxy;
  }

  static async start(t: TestContext, parts: DnsProxyParts = {}): Promise<DnsProxy> {
    const { hostCount = 1, names = ['orders.test'], first, keys, more, prepare, ...rest } = parts;
    const dns = await DnsServer.start();
    const hosts = await startHosts(hostCount);
    t.after(() => Promise.all([dns.close(), ...hosts.map((host) => host.close())]));
    const all = hosts.map((_, index) => addressOf(index));
    dns.records = names.flatMap((name) => addresses(name, first ?? all));
    prepare?.(dns);
    const port = hosts[0]?.port ?? 0;
    const urls = names.map((name) => `tcp://${name}:${port}`);
    const app = staticCluster('app', urls, {
      type: 'strict_dns',
      dns_refresh_rate_ms: refreshMs,
      dns_resolvers: [dns.hostPort],
      connect_timeout_ms: 60_000,
      ...keys?.(dns),
    });
    const config = { clusters: [app, ...(more?.(dns, port) ?? [])], ...rest.config };
    return new DnsProxy(dns, hosts, await TestProxy.start(t, { ...rest, config }));
  }

  /** The port of all hosts. */
  get port(): number {
    return this.hosts[0]?.port ?? 0;
  }

  /** Says what `orders.test` stands for from now on. */
  setAddresses(values: readonly string[], ttl = 60): void {
    this.dns.records = addresses('orders.test', values, ttl);
  }

  /** Lets the refresh time pass, and waits until the look-ups that follow are over. */
  async refresh(lookups = 1): Promise<void> {
    const before = await this.lookupsOver();
    this.proxy.clock.advance(refreshMs);
    await this.untilLookups(before + lookups);
  }

  /** Waits until so many look-ups are over. */
  async untilLookups(count: number): Promise<void> {
    for (let i = 0; i < 2000 && (await this.lookupsOver()) < count; i++) {
      // Each turn asks the admin server, which takes turns of the event loop.
    }
    assert.equal(await this.lookupsOver(), count, 'look-ups that are over');
  }

  /** How many look-ups have succeeded or failed. */
  async lookupsOver(): Promise<number> {
    const { update_success, update_failure } = await this.counts(
      'update_success',
      'update_failure',
    );
    return update_success + update_failure;
  }

  /** Returns statistics of the cluster. */
  counts<N extends string>(...names: readonly N[]): Promise<Record<N, number>> {
    return clusterCounts(this.proxy, 'app', ...names);
  }

  /** Sends so many requests; returns the addresses of those that answered, each once, sorted. */
  async servedBy(count = 12): Promise<string[]> {
    const served = new Set<string>();
    for (let i = 0; i < count; i++) {
      const { status, text } = await this.proxy.send();
      assert.equal(status, 200, text);
      served.add(text);
    }
    return [...served].sort();
  }
}

function addressOf(index: number): string {
  return `127.0.0.${index + 1}`;
}

async function startHosts(count: number): Promise<FakeUpstream[]> {
  const hosts: FakeUpstream[] = [];
  for (let index = 0; index < count; index++) {
    const address = addressOf(index);
    const port = hosts[0]?.port ?? 0;
    hosts.push(
      await FakeUpstream.start((_request, response) => response.end(address), address, port),
    );
  }
  return hosts;
}
