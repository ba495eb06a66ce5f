import { connect } from 'node:net';
import { readReply } from './dns-message.js';
import { type Exchange, type ExchangeOutcome, reasonOf, runExchange } from './exchange.js';

/** The length that stands before each message. */
const prefixBytes = 2;

/** Asks over TCP: for answers that are too large for UDP. One question a connection. */
export function exchangeOverTcp(exchange: Exchange): Promise<ExchangeOutcome> {
  return runExchange(exchange, (onOutcome) => {
    const { server, query } = exchange;
    const socket = connect({ host: server.host, port: server.port, noDelay: true });
    const reader = new MessageReader();
    socket.unref();
    socket.on('error', (error) => onOutcome({ kind: 'failed', reason: reasonOf(error) }));
    socket.on('close', () => onOutcome({ kind: 'failed', reason: 'the connection was closed' }));
    socket.on('data', (chunk: Buffer) => {
      const message = reader.read(chunk);
      if (message !== undefined) {
        onOutcome(readOutcome(exchange, message));
      }
    });
    const prefix = Buffer.alloc(prefixBytes);
    prefix.writeUInt16BE(query.length);
    socket.write(Buffer.concat([prefix, query]));
    return () => socket.destroy();
  });
}

/** Puts the pieces of one message together: at most the 65,535 bytes that its length can say. */
class MessageReader {
  #chunks: Buffer[] = [];
  #size = 0;
  #expected = prefixBytes;

  /** Returns the message when it is complete. */
  read(chunk: Buffer): Buffer | undefined {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#expected) {
      return undefined;
    }
    const received = Buffer.concat(this.#chunks);
    this.#chunks = [received];
    this.#expected = prefixBytes + received.readUInt16BE(0);
    return received.length < this.#expected
      ? undefined
      : received.subarray(prefixBytes, this.#expected);
  }
}

function readOutcome(exchange: Exchange, message: Buffer): ExchangeOutcome {
  const reply = readReply(exchange.query, message);
  if (reply.kind === 'ignored') {
    exchange.onIgnored();
    return { kind: 'failed', reason: `an answer over TCP is not to be used: ${reply.reason}` };
  }
  return reply;
}
