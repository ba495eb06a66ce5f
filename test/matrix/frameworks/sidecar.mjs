// Sidecars for the tests of frameworks: real sockets on ports that the system chooses.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/** The compiled library. `PILLION_DIST` names another directory that it was compiled to. */
export const dist = resolve(
  process.env['PILLION_DIST'] ?? join(import.meta.dirname, '..', '..', '..', 'dist'),
);

/** Returns a module of the library, such as `lib/index.js`. */
export function importLibrary(path) {
  return import(pathToFileURL(join(dist, path)).href);
}

const { createSidecar } = await importLibrary('lib/index.js');
const any = 'tcp://127.0.0.1:0';

/** The filters in front of the router of requests that are read as a whole before they are handed on. */
export const buffering = [
  {
    type: 'decoder',
    name: 'buffer',
    config: { max_request_bytes: 20_000_000, max_request_time_s: 9 },
  },
];

/**
 * Starts a sidecar whose cluster `app` is the application, and which the test closes at its end.
 * `filters` stand before the router; `route`, `routes` (in front of it) and `options` add to what
 * they name.
 */
export async function startMounted(t, app, { filters = [], routes = [], route, options } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'pillion-matrix-'));
  const errors = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (line) => errors.push(line) };
  const sidecar = await createSidecar({
    config: configure({ filters, routes, route, log: join(directory, 'access.log') }),
    listenOn: { 'tcp://0.0.0.0:80': any, 'tcp://0.0.0.0:8001': any },
    mount: { app },
    logger,
    accessLogFlushIntervalMs: 10,
    ...options,
  });
  t.after(async () => {
    await sidecar.close({ timeoutMs: 200 });
    await rm(directory, { recursive: true });
  });
  const port = portOf(sidecar.listeners[0].address);
  return {
    sidecar,
    port,
    /** What the library has logged as errors. */
    errors,
    /** Returns the statistics by name. */
    stats: () => readStats(portOf(sidecar.admin.address)),
    /** Returns the lines of the access log, when there are that many. */
    async logLines(count) {
      return await until(`${count} lines in the access log`, async () => {
        const lines = (await readFile(join(directory, 'access.log'), 'utf8')).trim().split('\n');
        return lines.length >= count && lines[0] !== '' ? lines : undefined;
      });
    },
  };
}

/** The port of an address as the sidecar tells it. */
export function portOf(address) {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

const askedPath = '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%';

function configure({ filters, routes, route, log }) {
  const config = {
    codec_type: 'auto',
    stat_prefix: 'ingress_http',
    access_log: [
      { path: log, format: `%REQ(:METHOD)% ${askedPath} %RESPONSE_CODE% %RESPONSE_FLAGS%\n` },
    ],
    route_config: {
      response_headers_to_add: [{ key: 'x-answered', value: 'by the sidecar' }],
      response_headers_to_remove: ['x-powered-by'],
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            ...routes,
            { prefix: '/', cluster: 'app', timeout_ms: 0, use_websocket: true, ...route },
          ],
        },
      ],
    },
    filters: [...filters, { type: 'decoder', name: 'router', config: {} }],
  };
  return {
    listeners: [
      {
        address: 'tcp://0.0.0.0:80',
        filters: [{ type: 'read', name: 'http_connection_manager', config }],
      },
    ],
    admin: { access_log_path: '/dev/null', address: 'tcp://0.0.0.0:8001' },
    cluster_manager: {
      clusters: [
        {
          name: 'app',
          connect_timeout_ms: 250,
          type: 'static',
          lb_type: 'round_robin',
          hosts: [{ url: 'tcp://192.0.2.1:80' }],
        },
      ],
    },
  };
}

async function readStats(adminPort) {
  const response = await fetch(`http://127.0.0.1:${adminPort}/stats`);
  const lines = (await response.text()).split('\n').map((line) => line.split(': '));
  return new Map(lines.map(([name, value]) => [name, Number(value)]));
}

/** Waits until `probe` returns something, and returns it. Only a failing test waits for long. */
export async function until(what, probe) {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (performance.now() > deadline) {
      throw new Error(`in vain: ${what}`);
    }
    await delay(5);
  }
}

/** The ways that a request can take into a mounted application, each with a `send`. */
export const ways = {
  'by HTTP/1': (t, { port }) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    return (options) => sendHttp1({ port, agent, ...options });
  },
  'by HTTP/2': (t, { port }) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    t.after(() => session.destroy());
    return (options) => sendHttp2(session, options);
  },
  'by the application itself':
    (_t, { sidecar }) =>
    async ({ path, method, headers, body, signal }) => {
      const response = await sidecar.request(`http://app${path}`, {
        method,
        headers,
        body,
        signal,
      });
      return {
        status: response.statusCode,
        headers: response.headers,
        body: Buffer.from(await response.body.bytes()),
      };
    },
};

/** Sends one request; a `body` may be a stream. */
export function sendHttp1({ path = '/', headers, body, ...options }) {
  return new Promise((settle, reject) => {
    const request = http.request({
      host: '127.0.0.1',
      path,
      headers: { host: 'foo.com', ...headers },
      ...options,
    });
    request.on('error', reject).on('response', (response) => {
      const chunks = [];
      response.on('error', reject).on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode, headers: received } = response;
        settle({ status: statusCode, headers: received, body: Buffer.concat(chunks) });
      });
    });
    finish(request, body);
  });
}

function sendHttp2(session, { path = '/', method = 'GET', headers, body, signal }) {
  return new Promise((settle, reject) => {
    const head = { ':path': path, ':method': method, ':authority': 'foo.com', ...headers };
    const stream = session.request(head, { signal });
    const chunks = [];
    let received = {};
    stream.on('response', (response) => {
      received = response;
    });
    stream.on('error', reject).on('data', (chunk) => chunks.push(chunk));
    stream.on('end', () => {
      settle({ status: received[':status'], headers: received, body: Buffer.concat(chunks) });
    });
    finish(stream, body);
  });
}

function finish(writable, body) {
  if (typeof body?.pipe === 'function') {
    body.pipe(writable);
  } else {
    writable.end(body);
  }
}
