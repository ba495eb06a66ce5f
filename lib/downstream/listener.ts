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
import { type ConnectionAcceptor, ListenSocket } from './listen-socket.js';
import type { ListenerTls } from './tls/listener-tls.js';

/** What serves the connections of one bound address. */
export class Listener implements ConnectionAcceptor {
  readonly config: ListenerConfig;
  readonly manager: ConnectionManager;
  readonly #stats: ListenerStats;
  /** It is given its connections: it does not listen by itself. */
  readonly #server: Server | TlsServer;
  /** `undefined` for plain text. */
  readonly #tls: ListenerTls | undefined;
  /** With TLS, each connection is here with the socket below it and, when it is secure, its own. */
  readonly #sockets = new Set<Socket>();
  readonly #onLastClosed: (() => void)[] = [];
  #listenSocket: ListenSocket | undefined = undefined;
  #isClosed = false;

  constructor(
    config: ListenerConfig,
    manager: ConnectionManager,
    stats: ListenerStats,
    wheel: TimerWheel,
    tls?: ListenerTls,
  ) {
    this.config = config;
    this.manager = manager;
    this.#stats = stats;
    this.#tls = tls;
    this.#server =
      tls === undefined
        ? this.#createServer(manager, wheel)
        : this.#createTlsServer(tls, manager, wheel);
    this.#server.on('connection', (socket: Socket) => this.#countConnection(socket));
  }

  /** The address as bound, or `undefined` while it is not. */
  get boundAddress(): TcpAddress | undefined {
    return this.#listenSocket?.address;
  }

  /** Whether somebody is connected. */
  get isInUse(): boolean {
    return this.#sockets.size > 0;
  }

  /** Binds; who connects waits for `serve`. Rejects with the system's error. */
  async bind(address: TcpAddress): Promise<void> {
    this.#listenSocket = await ListenSocket.listen(address, this);
    if (this.#isClosed) {
      this.#listenSocket.close();
    }
  }

  /** Serves connections from now on, if it is bound. */
  serve(): void {
    if (this.#listenSocket !== undefined) {
      this.#start();
      this.#listenSocket.serveBy(this);
    }
  }

  /** Accepts in the place of `other` from now on, on the same socket. */
  takeOver(other: Listener): void {
    this.#listenSocket = other.#listenSocket;
    other.#listenSocket = undefined;
    this.serve();
  }

  onConnection(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    // Half-open sockets, which `node:http` has for plain text, would hide that a client has left in
    // the middle of its handshake.
    socket.allowHalfOpen = this.#tls === undefined;
    this.#server.emit('connection', socket);
  }

  onAcceptError(error: Error): void {
    this.manager.context.log.error(`listener ${this.config.name}: ${error.message}`);
  }

  /**
   * Accepts no more. Connections stay: each ends behind its next response, so that nobody's request
   * meets a connection that is closed just then. `successor` is the one in whose place it was.
   */
  retire(successor?: Listener): void {
    this.manager.retire(successor?.manager);
    this.#listenSocket?.close();
    this.#listenSocket = undefined;
    this.#tls?.close();
  }

  /**
   * Accepts no more, and closes what is idle; requests under way are served, and their connections
   * closed behind them. Resolves when no connection is left. Idempotent.
   */
  drain(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#listenSocket?.close();
      this.#server.close();
      this.#tls?.close();
    }
    this.#tls?.cutHandshakes();
    for (const socket of this.#sockets) {
      acceptedConnectionOf(socket)?.close();
    }
    return this.whenUnused();
  }

  /** Resolves when nobody is connected. */
  whenUnused(): Promise<void> {
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

  #start(): void {
    // Or nobody would look after the time limits of heads, as `node:http` begins to when it listens.
    this.#server.emit('listening');
    this.#tls?.start();
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

  #countConnection(socket: Socket): void {
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
