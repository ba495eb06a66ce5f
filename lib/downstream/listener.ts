import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TimerWheel } from '../base/timer-wheel.js';
import type { TcpAddress } from '../config/address.js';
import type { ListenerConfig } from '../config/listener-config.js';
import type { ListenerStats } from '../telemetry/stats/listener-stats.js';
import { acceptedConnectionOf } from './codec/accepted-connection.js';
import { chooseCodecs } from './codec/codec-choice.js';
import { createNodeHttp1Server, createNodeHttp1TlsServer } from './codec/node-http1.js';
import type { ConnectionManager } from './connection-manager.js';
import type { ListenerTls } from './tls/listener-tls.js';

/** One bound address and what is behind it. */
export class Listener {
  readonly config: ListenerConfig;
  readonly #stats: ListenerStats;
  readonly #server: Server | TlsServer;
  /** `undefined` for plain text. */
  readonly #tls: ListenerTls | undefined;
  /** With TLS, each connection is here with the socket below it and, when it is secure, its own. */
  readonly #sockets = new Set<Socket>();
  readonly #onLastClosed: (() => void)[] = [];
  #isClosed = false;

  constructor(
    config: ListenerConfig,
    manager: ConnectionManager,
    stats: ListenerStats,
    wheel: TimerWheel,
    tls?: ListenerTls,
  ) {
    this.config = config;
    this.#stats = stats;
    this.#tls = tls;
    this.#server =
      tls === undefined
        ? this.#createServer(manager, wheel)
        : this.#createTlsServer(tls, manager, wheel);
    this.#server.on('connection', (socket: Socket) => this.#onConnection(socket));
    this.#server.on('error', (error) => {
      if (this.#server.listening) {
        // Accepting failed, for want of descriptors say. It goes on when there are some again.
        manager.context.log.error(`listener ${config.name}: ${error.message}`);
      }
    });
  }

  /** The address as bound, or `undefined` while it is not. */
  get boundAddress(): TcpAddress | undefined {
    const address = this.#server.address();
    return address === null || typeof address === 'string'
      ? undefined
      : { kind: 'tcp', host: address.address, port: address.port };
  }

  /** Binds and accepts. Rejects with the system's error. */
  listen(address: TcpAddress): Promise<void> {
    return new Promise((resolve, reject) => {
      const onError = (error: Error): void => reject(error);
      this.#server.once('error', onError);
      this.#server.listen({ host: address.host, port: address.port, backlog: 1024 }, () => {
        this.#server.removeListener('error', onError);
        this.#tls?.start();
        resolve();
      });
    });
  }

  /**
   * Accepts no more, and closes what is idle; requests under way are served, and their connections
   * closed behind them. Resolves when no connection is left. Idempotent.
   */
  drain(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#server.close();
      this.#tls?.close();
    }
    this.#tls?.cutHandshakes();
    for (const socket of this.#sockets) {
      acceptedConnectionOf(socket)?.close();
    }
    return new Promise((resolve) => {
      if (this.#sockets.size === 0) {
        resolve();
      } else {
        this.#onLastClosed.push(resolve);
      }
    });
  }

  /** Closes everything at once. Idempotent. */
  close(): void {
    void this.drain();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  #createServer(manager: ConnectionManager, wheel: TimerWheel): Server {
    const server = createNodeHttp1Server(manager, wheel);
    chooseCodecs(server, 'connection', manager, wheel);
    return server;
  }

  #createTlsServer(tls: ListenerTls, manager: ConnectionManager, wheel: TimerWheel): TlsServer {
    const server = createNodeHttp1TlsServer(manager, wheel, tls.serverOptions);
    // It has all that a server of `node:http` has.
    chooseCodecs(server as unknown as Server, 'secureConnection', manager, wheel);
    tls.attach(server, (socket) => this.#track(socket));
    return server;
  }

  #onConnection(socket: Socket): void {
    this.#stats.downstreamCxTotal++;
    this.#stats.downstreamCxActive++;
    socket.on('close', () => {
      this.#stats.downstreamCxActive--;
      this.#stats.downstreamCxDestroy++;
    });
    this.#track(socket);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) {
        for (const resolve of this.#onLastClosed.splice(0)) {
          resolve();
        }
      }
    });
  }
}
