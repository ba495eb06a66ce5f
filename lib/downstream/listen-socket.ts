import { createServer, type Server, type Socket } from 'node:net';
import type { TcpAddress } from '../config/address.js';

/** Takes the connections that a socket accepts. */
export interface ConnectionAcceptor {
  onConnection(socket: Socket): void;
  /** Accepting failed, for want of descriptors say. It goes on when there are some again. */
  onAcceptError(error: Error): void;
}

/**
 * A bound address that accepts connections. They wait until somebody serves them: what is bound may
 * never come into force.
 *
 * It is apart from the listener that serves them, because a listener may be replaced: the next one
 * then takes over the socket, and not one connection is refused in between.
 */
export class ListenSocket {
  readonly #server: Server;
  #acceptor: ConnectionAcceptor;
  /** Connections that wait; `undefined` since they are served. */
  #waiting: Socket[] | undefined = [];

  private constructor(acceptor: ConnectionAcceptor) {
    this.#acceptor = acceptor;
    // As `node:http` has it: a client may say that it has sent all, and still read the answer.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      if (this.#waiting === undefined) {
        this.#acceptor.onConnection(socket);
      } else {
        socket.on('error', ignore);
        this.#waiting.push(socket);
      }
    });
  }

  /**
   * Binds `address`; connections wait for `serveBy`. `acceptor` only hears of errors before. Rejects
   * with the system's error.
   */
  static listen(address: TcpAddress, acceptor: ConnectionAcceptor): Promise<ListenSocket> {
    return new Promise((resolve, reject) => {
      const listenSocket = new ListenSocket(acceptor);
      const server = listenSocket.#server;
      server.once('error', reject);
      server.listen({ host: address.host, port: address.port, backlog: 1024 }, () => {
        server.removeListener('error', reject);
        server.on('error', (error) => listenSocket.#acceptor.onAcceptError(error));
        resolve(listenSocket);
      });
    });
  }

  /** The address as bound; `undefined` once it is closed. */
  get address(): TcpAddress | undefined {
    const address = this.#server.address();
    return address === null || typeof address === 'string'
      ? undefined
      : { kind: 'tcp', host: address.address, port: address.port };
  }

  /**
   * Connections that wait, and new ones, are `acceptor`'s from now on; others stay with who has them.
   */
  serveBy(acceptor: ConnectionAcceptor): void {
    this.#acceptor = acceptor;
    for (const socket of this.#endWaiting()) {
      // Who has left without a word is nobody's.
      if (socket.destroyed || socket.readableEnded) {
        socket.destroy();
      } else {
        acceptor.onConnection(socket);
      }
    }
  }

  /** Accepts no more, and cuts who still waits. Idempotent. */
  close(): void {
    this.#server.close();
    for (const socket of this.#endWaiting()) {
      socket.destroy();
    }
  }

  #endWaiting(): readonly Socket[] {
    const sockets = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const socket of sockets) {
      socket.removeListener('error', ignore);
    }
    return sockets;
  }
}

/** A client that breaks off while it waits; the socket is destroyed then. */
function ignore(): void {}
