import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import { findFreePorts } from './free-ports.js';

/** What a fake host does with a request. */
export type UpstreamHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** A host on loopback that speaks HTTP through `node:http` and remembers what it was asked. */
export class FakeUpstream {
  readonly requests: IncomingMessage[] = [];
  readonly sockets: Set<Socket> = new Set();
  handler: UpstreamHandler;
  readonly #server: Server;

  private constructor(handler: UpstreamHandler) {
    this.handler = handler;
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
      this.requests.push(request);
      this.handler(request, response);
    });
    this.#server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(
    handler: UpstreamHandler = (_request, response) => response.end('hello'),
    host = '127.0.0.1',
    port = 0,
  ): Promise<FakeUpstream> {
    const upstream = new FakeUpstream(handler);
    upstream.#server.listen(port, host);
    await once(upstream.#server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** As a `hosts` entry of a static cluster has it. */
  get url(): string {
    return `tcp://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) {
      await once(this.#server, 'close');
    }
  }
}

/** What a raw host does with a connection. */
export type RawHandler = (socket: Socket) => void;

/** A host on loopback that speaks whatever the test makes it speak, byte by byte. */
export class RawUpstream {
  readonly sockets: Set<Socket> = new Set();
  connectionCount = 0;
  handler: RawHandler;
  readonly #server = createNetServer({ allowHalfOpen: true });

  private constructor(handler: RawHandler) {
    this.handler = handler;
    this.#server.on('connection', (socket) => {
      this.connectionCount++;
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
      this.handler(socket);
    });
  }

  static async start(handler: RawHandler): Promise<RawUpstream> {
    const upstream = new RawUpstream(handler);
    upstream.#server.listen(0, '127.0.0.1');
    await once(upstream.#server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `tcp://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) {
      socket.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Returns a port on which nothing listens, as far as anybody can know. */
export async function unusedPort(): Promise<number> {
  const [port = 0] = await findFreePorts(1);
  return port;
}
