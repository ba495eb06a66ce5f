import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { type Json, staticCluster } from './config-builder.js';
import { FakeUpstream } from './fake-upstream.js';
import type { ClientRequest, ClientResponse } from './http-client.js';
import { type ProxyParts, TestProxy } from './proxy.js';
import { until } from './until.js';

/** One request as the squash server saw it. */
export interface SeenQuestion {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What the server does with a question. */
export type SquashAnswer = (response: ServerResponse) => void;

/** Answers with a status and a document. */
export function answer(status: number, document: unknown): SquashAnswer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof document === 'string' ? document : JSON.stringify(document));
  };
}

/** Says that the debugger is on its way. */
export const created: SquashAnswer = answer(201, { metadata: { name: 'debug-1' } });

/** Says how far the debugger is. */
export function state(name: string): SquashAnswer {
  return answer(200, { metadata: { name: 'debug-1' }, status: { state: name } });
}

/** A server that debuggers are asked of. It does what the test has it do. */
export class SquashServer {
  readonly questions: SeenQuestion[] = [];
  /** What happens to a POST. */
  onCreate: SquashAnswer = created;
  /** What happens to a GET. */
  onPoll: SquashAnswer = state('none');
  readonly #upstream: FakeUpstream;

  private constructor(upstream: FakeUpstream) {
    this.#upstream = upstream;
  }

  static async start(t: TestContext): Promise<SquashServer> {
    const upstream = await FakeUpstream.start();
    t.after(() => upstream.close());
    const server = new SquashServer(upstream);
    upstream.handler = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request;
        server.questions.push({ method, path, headers, body: Buffer.concat(chunks).toString() });
        (method === 'POST' ? server.onCreate : server.onPoll)(response);
      });
    };
    return server;
  }

  get url(): string {
    return this.#upstream.url;
  }

  /** Connections that are open. */
  get connectionCount(): number {
    return this.#upstream.sockets.size;
  }

  /** Waits until so many questions have come. */
  untilAsked(count: number): Promise<void> {
    return until(() => this.questions.length >= count, `the server was asked ${count} times`);
  }
}

/** What a test says about its proxy; the rest is filled in. */
export interface SquashParts extends ProxyParts {
  /** Keys of the filter. */
  readonly filter?: Json;
  /** Hosts of the cluster of the server. Default: a server that is started. */
  readonly hosts?: readonly string[];
}

/** A proxy that asks a squash server, and that server. */
export interface SquashProxy {
  readonly proxy: TestProxy;
  readonly server: SquashServer;
  readonly upstream: FakeUpstream;
  /** Sends a request that asks for a debugger, and waits for nothing. */
  send(request?: ClientRequest): SentRequest;
  /** Waits until the proxy has had so many answers 2xx of the server. */
  untilAnswered(count: number): Promise<void>;
}

/** A request under way. */
export interface SentRequest {
  /** Whether the response has come. */
  readonly isDone: boolean;
  /** Waits for the response, and not for ever: time stands still while a request is held. */
  response(): Promise<ClientResponse>;
}

/** Starts a proxy with a filter `squash`, its server and a host that answers `hello`. */
export async function startSquashProxy(
  t: TestContext,
  parts: SquashParts = {},
): Promise<SquashProxy> {
  const server = await SquashServer.start(t);
  const upstream = await FakeUpstream.start();
  const config = { cluster: 'squash', attachment_template: {}, ...parts.filter };
  const hosts = parts.hosts ?? [server.url];
  const proxy = await TestProxy.start(t, {
    ...parts,
    upstream,
    manager: {
      filters: [
        { name: 'squash', config },
        { name: 'router', config: {} },
      ],
    },
    config: {
      clusters: [staticCluster('app', [upstream.url]), staticCluster('squash', hosts)],
    },
  });
  return {
    proxy,
    server,
    upstream,
    send: (request) => new Sent(proxy, request),
    async untilAnswered(count) {
      let last: number | undefined;
      for (let i = 0; i < 500 && last !== count; i++) {
        last = (await proxy.stats()).get('cluster.squash.upstream_rq_2xx');
      }
      assert.equal(last, count, 'answers of the server');
    },
  };
}

class Sent implements SentRequest {
  isDone = false;
  readonly #response: Promise<ClientResponse>;

  constructor(proxy: TestProxy, request: ClientRequest = {}) {
    const headers = { 'x-squash-debug': 'true', ...request.headers };
    this.#response = proxy.send({ ...request, headers });
    const onDone = (): void => {
      this.isDone = true;
    };
    this.#response.then(onDone, onDone);
  }

  async response(): Promise<ClientResponse> {
    await until(() => this.isDone, 'the request has gone on');
    return await this.#response;
  }
}
