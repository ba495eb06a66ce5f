import { createServer, type Server, type Socket } from 'node:net';
import type { TcpAddress } from '../config/address.js';

/** Takes the connections that a socket accepts. */
export interface ConnectionAcceptor {
  onConnection(socket: Socket): void;
  /** Accepting failed, for want of descriptors say. It goes on when there are some again. */
  onAcceptError(error: Error): void;
}

/**
 * A bound address that accepts connections.
 *
 * It is apart from the listener that serves them, because a listener may be replaced: the next one
 * then takes over the socket, and not one connection is refused in between.
 */
export class ListenSocket {
  readonly #server: Server;
  #acceptor: ConnectionAcceptor;

  private constructor(acceptor: ConnectionAcceptor) {
    this.#acceptor = acceptor;
    // As `node:http` has it: a client may say that it has sent all, and still read the answer.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#acceptor.onConnection(socket);
    });
  }

  /** Binds `address` and accepts. Rejects with the system's error. */
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

  /** New connections are `acceptor`'s from now on; those that exist stay with who has them. */
  serveBy(acceptor: ConnectionAcceptor): void {
    this.#acceptor = acceptor;
  }

  /** Accepts no more. Idempotent. */
  close(): void {
    this.#server.close();
  }
}
