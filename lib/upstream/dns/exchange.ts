import type { Clock } from '../../base/clock.js';
import type { TcpAddress } from '../../config/address.js';
import type { DnsReply } from './dns-message.js';

/** One question to one server. */
export interface Exchange {
  readonly server: TcpAddress;
  /** The message to send. */
  readonly query: Buffer;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  /** Hears of every message that was no answer. */
  readonly onIgnored: () => unknown;
}

/** How it ended. */
export type ExchangeOutcome =
  | Exclude<DnsReply, { kind: 'ignored' }>
  | { readonly kind: 'timeout' }
  /** The server cannot be reached, or does not keep to the protocol. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** Given up by whoever asked. */
  | { readonly kind: 'aborted' };

/**
 * Runs an exchange until it has an outcome, its time is up, or it is given up. `begin` opens the socket and
 * returns what closes it, which is called once in any case.
 */
export function runExchange(
  { clock, timeoutMs, signal }: Exchange,
  begin: (onOutcome: (outcome: ExchangeOutcome) => void) => () => void,
): Promise<ExchangeOutcome> {
  if (signal.aborted) {
    return Promise.resolve({ kind: 'aborted' });
  }
  return new Promise((resolve) => {
    let isOver = false;
    let close = (): void => {};
    const settle = (outcome: ExchangeOutcome): void => {
      if (!isOver) {
        isOver = true;
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        close();
        resolve(outcome);
      }
    };
    const onAbort = (): void => settle({ kind: 'aborted' });
    const timer = clock.startTimer(timeoutMs, () => settle({ kind: 'timeout' }));
    signal.addEventListener('abort', onAbort);
    close = begin(settle);
  });
}

/** What an error of a socket is called in a reason. */
export function reasonOf(error: Error): string {
  // Errors of sockets have a code, which says it shortest.
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
