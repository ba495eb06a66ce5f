import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { SecureContextOptions, Server, TLSSocket, TlsOptions } from 'node:tls';
import type { Json } from './config-builder.js';
import { staticCluster } from './config-builder.js';
import { type ProxyParts, TestProxy } from './proxy.js';
import { tlsFile } from './tls-client.js';

/** Returns the certificate and key that a host shows. */
export function shown(name: string): SecureContextOptions {
  return { cert: readFileSync(tlsFile(`${name}.pem`)), key: readFileSync(tlsFile(`${name}.key`)) };
}

/** A host on loopback that speaks TLS, and remembers the connections that it has agreed to. */
export class TlsUpstream {
  readonly secured: TLSSocket[] = [];
  readonly requests: IncomingMessage[] = [];
  readonly server: Server;
  readonly #sockets = new Set<{ destroy(): void }>();

  private constructor(server: Server) {
    this.server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => {});
      this.secured.push(socket);
    });
    server.on('tlsClientError', () => {});
  }

  /** Starts a host that shows `server.pem`; it is closed after the test. */
  static async start(
    t: TestContext,
    options: TlsOptions = {},
    handler: (request: IncomingMessage, response: ServerResponse) => void = (_, response) =>
      response.end('hello'),
  ): Promise<TlsUpstream> {
    const server = createHttpsServer(
      { ...shown('server'), keepAliveTimeout: 0, ...options },
      (request, response) => {
        upstream.requests.push(request);
        handler(request, response);
      },
    );
    const upstream = new TlsUpstream(server);
    await upstream.listen(t);
    return upstream;
  }

  /** The same with a server of the test's making. */
  static async of(t: TestContext, server: Server): Promise<TlsUpstream> {
    const upstream = new TlsUpstream(server);
    await upstream.listen(t);
    return upstream;
  }

  /** As a `hosts` entry of a static cluster has it. */
  get url(): string {
    return `tcp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async listen(t: TestContext): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    t.after(() => this.close());
  }

  /** Ends it, and all connections. Idempotent. */
  async close(): Promise<void> {
    this.server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }
}

/** Starts a proxy to a host with TLS, with this `ssl_context` of the cluster `app`. */
export function startToTls(
  t: TestContext,
  upstream: TlsUpstream,
  ssl_context: Json,
  { cluster, config, ...parts }: ProxyParts = {},
): Promise<TestProxy> {
  const app = staticCluster('app', [upstream.url], { ssl_context, ...cluster });
  return TestProxy.start(t, { ...parts, upstream, config: { clusters: [app], ...config } });
}

/** Returns a statistic of the TLS of the cluster `app`. */
export async function clusterTlsStat(proxy: TestProxy, name: string): Promise<number | undefined> {
  return (await proxy.stats()).get(`cluster.app.ssl.${name}`);
}
