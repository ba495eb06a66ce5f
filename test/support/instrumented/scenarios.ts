import http from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { trace } from '@opentelemetry/api';
import { createSidecar, type Sidecar } from '../../../lib/index.js';
import { portOf } from '../test-sidecar.js';
import { ThirdParty } from './third-party.js';

/** What a client of the application calls, and by which of its listeners. */
export type Call = (url: string) => Promise<string>;

const listeners = { traced: 80, untraced: 81, egress: 82, plain: 83 } as const;

/** An application with a sidecar: it is mounted in several ways, and calls a third party. */
export class InstrumentedApplication {
  readonly third: ThirdParty;
  readonly calls: Readonly<Record<string, Call>>;
  readonly sidecar: Sidecar;
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(third: ThirdParty, sidecar: Sidecar) {
    this.third = third;
    this.sidecar = sidecar;
    this.calls = callsBy(sidecar);
    const names = Object.keys(listeners);
    this.#ports = new Map(
      sidecar.listeners.map(({ address }, i) => [`${names[i]}`, portOf(address)]),
    );
  }

  /** `behind`: `host:port` of an application that this one is the edge of, if it is one. */
  static async start(childSpans: boolean, behind?: string): Promise<InstrumentedApplication> {
    const third = await ThirdParty.start();
    let application: InstrumentedApplication | undefined;
    const handler = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      const { pathname, searchParams } = new URL(`${request.url}`, 'http://a');
      const call = application?.calls[decodeURIComponent(pathname.slice(1))] ?? (async () => 'ok');
      call(`${searchParams.get('url')}`).then(
        (body) => response.end(body),
        (error) => response.writeHead(500).end(`${error.stack}`),
      );
    };
    const server = http.createServer(handler);
    server.on('upgrade', (_request, socket) => {
      trace.getTracer('application').startSpan('chat').end();
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    });
    const sidecar = await createSidecar({
      config: configWith(behind ?? third.authority, childSpans),
      listenOn: Object.fromEntries(
        [...Object.values(listeners), 8001].map((port) => [
          `tcp://0.0.0.0:${port}`,
          'tcp://127.0.0.1:0',
        ]),
      ),
      mount: { handler, server },
    });
    application = new InstrumentedApplication(third, sidecar);
    return application;
  }

  /** Where it traces what comes in. */
  get authority(): string {
    return `127.0.0.1:${this.#ports.get('traced')}`;
  }

  /** Sends a request by a plain socket, so that no client makes a span. */
  send(listener: keyof typeof listeners, host: string, path: string, lines = ''): Promise<string> {
    const socket = connect(this.#ports.get(listener) ?? 0, '127.0.0.1');
    const connection = lines.includes('upgrade') ? 'upgrade' : 'close';
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${connection}\r\n${lines}\r\n`,
    );
    return text(socket);
  }

  /** The same by HTTP/2. */
  async sendHttp2(listener: keyof typeof listeners, host: string, path: string): Promise<string> {
    const session = connectHttp2(`http://127.0.0.1:${this.#ports.get(listener)}`);
    const stream = session.request({ ':authority': host, ':path': path });
    const body = await text(stream);
    session.close();
    return body;
  }

  async close(): Promise<void> {
    await this.sidecar.close();
    this.third.close();
  }
}

/** The application's own calls, by every door. */
function callsBy(sidecar: Sidecar): Readonly<Record<string, Call>> {
  const { agent, dispatcher } = sidecar;
  return {
    agent: (url) => get(url, { agent }),
    async 'late agent'(url) {
      const request = http.request(url, { agent, method: 'POST' });
      await new Promise((resolve) => setImmediate(resolve));
      request.write('a');
      return bodyOf(request.end());
    },
    async fetch(url) {
      return (await sidecar.fetch(url)).text();
    },
    async dispatcher(url) {
      return (await fetch(url, { dispatcher } as RequestInit)).text();
    },
    async request(url) {
      return (await sidecar.request(url)).body.text();
    },
  };
}

function get(url: string, options: http.RequestOptions): Promise<string> {
  return bodyOf(http.get(url, options));
}

function bodyOf(request: http.ClientRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => text(response).then(resolve, reject));
  });
}

function configWith(authority: string, childSpans: boolean): Record<string, unknown> {
  const cluster = (name: string): object => ({
    name,
    connect_timeout_ms: 250,
    type: 'static',
    lb_type: 'round_robin',
    hosts: [{ url: `tcp://${authority}` }],
  });
  const listener = (port: number, operation: string | undefined, routes: object): object => ({
    address: `tcp://0.0.0.0:${port}`,
    filters: [
      {
        name: 'http_connection_manager',
        config: {
          codec_type: 'auto',
          stat_prefix: `at_${port}`,
          ...(operation === undefined ? {} : { tracing: { operation_name: operation } }),
          route_config: {
            virtual_hosts: Object.entries(routes).map(([domain, name]) => ({
              name: domain,
              domains: [domain],
              routes: [{ prefix: '/', cluster: name, ...routeOf(domain) }],
            })),
          },
          filters: [{ name: 'router', config: { start_child_span: childSpans } }],
        },
      },
    ],
  });
  const inbound = {
    handler: 'handler',
    server: 'server',
    proxied: 'third',
    edge: 'third',
    socket: 'third',
    'mounted-socket': 'server',
  };
  return {
    listeners: [
      listener(listeners.traced, 'ingress', inbound),
      listener(listeners.untraced, undefined, { ...inbound, 'unused.example': 'third' }),
      listener(listeners.egress, 'egress', { 'shop.example': 'third' }),
      listener(listeners.plain, undefined, { 'plain.example': 'third' }),
    ],
    admin: { access_log_path: '/dev/null', address: 'tcp://0.0.0.0:8001' },
    cluster_manager: { clusters: ['handler', 'server', 'third'].map(cluster) },
  };
}

/** Further keys of the route of a virtual host. */
function routeOf(domain: string): Record<string, unknown> {
  if (domain === 'edge') {
    return { host_rewrite: 'handler' };
  }
  return domain.endsWith('socket') ? { use_websocket: true } : {};
}
