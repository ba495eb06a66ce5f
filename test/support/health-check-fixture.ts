import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { clusterCounts } from './cluster-counts.js';
import { type Json, staticCluster, virtualHost } from './config-builder.js';
import { FakeUpstream, type UpstreamHandler } from './fake-upstream.js';
import { type ProxyParts, TestProxy } from './proxy.js';
import { until } from './until.js';

/** The wait between checks while there has been no traffic. */
export const noTrafficMs = 60_000;
/** The wait between checks otherwise, and the time that a host has to answer. */
export const intervalMs = 10_000;
export const timeoutMs = 1000;

/** A health check by HTTP; `parts` replaces what it names. */
export function httpCheck(parts: Json = {}): Json {
  return { ...times, type: 'http', path: '/healthcheck', ...parts };
}

/** The keys that health checks of all types have. */
export const times: Json = {
  timeout_ms: timeoutMs,
  interval_ms: intervalMs,
  unhealthy_threshold: 2,
  healthy_threshold: 2,
};

/** A host that answers requests with its name, and health checks as a test says. */
export class CheckedHost {
  readonly name: string;
  readonly upstream: FakeUpstream;
  /** The checks that it has been asked. */
  readonly checks: IncomingMessage[] = [];
  onCheck: UpstreamHandler = answer(200);
  onRequest: UpstreamHandler = (_request, response) => {
    response.end(this.name);
  };

  private constructor(name: string, upstream: FakeUpstream) {
    this.name = name;
    this.upstream = upstream;
    upstream.handler = (request, response) => {
      if (request.headers['user-agent'] === 'Envoy/HC') {
        this.checks.push(request);
        this.onCheck(request, response);
      } else {
        this.onRequest(request, response);
      }
    };
  }

  static async start(t: TestContext, name: string): Promise<CheckedHost> {
    const upstream = await FakeUpstream.start();
    t.after(() => upstream.close());
    return new CheckedHost(name, upstream);
  }

  static startAll(t: TestContext, ...names: string[]): Promise<CheckedHost[]> {
    return Promise.all(names.map((name) => CheckedHost.start(t, name)));
  }

  /** As `/clusters` has it. */
  get address(): string {
    return `127.0.0.1:${this.upstream.port}`;
  }
}

/** Answers with a status and nothing else. */
export function answer(status: number, headers: Record<string, string> = {}): UpstreamHandler {
  return (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(status, headers).end();
  };
}

/** Cuts the connection instead of answering. */
export const cut: UpstreamHandler = (request) => {
  request.socket.destroy();
};

/** What a test says about its cluster `app`. */
export interface HealthCheckParts extends ProxyParts {
  /** The hosts of the cluster, as URLs or by what they are. */
  readonly hosts: readonly (CheckedHost | string)[];
  readonly check: Json;
}

/** A sidecar whose cluster `app` checks its hosts, on a clock that stands still. */
export class HealthCheckFixture {
  readonly proxy: TestProxy;
  readonly #intervalMs: number;
  #waitMs: number = noTrafficMs;

  private constructor(proxy: TestProxy, check: Json) {
    this.proxy = proxy;
    this.#intervalMs = Number(check['interval_ms']);
  }

  /** Starts it; `t` closes it, and fails if a timer or socket is left. */
  static async start(t: TestContext, parts: HealthCheckParts): Promise<HealthCheckFixture> {
    const urls = parts.hosts.map((host) => (typeof host === 'string' ? host : host.upstream.url));
    const proxy = await TestProxy.start(t, {
      ...parts,
      config: {
        clusters: [staticCluster('app', urls, { health_check: parts.check, ...parts.cluster })],
        virtualHosts: [virtualHost(['*'], 'app', parts.route)],
        ...parts.config,
      },
    });
    return new HealthCheckFixture(proxy, parts.check);
  }

  /**
   * Lets the time to the next checks pass, and waits for their results. The first wait after the
   * start is that without traffic, and so are all others unless there has been a request.
   */
  async round(): Promise<void> {
    this.proxy.clock.advance(this.#waitMs);
    await this.settle();
    const { upstream_cx_total } = await clusterCounts(this.proxy, 'app', 'upstream_cx_total');
    if (upstream_cx_total > 0) {
      this.#waitMs = this.#intervalMs;
    }
  }

  /** Waits until no check is under way. */
  async settle(): Promise<void> {
    let isSettled = false;
    for (let i = 0; i < 5000 && !isSettled; i++) {
      const { attempt, success, failure, passive_failure } = await this.counts();
      isSettled = attempt === success + failure - passive_failure;
    }
    assert.ok(isSettled, 'a check is still under way');
  }

  /** Returns the statistics of the checks. */
  async counts(): Promise<Record<HealthCheckCount, number>> {
    const counts = await clusterCounts(
      this.proxy,
      'app',
      ...names.map((name) => `health_check.${name}`),
    );
    // Each of the names has an entry.
    return Object.fromEntries(
      names.map((name) => [name, counts[`health_check.${name}`]]),
    ) as Record<HealthCheckCount, number>;
  }

  /** Returns the health of each host, as `/clusters` of the admin server shows it. */
  async flags(): Promise<Map<string, string>> {
    const response = await fetch(`http://127.0.0.1:${this.proxy.adminPort}/clusters`);
    const lines = [...(await response.text()).matchAll(/^app::(.*)::health_flags::(.*)$/gm)];
    return new Map(lines.map(([, address = '', flags = '']) => [address, flags]));
  }

  /** Whether `/clusters` shows a host as healthy. */
  async isHealthy(host: CheckedHost | { readonly address: string }): Promise<boolean> {
    const flags = (await this.flags()).get(host.address);
    assert.ok(flags !== undefined, `${host.address} is no host`);
    return flags === 'healthy';
  }

  /** Sends requests one after another; returns what has answered, sorted. */
  async answers(count: number): Promise<string[]> {
    const texts: string[] = [];
    for (let i = 0; i < count; i++) {
      texts.push((await this.proxy.send()).text);
    }
    return texts.sort();
  }

  /** Waits until a host has been asked so many checks. */
  async untilAsked(host: CheckedHost, count: number): Promise<void> {
    await until(() => host.checks.length >= count, `${host.name} is asked`);
  }
}

const names = [
  'attempt',
  'success',
  'failure',
  'passive_failure',
  'network_failure',
  'verify_cluster',
  'healthy',
] as const;

/** The name of a statistic of health checks. */
export type HealthCheckCount = (typeof names)[number];
