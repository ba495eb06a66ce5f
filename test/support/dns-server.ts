import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  type Answer,
  decode,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import type { TcpAddress } from '../../lib/config/address.js';

/** What a server says beside its records. */
export const codes = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  refused: 5,
} as const;

/** What an answer is made of; the rest is as it should be. */
export interface ReplyParts {
  readonly id?: number;
  readonly code?: number;
  /** Default: response, recursion desired and available. */
  readonly flags?: number;
  readonly name?: string;
  readonly answers?: readonly Answer[];
  readonly type?: 'query' | 'response';
}

/** A question that has come. */
export interface ReceivedQuery {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly transport: 'udp' | 'tcp';
  readonly isExtended: boolean;
  /** Where it came from. */
  readonly port: number;
  /** Makes an answer. */
  encode(parts?: ReplyParts): Buffer;
  /** Sends an answer. */
  reply(parts?: ReplyParts): void;
  /** Sends bytes, over TCP without a length before them. */
  send(bytes: Buffer): void;
  /** Over TCP, ends the connection. */
  end(): void;
}

const goodFlags = RECURSION_DESIRED | RECURSION_AVAILABLE;

/** A name server of the tests, on UDP and TCP of one port of loopback. It says what a test wants. */
export class DnsServer {
  readonly queries: ReceivedQuery[] = [];
  /** What it does with a question; by default it answers from `records`. */
  handler: (query: ReceivedQuery) => void = (query) => query.reply(this.#look(query));
  /** The records that it knows. */
  records: readonly Answer[] = [];
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(udp: UdpSocket, tcp: Server) {
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on('message', (message, from) => this.#onDatagram(message, from));
    tcp.on('connection', (socket) => this.#onConnection(socket));
  }

  static async start(): Promise<DnsServer> {
    for (;;) {
      const tcp = createServer({ allowHalfOpen: true });
      tcp.listen(0, '127.0.0.1');
      await once(tcp, 'listening');
      const udp = createSocket('udp4');
      try {
        const { port } = tcp.address() as AddressInfo;
        const bound = once(udp, 'listening');
        udp.bind(port, '127.0.0.1');
        await bound;
        return new DnsServer(udp, tcp);
      } catch {
        // Somebody else has that port of UDP.
        udp.close();
        tcp.close();
      }
    }
  }

  get port(): number {
    return this.#udp.address().port;
  }

  get address(): TcpAddress {
    return { kind: 'tcp', host: '127.0.0.1', port: this.port };
  }

  /** As an entry of `dns_resolvers` has it. */
  get hostPort(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The questions, as `transport type name`. */
  get asked(): string[] {
    return this.queries.map(({ transport, type, name }) => `${transport} ${type} ${name}`);
  }

  /** Sends bytes from this server's UDP socket to a port of this machine. */
  sendTo(bytes: Buffer, port: number): void {
    this.#udp.send(bytes, port, '127.0.0.1');
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#udp.close();
    this.#tcp.close();
    await once(this.#tcp, 'close');
  }

  /** Finds the records of a question, those of its aliases too. */
  #look({ name, type }: ReceivedQuery): ReplyParts {
    let owner = name.toLowerCase();
    const answers: Answer[] = [];
    for (let i = 0; i < 20; i++) {
      const alias = this.records.find((record) => record.name === owner && record.type === 'CNAME');
      if (alias?.type !== 'CNAME') {
        break;
      }
      answers.push(alias);
      owner = alias.data;
    }
    const known = this.records.filter((record) => record.name === owner);
    answers.push(...known.filter((record) => record.type === type));
    const exists = known.length > 0 || answers.length > 0;
    return { answers, code: exists ? codes.ok : codes.noSuchName };
  }

  #onDatagram(message: Buffer, from: RemoteInfo): void {
    const send = (bytes: Buffer): void => {
      this.#udp.send(bytes, from.port, from.address);
    };
    this.#onQuery(message, 'udp', from.port, send, () => {});
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('end', () => socket.end());
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < 2 ? Number.POSITIVE_INFINITY : received.readUInt16BE(0);
      if (received.length >= 2 + length) {
        const message = received.subarray(2, 2 + length);
        received = received.subarray(2 + length);
        const send = (bytes: Buffer): unknown => socket.write(bytes);
        this.#onQuery(message, 'tcp', socket.remotePort ?? 0, send, () => socket.end());
      }
    });
  }

  #onQuery(
    message: Buffer,
    transport: 'udp' | 'tcp',
    port: number,
    send: (bytes: Buffer) => void,
    end: () => void,
  ): void {
    const packet = decode(message);
    const { name = '', type = 'A' } = packet.questions?.[0] ?? {};
    const extension = packet.additionals?.find((record) => record.type === 'OPT');
    const limit = extension?.type === 'OPT' ? extension.udpPayloadSize : 512;
    const id = packet.id ?? 0;
    const query: ReceivedQuery = {
      id,
      name,
      type,
      transport,
      isExtended: extension !== undefined,
      port,
      encode: (parts = {}) =>
        encode({
          id: parts.id ?? id,
          type: parts.type ?? 'response',
          flags: (parts.flags ?? goodFlags) | (parts.code ?? codes.ok),
          questions: [{ name: parts.name ?? name, type, class: 'IN' }],
          answers: [...(parts.answers ?? [])],
        }),
      reply: (parts = {}) => {
        const bytes = query.encode(parts);
        if (transport === 'tcp') {
          send(Buffer.concat([lengthOf(bytes), bytes]));
        } else if (bytes.length <= limit) {
          send(bytes);
        } else {
          send(query.encode({ ...parts, flags: goodFlags | TRUNCATED_RESPONSE, answers: [] }));
        }
      },
      send,
      end,
    };
    this.queries.push(query);
    this.handler(query);
  }
}

/** The two bytes that stand before a message over TCP. */
export function lengthOf(bytes: Buffer): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(bytes.length);
  return prefix;
}

/** Addresses of a name. */
export function addresses(name: string, values: readonly string[], ttl = 60): Answer[] {
  return values.map((data) => ({
    name,
    type: data.includes(':') ? 'AAAA' : 'A',
    class: 'IN',
    ttl,
    data,
  }));
}

/** Another name of a name. */
export function alias(name: string, data: string, ttl = 60): Answer {
  return { name, type: 'CNAME', class: 'IN', ttl, data };
}

/** Where a service is. */
export function service(
  name: string,
  target: string,
  port: number,
  { priority = 0, weight = 1, ttl = 60 }: { priority?: number; weight?: number; ttl?: number } = {},
): Answer {
  return { name, type: 'SRV', class: 'IN', ttl, data: { target, port, priority, weight } };
}
