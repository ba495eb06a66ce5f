import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { readReply } from './dns-message.js';
import { type Exchange, type ExchangeOutcome, reasonOf, runExchange } from './exchange.js';

/**
 * So many messages that are no answer are passed over. Then somebody is guessing, and the question
 * is put over TCP, where guessing is of no use.
 */
const maxIgnored = 16;

/**
 * Asks over UDP, from a socket of its own: its port, which the system draws, is one more thing that a
 * liar has to guess. It is connected, so what comes from another address is never seen.
 */
export function exchangeOverUdp(exchange: Exchange): Promise<ExchangeOutcome> {
  return runExchange(exchange, (onOutcome) => {
    const { server, query, onIgnored } = exchange;
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
    const onError = (error: Error | null | undefined): void => {
      if (error !== null && error !== undefined) {
        onOutcome({ kind: 'failed', reason: reasonOf(error) });
      }
    };
    let ignoredCount = 0;
    socket.on('error', onError);
    socket.on('message', (message) => {
      const reply = readReply(query, message);
      if (reply.kind !== 'ignored') {
        onOutcome(reply);
        return;
      }
      onIgnored();
      ignoredCount++;
      if (ignoredCount === maxIgnored) {
        onOutcome({ kind: 'truncated' });
      }
    });
    // The types do not say so, but the call hears of an error, too.
    const onConnected = (error?: Error): void => {
      if (error === undefined) {
        socket.send(query, onError);
      } else {
        onError(error);
      }
    };
    socket.connect(server.port, server.host, onConnected);
    socket.unref();
    return () => socket.close();
  });
}
