import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { SidecarError } from '../base/errors.js';
import { formatHostPort, type TcpAddress } from '../config/address.js';
import type { AccessLog } from '../telemetry/access-log/access-log.js';
import type { AdminContext } from './admin-context.js';
import { AdminExchange } from './admin-exchange.js';

/**
 * Limits for clients that are slow or mean harm. Each connection is for one request, and is cut when
 * its time is up, whoever was slow.
 */
const maxConnections = 100;
const maxConnectionMs = 30_000;
const maxHeaderBytes = 16 * 1024;

/** What an `AdminServer` needs. */
export interface AdminServerOptions {
  readonly context: AdminContext;
  /** Of `admin.access_log_path`. */
  readonly accessLog: AccessLog;
}

/**
 * The local administration server: reference 9. It asks nobody for a password, as in Envoy, so its
 * address must be out of reach for strangers. It never keeps the process alive.
 */
export class AdminServer {
  readonly #context: AdminContext;
  readonly #accessLog: AccessLog;
  readonly #server: Server;
  #state: 'new' | 'started' | 'closed' = 'new';
  #closing: Promise<void> | undefined = undefined;

  constructor(options: AdminServerOptions) {
    this.#context = options.context;
    this.#accessLog = options.accessLog;
    this.#server = createServer({ maxHeaderSize: maxHeaderBytes }, (request, response) => {
      void new AdminExchange(this.#context, request, response, this.#accessLog).run();
    });
    this.#server.maxConnections = maxConnections;
    this.#server.on('connection', (socket) => this.#onConnection(socket));
  }

  /**
   * Binds the configured address; port 0 lets the system choose. Called once. Resolves with the
   * address as bound, or with the error that says why it could not be bound.
   */
  start(address: Pick<TcpAddress, 'host' | 'port'>): Promise<TcpAddress | SidecarError> {
    if (this.#state !== 'new') {
      return Promise.resolve(
        new SidecarError('SIDECAR_CLOSED', 'The admin server can be started only once.'),
      );
    }
    this.#state = 'started';
    const { host, port } = address;
    return new Promise((resolve) => {
      // It stays for good: an error that nobody hears would end the process.
      this.#server.on('error', (error: NodeJS.ErrnoException) => {
        resolve(createListenError(host, port, error));
      });
      this.#server.once('close', () => resolve(createClosedError()));
      this.#server.listen({ host, port }, () => resolve(this.#onListening(address)));
      this.#server.unref();
    });
  }

  /** Stops listening and ends open connections. Resolves when all are gone. Safe to call again. */
  close(): Promise<void> {
    this.#state = 'closed';
    this.#closing ??= new Promise((resolve) => {
      // The error it may be given says that the server was not open.
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closing;
  }

  #onListening({ host, port }: Pick<TcpAddress, 'host' | 'port'>): TcpAddress | SidecarError {
    if (this.#state === 'closed') {
      // Closed while a name was looked up: only now is there something to close.
      this.#server.close();
      return createClosedError();
    }
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null
      ? { kind: 'tcp', host: bound.address, port: bound.port }
      : { kind: 'tcp', host, port };
  }

  #onConnection(socket: Socket): void {
    socket.unref();
    const timer = this.#context.clock.startTimer(maxConnectionMs, () => socket.destroy());
    socket.once('close', () => timer.cancel());
  }
}

function createClosedError(): SidecarError {
  return new SidecarError('SIDECAR_CLOSED', 'The admin server was closed while it started.');
}

function createListenError(host: string, port: number, error: NodeJS.ErrnoException): SidecarError {
  const start = `The admin server cannot listen on ${formatHostPort({ kind: 'tcp', host, port })}:`;
  return new SidecarError('SIDECAR_LISTEN_FAILED', `${start} ${explainListenError(error)}`, {
    cause: error,
  });
}

function explainListenError(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'the port is in use. Choose another one for admin.address, or end what uses it.';
    case 'EACCES':
      return 'this process may not bind the port. Choose one above 1023 for admin.address.';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have the address. Correct admin.address.';
    default:
      return `${error.message}. Correct admin.address.`;
  }
}
