import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../base/clock.js';
import { SidecarError } from '../base/errors.js';
import { type Logger, silentLogger } from '../base/log.js';
import { formatHostPort } from '../config/address.js';
import { FileRegistrationLookup } from './file-registration-lookup.js';
import { parseListenAddress } from './listen-address.js';
import type { RegistrationLookup } from './registration-lookup.js';
import { defaultClusterDomain, parseServiceName } from './service-name.js';

/** What `startSdsServer` needs to know. */
export interface SdsServerOptions {
  /** `host:port`, or `:port` for every address; port 0 lets the system choose. */
  readonly listen: string;
  /** The file with the registrations. */
  readonly file: string;
  /** What follows `<service>.<namespace>` in a name. Default `svc.cluster.local`. */
  readonly clusterDomain?: string;
  /** Default: silence. */
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** A running SDS server. */
export interface SdsServer {
  /** Where it listens, as `host:port`. */
  readonly address: string;
  /** Stops listening, ends all connections and releases the lookup. Safe to call again. */
  close(): Promise<void>;
}

/**
 * Serves Envoy's v1 service discovery from a file, in the part of kubernetes-envoy-sds: same path,
 * same answers. Rejects with `SidecarError` if the file is missing or wrong, or if the address
 * cannot be bound.
 */
export async function startSdsServer(options: SdsServerOptions): Promise<SdsServer> {
  const {
    listen,
    file,
    clusterDomain = defaultClusterDomain,
    logger = silentLogger,
    clock = systemClock,
  } = options;
  const lookup = await FileRegistrationLookup.open({ file, clusterDomain, logger, clock });
  return await serveRegistrations(lookup, { listen, clusterDomain, logger });
}

/** Where and how registrations are served. */
export interface ServeRegistrationsOptions {
  readonly listen: string;
  readonly clusterDomain: string;
  readonly logger: Logger;
}

/** Serves any lookup, which is then closed with the server, or at once if it cannot be served. */
export async function serveRegistrations(
  lookup: RegistrationLookup,
  options: ServeRegistrationsOptions,
): Promise<SdsServer> {
  const { logger } = options;
  const responder = new Responder(lookup, options.clusterDomain, logger);
  const server = http.createServer((request, response) => {
    void responder.respond(request, response);
  });
  const close = async (): Promise<void> => {
    await closeServer(server);
    await lookup.close();
  };
  try {
    return { address: await listenOn(server, options.listen, logger), close };
  } catch (error) {
    await close();
    throw error;
  }
}

const pathPrefix = '/v1/registration/';

/** A service name has 253 characters at most; far longer targets are not worth a look. */
const maxTargetLength = 2048;

/** So many namespaces are remembered to fail; who asks for more invents them, to fill the log. */
const maxFailing = 64;

/** Answers requests; never rejects. */
class Responder {
  readonly #lookup: RegistrationLookup;
  readonly #clusterDomain: string;
  readonly #logger: Logger;
  /** The namespaces that could not be told last, of which the log has heard. */
  readonly #failing = new Set<string>();

  constructor(lookup: RegistrationLookup, clusterDomain: string, logger: Logger) {
    this.#lookup = lookup;
    this.#clusterDomain = clusterDomain;
    this.#logger = logger;
  }

  async respond(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    // Node sets both for requests that a server has received.
    const { method = '', url: target = '' } = request;
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      respondText(response, 405, `${method} is not allowed, only GET and HEAD are.`);
    } else if (target.length > maxTargetLength) {
      respondText(response, 414, 'The URL is too long.');
    } else if (!target.startsWith(pathPrefix)) {
      respondText(response, 404, `Nothing is here. Ask for ${pathPrefix}<service name>.`);
    } else {
      await this.#respondToName(decodeName(target), response);
    }
  }

  async #respondToName(name: string | undefined, response: http.ServerResponse): Promise<void> {
    const service = name === undefined ? undefined : parseServiceName(name, this.#clusterDomain);
    if (service === undefined) {
      const expected = `<service>.<namespace>.${this.#clusterDomain}`;
      respondText(response, 400, `The service name must be of the form ${expected}.`);
      return;
    }
    try {
      const hosts = await this.#lookup.hosts(service);
      this.#failing.delete(service.namespace);
      // A service that nobody knows gets an empty list, not 404, as from kubernetes-envoy-sds:
      // with 404 Envoy would keep sending to the hosts of a service that was deleted.
      respond(response, 200, 'application/json', JSON.stringify({ hosts }, undefined, 2));
    } catch (error) {
      this.#onLookupFailure(service.namespace, error);
      respondText(response, 500, 'The registrations cannot be read at the moment.');
    }
  }

  #onLookupFailure(namespace: string, error: unknown): void {
    if (!this.#failing.has(namespace) && this.#failing.size < maxFailing) {
      this.#failing.add(namespace);
      this.#logger.error(`the registrations cannot be read: ${String(error)}`);
    }
  }
}

/** Returns what stands behind the prefix, without a query; `undefined` if it is badly encoded. */
function decodeName(target: string): string | undefined {
  const [path = ''] = target.slice(pathPrefix.length).split('?', 1);
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function respondText(response: http.ServerResponse, status: number, text: string): void {
  respond(response, status, 'text/plain; charset=utf-8', `${text}\n`);
}

function respond(
  response: http.ServerResponse,
  status: number,
  contentType: string,
  body: string,
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function listenOn(server: http.Server, where: string, logger: Logger): Promise<string> {
  const { host, port } = parseListenAddress(where);
  return new Promise((resolve, reject) => {
    const onListenError = (cause: Error): void => {
      const message = `cannot listen on ${where}: ${cause.message}`;
      reject(new SidecarError('SIDECAR_LISTEN_FAILED', message, { cause }));
    };
    server.once('error', onListenError);
    server.listen({ host, port }, () => {
      server.off('error', onListenError);
      // Such as too many open files: it must not end the process.
      server.on('error', (error) => logger.error(`a connection was not accepted: ${error}`));
      // A server that listens on a host and port has such an address.
      const bound = server.address() as AddressInfo;
      resolve(formatHostPort({ kind: 'tcp', host: bound.address, port: bound.port }));
    });
  });
}

function closeServer(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    // The only error is that it was not listening any more: then it is closed already.
    server.close(() => resolve());
    // Whoever is cut off here asks again, and keeps the hosts it has until then.
    server.closeAllConnections();
  });
}
