import { randomInt } from 'node:crypto';
import type { Answer } from 'dns-packet';
import type { Clock } from '../../base/clock.js';
import { formatHostPort, type TcpAddress } from '../../config/address.js';
import type { DnsStats } from '../../telemetry/stats/dns-stats.js';
import { type DnsRecordType, encodeQuery } from './dns-message.js';
import type { ExchangeOutcome } from './exchange.js';
import { Gate } from './gate.js';
import { Pacer } from './pacer.js';
import { ServerOrder } from './server-order.js';
import { exchangeOverTcp } from './tcp-exchange.js';
import { exchangeOverUdp } from './udp-exchange.js';

/**
 * So many questions may be under way at one server. Each has a socket, of which the process may have
 * few, and a server drops what comes faster than it reads. By server, so that those who ask a dead
 * one do not hold up the others.
 */
const maxActive = 64;

/** So many questions begin in one turn of the event loop: clusters ask all at once. */
const maxBegunPerTurn = 8;

/** Who is asked, and how patiently. */
export interface ServerChoice {
  readonly servers: readonly TcpAddress[];
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly isRotating: boolean;
}

/** What became of a question. */
export type QueryResult =
  | { readonly kind: 'answer'; readonly records: readonly Answer[] }
  /** All servers that answered said that they cannot tell. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** No server answered. */
  | { readonly kind: 'silence'; readonly reason: string };

interface ServerQuestion {
  readonly name: string;
  readonly type: DnsRecordType;
  readonly server: TcpAddress;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

type ServerOutcome = Exclude<ExchangeOutcome, { kind: 'truncated' }>;

/** Plain is without extensions, for servers that do not know any. */
type Way = 'udp' | 'plain udp' | 'tcp' | 'plain tcp';

/** Puts one question to one server after another, until one answers. */
export class ServerQuery {
  readonly #clock: Clock;
  readonly #stats: DnsStats;
  readonly #order: ServerOrder;
  readonly #pacer = new Pacer(maxBegunPerTurn);
  /** Of the servers that are being asked. */
  readonly #gates = new Map<string, Gate>();

  constructor(clock: Clock, stats: DnsStats) {
    this.#clock = clock;
    this.#stats = stats;
    this.#order = new ServerOrder(clock);
  }

  /**
   * Asks all servers once, and those that were silent again, as often as `choice` says. A server that
   * cannot tell is not asked again: it would say the same.
   */
  async ask(
    name: string,
    type: DnsRecordType,
    choice: ServerChoice,
    signal: AbortSignal,
  ): Promise<QueryResult> {
    let silent = this.#order.sort(choice.servers, choice.isRotating);
    let refusal: string | undefined;
    let silence = 'there is no server to ask';
    for (let attempt = 0; attempt < choice.attempts && silent.length > 0; attempt++) {
      const stillSilent: TcpAddress[] = [];
      for (const server of silent) {
        const question = { name, type, server, timeoutMs: choice.timeoutMs, signal };
        const outcome = await this.#askServer(question);
        if (outcome.kind === 'answer') {
          return outcome;
        }
        if (outcome.kind === 'aborted') {
          return { kind: 'silence', reason: 'given up' };
        }
        const at = formatHostPort(server);
        if (outcome.kind === 'error') {
          refusal = `${at} answers ${outcome.code}`;
        } else {
          silence = `${at}: ${outcome.kind === 'failed' ? outcome.reason : 'no answer'}`;
          stillSilent.push(server);
        }
      }
      silent = stillSilent;
    }
    return refusal === undefined
      ? { kind: 'silence', reason: silence }
      : { kind: 'refused', reason: refusal };
  }

  /** Asks one server: with extensions, then without if it does not know them, over TCP if need be. */
  async #askServer(question: ServerQuestion): Promise<ServerOutcome> {
    let outcome = await this.#exchange(question, 'udp');
    // A server that does not know extensions does not know them over TCP either.
    const isPlain =
      outcome.kind === 'error' && (outcome.code === 'FORMERR' || outcome.code === 'NOTIMP');
    if (isPlain) {
      outcome = await this.#exchange(question, 'plain udp');
    }
    if (outcome.kind === 'truncated') {
      outcome = await this.#exchange(question, isPlain ? 'plain tcp' : 'tcp');
    }
    if (outcome.kind === 'truncated') {
      return { kind: 'failed', reason: 'the answer over TCP is cut off' };
    }
    if (outcome.kind === 'timeout' || outcome.kind === 'failed') {
      this.#order.avoid(question.server);
    } else if (outcome.kind !== 'aborted') {
      this.#order.trust(question.server);
    }
    return outcome;
  }

  async #exchange(question: ServerQuestion, way: Way): Promise<ExchangeOutcome> {
    const { name, type, server, timeoutMs, signal } = question;
    const stats = this.#stats;
    const isPlain = way === 'plain udp' || way === 'plain tcp';
    const isTcp = way === 'tcp' || way === 'plain tcp';
    // The id is from the system's own randomness, whoever else's is passed in: it is a secret.
    const query = encodeQuery(randomInt(0x10000), name, type, !isPlain);
    const onIgnored = (): unknown => stats.answerIgnored++;
    const exchange = { server, query, timeoutMs, clock: this.#clock, signal, onIgnored };
    const outcome = await this.#enter(server, signal, async () => {
      await this.#pacer.wait();
      stats.queryTotal++;
      stats.queryTcpTotal += isTcp ? 1 : 0;
      stats.queryActive++;
      const result = await (isTcp ? exchangeOverTcp(exchange) : exchangeOverUdp(exchange));
      stats.queryActive--;
      return result;
    });
    this.#count(outcome);
    return outcome ?? { kind: 'aborted' };
  }

  /** Runs `work` when the server has room for it; `undefined` if `signal` ends the wait. */
  async #enter<T>(
    server: TcpAddress,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    const key = formatHostPort(server);
    const gate = this.#gates.get(key) ?? new Gate(maxActive);
    this.#gates.set(key, gate);
    const result = await gate.run(signal, work);
    if (gate.isIdle && this.#gates.get(key) === gate) {
      this.#gates.delete(key);
    }
    return result;
  }

  #count(outcome: ExchangeOutcome | undefined): void {
    if (outcome?.kind === 'timeout') {
      this.#stats.queryTimeout++;
    } else if (outcome?.kind === 'failed') {
      this.#stats.queryFailed++;
    } else if (outcome?.kind === 'error') {
      this.#stats.queryRefused++;
    }
  }
}
