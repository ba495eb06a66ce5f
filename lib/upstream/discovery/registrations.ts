import type { Clock, ClockTimer } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import { describeValue } from '../../config/describe-value.js';
import { parseSdsResponse, type SdsHostConfig } from '../../config/sds-response.js';
import { UpdateAge } from '../../telemetry/stats/update-age.js';
import type { Cluster } from '../cluster.js';
import { applyDiscoveredHosts } from './discovered-hosts.js';
import type { Discovery } from './discovery.js';
import type { RegistrationSource, RegistrationSubscription } from './registration-source.js';

/** How long the start waits for the first word of a source. */
const firstAnswerMs = 5000;

/**
 * How often hosts that are registered no more, but stay as long as they pass their health checks, are
 * looked at. A discovery service is asked at intervals anyway; a source tells only what changes.
 */
const retainedCheckMs = 1000;

/** What tells the hosts of clusters of type `sds`, and what else that takes. */
export interface RegistrationsContext {
  readonly registrations: RegistrationSource;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Is told the hosts of one cluster by a source in this process.
 *
 * What it is told is taken as the answer of a discovery service would be: the same checks, the same
 * rules of membership (reference 4.10), the same counters. The source is foreign code, so nothing
 * that it does gets through to anything else.
 */
export class RegistrationsDiscovery implements Discovery {
  readonly #cluster: Cluster;
  readonly #serviceName: string;
  readonly #context: RegistrationsContext;
  #subscription: RegistrationSubscription | undefined = undefined;
  /** Until the first answer or failure. */
  #firstAnswer: { readonly timer: ClockTimer; readonly onInitialized: () => void } | undefined =
    undefined;
  /** Runs while there are hosts that are registered no more. */
  #retainedTimer: ClockTimer | undefined = undefined;
  #isFailing = false;
  #isClosed = false;

  constructor(cluster: Cluster, serviceName: string, context: RegistrationsContext) {
    this.#cluster = cluster;
    this.#serviceName = serviceName;
    this.#context = context;
    cluster.stats.updateAge ??= new UpdateAge(context.clock);
  }

  start(onInitialized: () => void): void {
    const { clock, registrations } = this.#context;
    const timer = clock.startTimer(firstAnswerMs, () =>
      this.#onUpdate(() => `no answer within ${firstAnswerMs / 1000} s`),
    );
    this.#firstAnswer = { timer, onInitialized };
    try {
      const subscription = registrations.subscribe(this.#serviceName, {
        onHosts: (hosts) => this.#onUpdate(() => this.#take(hosts)),
        onFailure: (error) => this.#onUpdate(() => describeError(error)),
      });
      this.#subscription = subscription;
      if (this.#isClosed) {
        // By somebody who was told of the first answer, which came at once.
        this.#closeSubscription();
      }
    } catch (error) {
      this.#onUpdate(() => describeError(error));
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#firstAnswer?.timer.cancel();
    this.#firstAnswer = undefined;
    this.#retainedTimer?.cancel();
    this.#closeSubscription();
  }

  /** `take` returns what is wrong with the update, if it cannot be used. */
  #onUpdate(take: () => string | undefined): void {
    if (this.#isClosed) {
      return;
    }
    const { stats } = this.#cluster;
    stats.updateAttempt++;
    const problem = this.#attempt(take);
    if (problem === undefined) {
      stats.updateSuccess++;
      stats.updateAge?.onSuccess();
      if (this.#isFailing) {
        this.#isFailing = false;
        this.#log('info', 'the source of registrations tells the hosts again');
      }
    } else {
      stats.updateFailure++;
      if (!this.#isFailing) {
        this.#isFailing = true;
        this.#log('warn', `no hosts from the source of registrations: ${problem}`);
      }
    }
    const first = this.#firstAnswer;
    this.#firstAnswer = undefined;
    first?.timer.cancel();
    first?.onInitialized();
  }

  #attempt(take: () => string | undefined): string | undefined {
    try {
      return take();
    } catch (error) {
      // It must not come out of a call that the source has made.
      return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
    }
  }

  #take(hosts: unknown): string | undefined {
    const parsed = parseSdsResponse({ hosts });
    if ('problem' in parsed) {
      return parsed.problem;
    }
    this.#apply(parsed.hosts);
    return undefined;
  }

  #apply(found: readonly SdsHostConfig[]): void {
    this.#retainedTimer?.cancel();
    this.#retainedTimer = undefined;
    const cluster = this.#cluster;
    applyDiscoveredHosts(cluster, found);
    if (cluster.hostSet.hosts.length > found.length) {
      const { clock } = this.#context;
      this.#retainedTimer = clock.startTimer(retainedCheckMs, () => this.#applyAgain(found));
    }
  }

  #applyAgain(found: readonly SdsHostConfig[]): void {
    const problem = this.#attempt(() => {
      this.#apply(found);
      return undefined;
    });
    if (problem !== undefined) {
      this.#log('warn', problem);
    }
  }

  #closeSubscription(): void {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    try {
      subscription?.close();
    } catch (error) {
      this.#log('warn', `the source of registrations cannot be left: ${describeError(error)}`);
    }
  }

  #log(level: 'info' | 'warn', message: string): void {
    this.#context.log[level](`cluster ${this.#cluster.name}: ${message}`);
  }
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : describeValue(error);
}
