import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { buildConfig, type ConfigParts, type Json, staticCluster } from './config-builder.js';
import { FakeUpstream } from './fake-upstream.js';
import { type ProxyParts, TestProxy } from './proxy.js';
import { ScriptedRandom } from './scripted-random.js';

/** Milliseconds between two questions of each kind: the random draw is 0. */
export const refreshDelayMs = 10_000;

/** What a discovery service says: a value, or what it does instead of answering. */
export type ServiceAnswer = Json | ((response: ServerResponse) => void);

/** Paths of the questions, as they are asked by the node `edge-1` of `edge`. */
export const servicePaths = {
  cds: '/v1/clusters/edge/edge-1',
  lds: '/v1/listeners/edge/edge-1',
  rds: '/v1/routes/table/edge/edge-1',
  sds: '/v1/registration/hosts',
} as const;

/** What can be asked for. */
export type Protocol = keyof typeof servicePaths;

const scopes: Readonly<Record<Protocol, string>> = {
  cds: 'cluster_manager.cds.',
  lds: 'listener_manager.lds.',
  rds: 'http.ingress_http.rds.table.',
  sds: 'cluster.app.',
};

/** A sidecar, one discovery service that answers everything it may ask for, and hosts. */
export class DynamicProxy {
  readonly proxy: TestProxy;
  readonly service: FakeUpstream;
  readonly #answers: Map<string, ServiceAnswer>;
  readonly #t: TestContext;

  private constructor(
    t: TestContext,
    proxy: TestProxy,
    service: FakeUpstream,
    answers: Map<string, ServiceAnswer>,
  ) {
    this.#t = t;
    this.proxy = proxy;
    this.service = service;
    this.#answers = answers;
  }

  /** `configure` gets the cluster of the service, whose name is `discovery`. */
  static async start(
    t: TestContext,
    answers: Partial<Record<Protocol, ServiceAnswer>>,
    configure: (discovery: Json) => ConfigParts,
    parts: ProxyParts = {},
  ): Promise<DynamicProxy> {
    const byPath = new Map<string, ServiceAnswer>();
    const service = await FakeUpstream.start((request, response) => {
      answerWith(byPath.get(request.url ?? ''), response);
    });
    t.after(() => service.close());
    for (const [protocol, answer] of Object.entries(answers)) {
      // `Object.entries` forgets the names.
      byPath.set(servicePaths[protocol as Protocol], answer);
    }
    const { manager, ...config } = configure(staticCluster('discovery', [service.url]));
    const proxy = await TestProxy.start(t, {
      ...parts,
      manager: { access_log: [], ...manager },
      config,
      options: { serviceCluster: 'edge', serviceNode: 'edge-1', ...parts.options },
      environment: { random: new ScriptedRandom(0), ...parts.environment },
    });
    return new DynamicProxy(t, proxy, service, byPath);
  }

  /** A host that answers with `text`, until the test is over. */
  async host(text: string): Promise<FakeUpstream> {
    return startHost(this.#t, text);
  }

  setAnswer(protocol: Protocol, answer: ServiceAnswer): void {
    this.#answers.set(servicePaths[protocol], answer);
  }

  /** Changes an answer, has the service asked for it, and waits until it has been taken. */
  async refresh(protocol: Protocol, answer: ServiceAnswer): Promise<void> {
    this.setAnswer(protocol, answer);
    const before = await this.#results(protocol);
    this.proxy.clock.advance(refreshDelayMs);
    for (let i = 0; i < 5000; i++) {
      if ((await this.#results(protocol)) > before) {
        await this.untilStat('cluster_manager.warming_clusters', 0);
        return this.untilStat('listener_manager.total_listeners_warming', 0);
      }
    }
    assert.fail(`there was no new result of ${protocol}`);
  }

  async stat(name: string): Promise<number | undefined> {
    return (await this.proxy.stats()).get(name);
  }

  /** Returns the statistics of a protocol: `config_reload`, `update_failure` and so on. */
  async counts(protocol: Protocol): Promise<Record<string, number>> {
    const scope = scopes[protocol];
    const found = [...(await this.proxy.stats())].filter(([name]) => name.startsWith(scope));
    return Object.fromEntries(found.map(([name, value]) => [name.slice(scope.length), value]));
  }

  async untilStat(name: string, value: number | undefined): Promise<void> {
    let last: number | undefined;
    for (let i = 0; i < 5000; i++) {
      last = await this.stat(name);
      if (last === value) {
        return;
      }
    }
    assert.fail(`${name} is ${last} instead of ${value}`);
  }

  /** Sends a request to the listener; returns status and body. */
  async ask(host: string): Promise<string> {
    const { status, text } = await this.proxy.send({ headers: { host } });
    return `${status} ${text}`;
  }

  async admin(path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.proxy.adminPort}${path}`);
    return response.text();
  }

  async #results(protocol: Protocol): Promise<number> {
    const { update_success: success = 0, update_failure: failure = 0 } =
      await this.counts(protocol);
    return success + failure;
  }
}

/** Starts a host that answers with `text`, and is closed when the test is over. */
export async function startHost(t: TestContext, text: string): Promise<FakeUpstream> {
  const host = await FakeUpstream.start((_request, response) => response.end(text));
  t.after(() => host.close());
  return host;
}

/** `cds`, `sds` and so on as they name or define the discovery service. */
export function asks(discovery: Json): {
  readonly cluster: Json;
  readonly refresh_delay_ms: number;
} {
  return { cluster: discovery, refresh_delay_ms: refreshDelayMs };
}

/** Builds the document of a listener; its keys are those of `buildConfig`. */
export function listener(name: string, address: string, parts: ConfigParts): Json {
  const [built] = buildConfig(parts)['listeners'] as readonly Json[];
  return { ...built, name, address };
}

function answerWith(answer: ServiceAnswer | undefined, response: ServerResponse): void {
  if (typeof answer === 'function') {
    answer(response);
  } else if (answer === undefined) {
    response.writeHead(404).end();
  } else {
    response.end(JSON.stringify(answer));
  }
}
