import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { Random } from '../../lib/base/random.js';
import type { SidecarEnvironment } from '../../lib/sidecar.js';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import { type Json, staticCluster, virtualHost } from './config-builder.js';
import { FakeUpstream } from './fake-upstream.js';
import { TestProxy } from './proxy.js';
import { ScriptedRandom } from './scripted-random.js';
import { until } from './until.js';

/** What a host does with an attempt. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** One attempt as a host saw it. */
export interface SeenAttempt {
  /** Index of the host in its cluster. */
  readonly host: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

/** Answers with a status, a body that says it, and perhaps more headers. */
export function status(code: number, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(code, headers);
    response.end(`status ${code}`);
  };
}

/** Closes the connection without a byte of a response. */
export const dies: Answer = (_response, request) => request.socket.destroy();

/** Never answers. */
export const hangs: Answer = () => {};

/** Keys of a route that tries requests again. `more`: keys of its policy. */
export function retryOn(retry_on: string, more: Json = {}): Json {
  return { retry_policy: { retry_on, ...more } };
}

/** What a test says about its proxy. */
export interface RetryParts {
  /** How many hosts the cluster has. Default 1. */
  readonly hosts?: number;
  /** URLs of hosts that stand before the others. */
  readonly firstHosts?: readonly string[];
  /** What happens to the first, second, ... attempt, whichever host gets it; the last one stays. */
  readonly answers: readonly Answer[];
  readonly route?: Json;
  readonly cluster?: Json;
  readonly manager?: Json;
  readonly listener?: Json;
  readonly moreClusters?: readonly Json[];
  readonly options?: Partial<SidecarOptions>;
  /** Default: draws nothing but 0, so that retries wait for nothing. */
  readonly random?: Random;
  readonly environment?: Partial<SidecarEnvironment>;
}

/** A proxy whose hosts answer by a script, attempt by attempt. */
export class RetryProxy {
  readonly proxy: TestProxy;
  /** In the order in which they were complete. */
  readonly attempts: SeenAttempt[];
  answers: readonly Answer[];
  /** Answers a request before its body is complete, in the place of `answers`. */
  onHead: Answer | undefined = undefined;
  readonly #upstreams: readonly FakeUpstream[];

  private constructor(
    proxy: TestProxy,
    attempts: SeenAttempt[],
    answers: readonly Answer[],
    upstreams: readonly FakeUpstream[],
  ) {
    this.proxy = proxy;
    this.attempts = attempts;
    this.answers = answers;
    this.#upstreams = upstreams;
  }

  static async start(t: TestContext, parts: RetryParts): Promise<RetryProxy> {
    const { hosts = 1, firstHosts = [] } = parts;
    const upstreams = await Promise.all(Array.from({ length: hosts }, () => FakeUpstream.start()));
    const urls = [...firstHosts, ...upstreams.map(({ url }) => url)];
    const proxy = await TestProxy.start(t, {
      upstream: upstreams[0],
      manager: { use_remote_address: true, ...parts.manager },
      config: {
        clusters: [staticCluster('app', urls, parts.cluster), ...(parts.moreClusters ?? [])],
        virtualHosts: [virtualHost(['*'], 'app', { timeout_ms: 15_000, ...parts.route })],
        listener: parts.listener ?? {},
      },
      environment: { random: parts.random ?? new ScriptedRandom(0), ...parts.environment },
      options: parts.options ?? {},
    });
    const self = new RetryProxy(proxy, [], parts.answers, upstreams);
    for (const [host, upstream] of upstreams.entries()) {
      upstream.handler = (request, response) => self.#onRequest(host, request, response);
      if (host > 0) {
        t.after(() => upstream.close());
      }
    }
    return self;
  }

  /** Which host got each attempt. */
  get hosts(): number[] {
    return this.attempts.map(({ host }) => host);
  }

  /** Connections to the hosts that are open. */
  get connectionCount(): number {
    return this.#upstreams.reduce((sum, { sockets }) => sum + sockets.size, 0);
  }

  /** Waits until so many attempts have come. */
  untilAttempts(count: number): Promise<void> {
    return until(() => this.attempts.length >= count, `there are ${count} attempts`);
  }

  /** Returns a statistic of the cluster, 0 if there is none. */
  async count(name: string, cluster = 'app'): Promise<number> {
    return (await this.proxy.stats()).get(`cluster.${cluster}.${name}`) ?? 0;
  }

  /** Waits until a statistic of the cluster has a value. */
  async untilCount(name: string, value: number): Promise<void> {
    let last: number | undefined;
    for (let i = 0; i < 500 && last !== value; i++) {
      last = await this.count(name);
    }
    if (last !== value) {
      throw new Error(`${name} is ${last}, expected ${value}`);
    }
  }

  #onRequest(host: number, request: IncomingMessage, response: ServerResponse): void {
    if (this.onHead !== undefined) {
      this.onHead(response, request);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      const { method = '', url: path = '', headers, trailers } = request;
      const body = Buffer.concat(chunks).toString('latin1');
      const index = this.attempts.push({ host, method, path, headers, body, trailers }) - 1;
      this.answers[Math.min(index, this.answers.length - 1)]?.(response, request);
    });
  }
}
