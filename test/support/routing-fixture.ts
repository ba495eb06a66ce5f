import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import type { TestContext } from 'node:test';
import { type Json, staticCluster } from './config-builder.js';
import { DialRandom } from './dial-random.js';
import { FakeUpstream } from './fake-upstream.js';
import { type ClientRequest, type ClientResponse, send } from './http-client.js';
import { TestProxy } from './proxy.js';

/** What a test of routing says; the rest is filled in. */
export interface RoutingParts {
  /** Of the one virtual host, which has all domains. */
  readonly routes: readonly Json[];
  /** More keys of the virtual host. */
  readonly virtualHost?: Json;
  /** More keys of the route table. */
  readonly table?: Json;
  /** More keys of the connection manager. */
  readonly manager?: Json;
}

/** What is asked for through both doors. */
export interface RoutedRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | readonly string[]>;
}

/** A sidecar whose clusters `a`, `b` and `c` have one host each, which answers with its name. */
export class RoutingFixture {
  readonly proxy: TestProxy;
  /** Where the sidecar's random numbers come from. */
  readonly random: DialRandom;
  readonly #hosts: ReadonlyMap<string, FakeUpstream>;

  private constructor(
    proxy: TestProxy,
    random: DialRandom,
    hosts: ReadonlyMap<string, FakeUpstream>,
  ) {
    this.proxy = proxy;
    this.random = random;
    this.#hosts = hosts;
  }

  static async start(t: TestContext, parts: RoutingParts): Promise<RoutingFixture> {
    const hosts = new Map<string, FakeUpstream>();
    for (const name of ['a', 'b', 'c']) {
      const host = await FakeUpstream.start((_request, response) => response.end(name));
      t.after(() => host.close());
      hosts.set(name, host);
    }
    const random = new DialRandom();
    const proxy = await TestProxy.start(t, {
      manager: parts.manager ?? {},
      config: {
        clusters: [...hosts].map(([name, { url }]) => staticCluster(name, [url])),
        virtualHosts: [{ name: 'all', domains: ['*'], routes: parts.routes, ...parts.virtualHost }],
        routeConfig: parts.table ?? {},
      },
      environment: { random },
    });
    return new RoutingFixture(proxy, random, hosts);
  }

  /** Sends a request to the listener. */
  send(request: ClientRequest = {}): Promise<ClientResponse> {
    return send(this.proxy.port, request);
  }

  /**
   * Returns which cluster answers a request, or the status of a local reply. The request goes
   * through the listener and through the application's own door, and both must agree.
   */
  async ask(path: string, request: Omit<RoutedRequest, 'path'> = {}): Promise<string> {
    const response = await this.send({ path, ...request });
    const answer = response.status === 200 ? response.text : String(response.status);
    assert.equal(await this.askOutbound(path, request), answer, `${path}, outbound`);
    return answer;
  }

  /** As `ask`, through the application's own door alone. */
  async askOutbound(path: string, request: Omit<RoutedRequest, 'path'> = {}): Promise<string> {
    const response = await this.proxy.sidecar.request(`http://foo.com${path}`, request);
    const text = await response.body.text();
    return response.statusCode === 200 ? text : String(response.statusCode);
  }

  /** Returns the answers to several paths. */
  async askAll(...paths: readonly string[]): Promise<string[]> {
    const answers: string[] = [];
    for (const path of paths) {
      answers.push(await this.ask(path));
    }
    return answers;
  }

  /** Returns the request that the host of a cluster has got last. */
  lastRequest(cluster: string): IncomingMessage {
    const request = this.#hosts.get(cluster)?.requests.at(-1);
    assert.ok(request !== undefined, `cluster ${cluster} has got no request`);
    return request;
  }

  /** Returns how many requests the host of a cluster has got. */
  requestCount(cluster: string): number {
    return this.#hosts.get(cluster)?.requests.length ?? 0;
  }
}

/** Returns every value of a header of a received message, in order. */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
}
