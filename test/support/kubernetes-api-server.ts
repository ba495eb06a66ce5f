import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { KubeConfigAccess } from '../../lib/kubernetes/kube-config.js';
import type { Json } from './config-builder.js';
import { tlsFile } from './tls-client.js';
import { until } from './until.js';

/** A pod in a slice. */
export interface SlicePod {
  readonly address: string;
  readonly zone?: string;
  /** Default: it does not say. */
  readonly ready?: boolean;
}

/** What a test says about an `EndpointSlice`; the rest is filled in. */
export interface SliceParts {
  readonly name: string;
  /** Default: the name of the slice. */
  readonly service?: string;
  readonly namespace?: string;
  readonly addressType?: string;
  readonly pods?: readonly SlicePod[];
  readonly ports?: readonly Json[];
  /** Replaces parts of the object. */
  readonly object?: Json;
}

/** Makes an `EndpointSlice` of discovery.k8s.io/v1. */
export function endpointSlice(parts: SliceParts): Json {
  const { name, service = name, namespace = 'default', addressType = 'IPv4' } = parts;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace,
      labels: { 'kubernetes.io/service-name': service },
      // More than one byte a character, to be cut in two.
      annotations: { note: 'Gemüse, 10 €, 🚲' },
    },
    addressType,
    ports: parts.ports ?? [{ name: 'http', port: 80, protocol: 'TCP' }],
    endpoints: (parts.pods ?? []).map(({ address, zone, ready }) => ({
      addresses: [address],
      conditions: ready === undefined ? {} : { ready, serving: ready, terminating: !ready },
      ...(zone === undefined ? {} : { zone }),
      targetRef: { kind: 'Pod', name: `pod-${address}`, namespace },
    })),
    ...parts.object,
  };
}

interface ApiEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly object: Json;
}

interface OpenWatch {
  readonly namespace: string | undefined;
  readonly response: ServerResponse;
}

/** How the server says that a version is too old. */
export type GoneForm = 'status' | 'event';

/**
 * An API server of Kubernetes on loopback, as far as lists and watches of `EndpointSlice` objects go:
 * versions, pages, bookmarks, and versions that are forgotten.
 */
export class KubernetesApiServer {
  /** The paths that were asked for, with their queries. */
  readonly asked: string[] = [];
  readonly userAgents: Set<string | undefined> = new Set();
  /** Only requests with this token are answered. */
  token = 'first-token';
  goneForm: GoneForm = 'event';
  /** At most so many items are in a page, whatever is asked for. */
  pageSize: number = Number.POSITIVE_INFINITY;
  /** Bodies of watches are written in pieces of so many bytes. */
  pieceBytes: number = Number.POSITIVE_INFINITY;
  /** Answers in the place of the server, if it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #server: http.Server | https.Server;
  readonly #isTls: boolean;
  readonly #sockets = new Set<Socket>();
  readonly #objects = new Map<string, Json>();
  readonly #watches = new Set<OpenWatch>();
  /** The lists that are under way, by the token of their next page. */
  readonly #pages = new Map<
    string,
    { readonly items: readonly Json[]; readonly version: number }
  >();
  #history: ApiEvent[] = [];
  #version = 100;
  /** Versions before this one are forgotten. */
  #oldest = 100;

