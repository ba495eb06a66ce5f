import type { Clock, ClockTimer } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { Address, TcpAddress } from '../../config/address.js';
import type { DnsConfig } from '../../config/cluster-discovery.js';
import { UpdateAge } from '../../telemetry/stats/update-age.js';
import type { Cluster } from '../cluster.js';
import type { Discovery } from './discovery.js';
import type { DnsResolver, DnsResult } from './dns-resolver.js';

/** What DNS discovery needs from the sidecar. */
export interface DnsContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly resolver: DnsResolver;
  /** Returns where `host:port` of the configuration is really reached, if it is mapped. */
  readonly resolveConnectTo: (address: TcpAddress) => Address;
}

/** An answer of the resolver, with addresses or without. */
export type DnsAnswer = Extract<DnsResult, { kind: 'answer' }>;

/** A name that is looked up again and again, and who wants to know. */
export interface DnsSubject {
  readonly cluster: Cluster;
  readonly name: string;
  readonly config: DnsConfig;
  /** Takes an answer; returns why it cannot be used, if it cannot. */
  take(answer: DnsAnswer): string | undefined;
}

/** However short the time to live, names are looked up no more often, unless the configuration says so. */
const minTtlMs = 1000;

/**
 * Looks a name up again and again: reference 4.1. The next look-up follows after
 * `dns_refresh_rate_ms`, or when the answer is too old by then, counted from the end of the last one.
 *
 * A look-up that fails is counted, logged once until it is over, and changes nothing.
 */
export class DnsRefresh implements Discovery {
  readonly #subject: DnsSubject;
  readonly #context: DnsContext;
  #timer: ClockTimer | undefined = undefined;
  #cancelLookup: () => void = () => {};
  #isFailing = false;
  #isClosed = false;

  constructor(subject: DnsSubject, context: DnsContext) {
    this.#subject = subject;
    this.#context = context;
    subject.cluster.stats.updateAge ??= new UpdateAge(context.clock);
  }

  /** Whether the last look-up failed. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  start(onInitialized: () => void): void {
    const { cluster, name, config } = this.#subject;
    const question = { name, family: config.dnsLookupFamily, resolvers: config.dnsResolvers };
    cluster.stats.updateAttempt++;
    this.#cancelLookup = this.#context.resolver.resolve(question, (result) => {
      if (this.#isClosed) {
        return;
      }
      this.#onResult(result);
      onInitialized();
      this.#scheduleNext(result);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#cancelLookup();
  }

  #scheduleNext(result: DnsResult): void {
    if (this.#isClosed) {
      // Whoever has heard of the answer has closed us.
      return;
    }
    const { dnsRefreshRateMs } = this.#subject.config;
    const ttlMs = (result.kind === 'answer' ? result.ttlMs : undefined) ?? dnsRefreshRateMs;
    const delayMs = Math.min(dnsRefreshRateMs, Math.max(ttlMs, minTtlMs));
    this.#timer = this.#context.clock.startTimer(delayMs, () => this.start(() => {}));
  }

  #onResult(result: DnsResult): void {
    const { cluster, name } = this.#subject;
    const problem = this.#take(result);
    if (problem === undefined) {
      cluster.stats.updateSuccess++;
      cluster.stats.updateAge?.onSuccess();
      if (this.#isFailing) {
        this.#isFailing = false;
        this.#context.log.info(`cluster ${cluster.name}: ${name} resolves again`);
      }
      return;
    }
    cluster.stats.updateFailure++;
    if (!this.#isFailing) {
      this.#isFailing = true;
      this.#context.log.warn(`cluster ${cluster.name}: ${name} cannot be resolved: ${problem}`);
    }
  }

  /** Returns what is wrong with the result. */
  #take(result: DnsResult): string | undefined {
    if (result.kind === 'failure') {
      return result.reason;
    }
    try {
      return this.#subject.take(result) ?? result.missing?.reason;
    } catch (error) {
      // A mistake of ours. It must not come out of the callback of a socket, nor end the look-ups.
      return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
    }
  }
}
