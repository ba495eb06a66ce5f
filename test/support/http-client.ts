import { once } from 'node:events';
import {
  type Agent,
  type IncomingHttpHeaders,
  type ClientRequest as OutgoingRequest,
  request,
} from 'node:http';
import { connect, type Socket } from 'node:net';

/** A response as a test looks at it. */
export interface ClientResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: Record<string, string | undefined>;
  readonly body: Buffer;
  readonly text: string;
}

/** What a test sends. */
export interface ClientRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | readonly string[]>;
  readonly body?: string | Uint8Array;
  /** Default: a new connection for each request. */
  readonly agent?: Agent;
}

/** Sends a request to a port on loopback by `node:http`, and reads the whole response. */
export function send(port: number, options: ClientRequest = {}): Promise<ClientResponse> {
  const outgoing = request({
    host: '127.0.0.1',
    port,
    method: options.method ?? 'GET',
    path: options.path ?? '/',
    headers: { host: 'foo.com', ...options.headers },
    agent: options.agent ?? false,
  });
  outgoing.end(options.body);
  return responseTo(outgoing);
}

/** Reads the whole response to a request of `node:http` or `node:https`. */
export function responseTo(outgoing: OutgoingRequest): Promise<ClientResponse> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(chunks);
        const { headers, rawHeaders, trailers, statusCode = 0 } = response;
        resolve({ status: statusCode, headers, rawHeaders, trailers, body, text: String(body) });
      });
    });
  });
}

/** A connection on which a test writes and reads bytes. */
export class RawClient {
  readonly socket: Socket;
  #received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1');
      socket.emit('received');
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Everything read so far, as latin1. */
  get received(): string {
    return this.#received;
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Resolves when what has been read contains `text`; rejects if the connection ends before. */
  async until(text: string): Promise<string> {
    while (!this.#received.includes(text)) {
      if (this.socket.readableEnded || this.socket.destroyed) {
        throw new Error(`the connection ended after: ${JSON.stringify(this.#received)}`);
      }
      await Promise.race([
        once(this.socket, 'received'),
        once(this.socket, 'close'),
        once(this.socket, 'end'),
      ]);
    }
    return this.#received;
  }

  /** Resolves with all that was read when the peer has closed. */
  async untilClosed(): Promise<string> {
    while (!this.socket.readableEnded && !this.socket.destroyed) {
      await Promise.race([once(this.socket, 'end'), once(this.socket, 'close')]);
    }
    this.socket.destroy();
    return this.#received;
  }
}
