import type { TestContext } from 'node:test';
import { type Json, staticCluster, virtualHost } from './config-builder.js';
import { FakeUpstream } from './fake-upstream.js';
import type { ClientResponse } from './http-client.js';
import { type ProxyParts, TestProxy } from './proxy.js';
import { RateLimitServer } from './rate-limit-server.js';

/** What a test says about its rate limits; the rest is filled in. */
export interface RateLimitedParts extends ProxyParts {
  /** Keys of the filter; the domain is `test`. */
  readonly filter?: Json;
  /** `rate_limits` of the route. Default: one generic key. */
  readonly limits?: readonly Json[];
  /** Keys of the virtual host. */
  readonly virtualHost?: Json;
  /** Hosts of the service. Default: a server that is started. */
  readonly hosts?: readonly string[];
  /** Name of the cluster of the service. */
  readonly serviceName?: string;
}

/** A proxy that asks a rate limit service, and that service. */
export interface RateLimitedProxy {
  readonly proxy: TestProxy;
  readonly service: RateLimitServer;
  readonly upstream: FakeUpstream;
  /** Returns `ok`, `error` and `over_limit` of the cluster `app`. */
  counts(): Promise<readonly (number | undefined)[]>;
  /** Sends a request with these headers and returns the descriptors that were asked about. */
  descriptorsOf(headers?: Record<string, string>): Promise<readonly string[]>;
}

/** A `rate_limits` entry with these actions. */
export function limit(...actions: readonly Json[]): Json {
  return { actions };
}

/** The action that adds `generic_key` with this value. */
export function generic(descriptor_value: string): Json {
  return { type: 'generic_key', descriptor_value };
}

/** Starts a proxy with a filter `rate_limit`, its service and a host that answers `hello`. */
export async function startRateLimited(
  t: TestContext,
  parts: RateLimitedParts = {},
): Promise<RateLimitedProxy> {
  const service = await RateLimitServer.start();
  t.after(() => service.close());
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream, ...proxyParts(parts, service, upstream) });
  return {
    proxy,
    service,
    upstream,
    async counts() {
      const stats = await proxy.stats();
      return ['ok', 'error', 'over_limit'].map((name) =>
        stats.get(`cluster.app.ratelimit.${name}`),
      );
    },
    async descriptorsOf(headers: Record<string, string> = {}): Promise<readonly string[]> {
      const before = service.questions.length;
      await proxy.send({ headers });
      return service.descriptors.slice(before).flat();
    },
  };
}

function proxyParts(
  parts: RateLimitedParts,
  service: RateLimitServer,
  upstream: FakeUpstream,
): ProxyParts {
  const { serviceName = 'ratelimit', hosts = [service.url] } = parts;
  const route = { rate_limits: parts.limits ?? [limit(generic('a'))], ...parts.route };
  return {
    ...parts,
    manager: {
      filters: [
        { name: 'rate_limit', config: { domain: 'test', ...parts.filter } },
        { name: 'router', config: {} },
      ],
      ...parts.manager,
    },
    config: {
      clusters: [staticCluster('app', [upstream.url]), staticCluster(serviceName, hosts)],
      virtualHosts: [{ ...virtualHost(['*'], 'app', route), ...parts.virtualHost }],
      rateLimitService: { type: 'grpc_service', config: { cluster_name: serviceName } },
      ...parts.config,
    },
  };
}

/** Whether a response is the refusal of a request beyond its limits. */
export function isRefusal({ status, text, headers }: ClientResponse): boolean {
  return status === 429 && text === '' && headers['content-type'] === undefined;
}