  private constructor(isTls: boolean) {
    this.#isTls = isTls;
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      this.#answer(request, response);
    this.#server = isTls
      ? https.createServer(
          { cert: readFileSync(tlsFile('server.pem')), key: readFileSync(tlsFile('server.key')) },
          answer,
        )
      : http.createServer(answer);
    // Before their handshake, too: the server itself does not know them then.
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Starts a server that is closed when the test is over. */
  static async start(
    t: TestContext,
    form: 'https' | 'http' = 'http',
    port = 0,
  ): Promise<KubernetesApiServer> {
    const server = new KubernetesApiServer(form === 'https');
    await server.listen(port);
    t.after(() => server.close());
    return server;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#isTls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  get watchCount(): number {
    return this.#watches.size;
  }

  /** A `KubeConfig`, as the package makes them, for this server. */
  get kubeConfig(): KubeConfigAccess {
    return {
      getCurrentContext: () => 'test',
      getCurrentCluster: () => ({ server: this.url }),
      applyToHTTPSOptions: async (options) => {
        options.headers = { ...options.headers, authorization: `Bearer ${this.token}` };
        options.ca = this.#isTls ? readFileSync(tlsFile('authority.pem')) : undefined;
      },
    };
  }

  /** Adds or replaces a slice, and tells those who watch. */
  put(parts: SliceParts): void {
    const object = endpointSlice(parts);
    const key = keyOf(object);
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED';
    const versioned = withVersion(object, ++this.#version);
    this.#objects.set(key, versioned);
    this.#record({ type, version: this.#version, object: versioned });
  }

  /** Removes a slice, and tells those who watch. */
  remove(name: string, namespace = 'default'): void {
    const key = `${namespace}/${name}`;
    const object = this.#objects.get(key);
    if (object !== undefined) {
      this.#objects.delete(key);
      const versioned = withVersion(object, ++this.#version);
      this.#record({ type: 'DELETED', version: this.#version, object: versioned });
    }
  }

  /** Tells those who watch the version, and nothing else. */
  bookmark(): void {
    this.#version++;
    const metadata = { resourceVersion: String(this.#version) };
    const object = { kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', metadata };
    this.#tell(() => true, { type: 'BOOKMARK', object });
  }

  /** Forgets what has happened: who has not seen it must list anew. */
  compact(): void {
    this.#history = [];
    this.#oldest = this.#version;
    this.#pages.clear();
  }

  /** Sends an event of type `ERROR` to those who watch, and ends their watches. */
  fail(code: number, message: string): void {
    this.#tell(() => true, { type: 'ERROR', object: statusObject(code, message) });
    this.endWatches();
  }

  /** Writes to those who watch whatever it is. */
  write(text: string): void {
    for (const { response } of this.#watches) {
      response.write(text);
    }
  }

  /** Ends all watches in the usual way. */
  endWatches(): void {
    for (const { response } of this.#watches) {
      response.end();
    }
    this.#watches.clear();
  }

  /** Cuts the connections of all watches. */
  dropWatches(): void {
    for (const { response } of this.#watches) {
      response.destroy();
    }
    this.#watches.clear();
  }

  async untilWatches(count: number): Promise<void> {
    await until(() => this.#watches.size === count, `there are ${count} watches`);
  }

  /** How often something like this was asked for. */
  countAsked(pattern: RegExp): number {
    return this.asked.filter((path) => pattern.test(path)).length;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const isClosed = this.#server.listening ? once(this.#server, 'close') : undefined;
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await isClosed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://api');
    this.asked.push(`${url.pathname}${url.search}`);
    this.userAgents.add(request.headers['user-agent']);
    if (this.intercept(request, response)) {
      return;
    }
    if (request.headers.authorization !== `Bearer ${this.token}`) {
      respondStatus(response, 401, 'Unauthorized');
      return;
    }
    const match = /^\/apis\/discovery\.k8s\.io\/v1(?:\/namespaces\/([^/]+))?\/endpointslices$/.exec(
      url.pathname,
    );
    if (match === null) {
      respondStatus(response, 404, 'the server could not find the requested resource');
    } else if (url.searchParams.get('watch') === 'true') {
      this.#openWatch(url, match[1], response);
    } else {
      this.#list(url, match[1], response);
    }
  }

  #list(url: URL, namespace: string | undefined, response: ServerResponse): void {
    const token = url.searchParams.get('continue');
    const page = token === null ? this.#snapshot(namespace) : this.#pages.get(token);
    if (page === undefined) {
      respondStatus(response, 410, 'The provided continue parameter is too old');
      return;
    }
    const limit = Math.min(Number(url.searchParams.get('limit') ?? Infinity), this.pageSize);
    const rest = page.items.slice(limit);
    const next = rest.length === 0 ? {} : { continue: `${page.version}-${rest.length}` };
    if (next.continue !== undefined) {
      this.#pages.set(next.continue, { items: rest, version: page.version });
    }
    respondJson(response, 200, {
      kind: 'EndpointSliceList',
      apiVersion: 'discovery.k8s.io/v1',
      metadata: { resourceVersion: String(page.version), ...next },
      items: page.items.slice(0, limit),
    });
  }

  #snapshot(namespace: string | undefined): { items: readonly Json[]; version: number } {
    const items = [...this.#objects.values()].filter((object) => isIn(object, namespace));
    return { items, version: this.#version };
  }

  #openWatch(url: URL, namespace: string | undefined, response: ServerResponse): void {
    const since = Number(url.searchParams.get('resourceVersion') ?? 0);
    if (since < this.#oldest && this.goneForm === 'status') {
      respondStatus(response, 410, 'too old resource version');
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const watch = { namespace, response };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
    if (since < this.#oldest) {
      const object = statusObject(410, `too old resource version: ${since} (${this.#oldest})`);
      this.#write(watch, { type: 'ERROR', object });
      response.end();
      return;
    }
    for (const { type, version, object } of this.#history) {
      if (version > since && isIn(object, namespace)) {
        this.#write(watch, { type, object });
      }
    }
  }

  #record(event: ApiEvent): void {
    this.#history.push(event);
    const { type, object } = event;
    this.#tell((watch) => isIn(object, watch.namespace), { type, object });
  }

  #tell(concerns: (watch: OpenWatch) => boolean, event: Json): void {
    for (const watch of this.#watches) {
      if (concerns(watch)) {
        this.#write(watch, event);
      }
    }
  }

  #write({ response }: OpenWatch, event: Json): void {
    const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
    const length = Math.min(this.pieceBytes, bytes.length);
    for (let start = 0; start < bytes.length; start += length) {
      response.write(bytes.subarray(start, start + length));
    }
  }
}

/** Answers with an object of kind `Status`, as the API server does. */
export function respondStatus(response: ServerResponse, code: number, message: string): void {
  respondJson(response, code, statusObject(code, message));
}

function statusObject(code: number, message: string): Json {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code };
}

function respondJson(response: ServerResponse, status: number, value: Json): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function metadataOf(object: Json): Json {
  return object['metadata'] as Json;
}

function keyOf(object: Json): string {
  const { namespace, name } = metadataOf(object);
  return `${namespace}/${name}`;
}

function withVersion(object: Json, version: number): Json {
  return { ...object, metadata: { ...metadataOf(object), resourceVersion: String(version) } };
}

function isIn(object: Json, namespace: string | undefined): boolean {
  return namespace === undefined || metadataOf(object)['namespace'] === namespace;
}
