import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A host that answers `ok` and remembers headers. It is on `node:net`, so that it makes no spans. */
export class ThirdParty {
  /** The headers of each request, in the order in which they came. */
  readonly requests: Record<string, string>[] = [];
  readonly #sockets: Set<Socket> = new Set();
  readonly #server = createServer((socket) => this.#serve(socket));

  static async start(): Promise<ThirdParty> {
    const host = new ThirdParty();
    host.#server.listen(0, '127.0.0.1');
    await once(host.#server, 'listening');
    return host;
  }

  /** `host:port`. */
  get authority(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  #serve(socket: Socket): void {
    let received = '';
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        this.requests.push(readHeaders(received.slice(0, end)));
        received = received.slice(end + 4);
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      }
    });
  }
}

function readHeaders(head: string): Record<string, string> {
  const pairs = head
    .split('\r\n')
    .slice(1)
    .map((line) => {
      const [name = '', ...value] = line.split(':');
      return [name.toLowerCase(), value.join(':').trim()];
    });
  return Object.fromEntries(pairs);
}
