import { toByteString } from '../../base/byte-string.js';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { Random } from '../../base/random.js';
import { type Deadline, type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import type { AsyncClient, AsyncResult } from '../../http/async-client.js';
import { UpdateAge } from '../../telemetry/stats/update-age.js';
import type { Discovery } from './discovery.js';

/** Discovery answers of v1 must come within this time: reference 4.9. */
const requestTimeoutMs = 1000;

/** How a discovery service is asked. */
export interface RestPollContext {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly log: Logger;
  /** Sends to the cluster of the discovery service. */
  readonly client: AsyncClient;
  /** That cluster's name, which is the `Host` of the requests. */
  readonly clusterName: string;
  readonly refreshDelayMs: number;
}

/** What a discovery service is asked for, and by whom. */
export interface RestPollSubject {
  readonly path: string;
  /** What log lines begin with, as "cluster orders". */
  readonly name: string;
  /** What is missing while the service does not answer, as "hosts". */
  readonly noun: string;
  readonly stats: {
    updateAttempt: number;
    updateSuccess: number;
    updateFailure: number;
    updateAge: UpdateAge | undefined;
  };
  /** Takes an answer; returns what is wrong with it, if it cannot be used. It may have to look at files. */
  take(value: unknown, body: Buffer): string | undefined | Promise<string | undefined>;
}

/**
 * Asks a discovery service of v1 again and again: reference 4.9.
 *
 * Only status 200 with a body that can be used counts as an answer. Anything else is counted,
 * logged once until it is over, and changes nothing. The next request follows after the refresh
 * delay plus up to as much again, counted from the end of the last one, whatever came of it; or up to
 * one percent later, together with others.
 */
export class RestPoll implements Discovery, Deadline {
  readonly #subject: RestPollSubject;
  readonly #context: RestPollContext;
  readonly #path: string;
  readonly #timer: WheelTimer = new WheelTimer(this);
  #cancelRequest: () => void = () => {};
  #isFailing = false;
  #isClosed = false;

  constructor(subject: RestPollSubject, context: RestPollContext) {
    this.#subject = subject;
    this.#context = context;
    this.#path = toRequestPath(subject.path);
    subject.stats.updateAge ??= new UpdateAge(context.clock);
  }

  start(onInitialized: () => void): void {
    this.#fetch(onInitialized);
  }

  /** It is time to ask again. */
  onDeadline(): void {
    this.#fetch(() => {});
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.stop();
    this.#cancelRequest();
  }

  #fetch(onInitialized: () => void): void {
    const { client, clusterName } = this.#context;
    this.#subject.stats.updateAttempt++;
    const request = { method: 'GET', path: this.#path, authority: clusterName } as const;
    this.#cancelRequest = client.send(request, requestTimeoutMs, (result) => {
      if (this.#isClosed) {
        return;
      }
      const taken = this.#take(result);
      const finish = (problem: string | undefined): void => this.#onTaken(problem, onInitialized);
      if (taken instanceof Promise) {
        void taken.catch(describeMistake).then(finish);
      } else {
        finish(taken);
      }
    });
  }

  #onTaken(problem: string | undefined, onInitialized: () => void): void {
    if (this.#isClosed) {
      return;
    }
    this.#report(problem);
    onInitialized();
    this.#scheduleNext();
  }

  #scheduleNext(): void {
    if (this.#isClosed) {
      // Whoever has heard of the answer has closed us.
      return;
    }
    const { wheel, random, refreshDelayMs } = this.#context;
    const delayMs = refreshDelayMs + (random.uint32() % refreshDelayMs);
    wheel.startRoughly(this.#timer, delayMs);
  }

  #report(problem: string | undefined): void {
    const { stats, name, noun } = this.#subject;
    const source = `the discovery service ${this.#context.clusterName}`;
    if (problem === undefined) {
      stats.updateSuccess++;
      stats.updateAge?.onSuccess();
      if (this.#isFailing) {
        this.#isFailing = false;
        this.#context.log.info(`${name}: ${source} answers again`);
      }
      return;
    }
    stats.updateFailure++;
    if (!this.#isFailing) {
      this.#isFailing = true;
      this.#context.log.warn(`${name}: no ${noun} from ${source}: ${problem}`);
    }
  }

  /** Returns what is wrong with the answer. */
  #take(result: AsyncResult): string | undefined | Promise<string | undefined> {
    if (result.kind === 'failure') {
      return result.reason;
    }
    if (result.status !== 200) {
      return `status ${result.status} instead of 200`;
    }
    let value: unknown;
    try {
      value = JSON.parse(result.body.toString('utf8'));
    } catch {
      return 'the body is not JSON';
    }
    try {
      return this.#subject.take(value, result.body);
    } catch (error) {
      return describeMistake(error);
    }
  }
}

/** A mistake of ours. It must not come out of the callback of a socket, nor end the questions. */
function describeMistake(error: unknown): string {
  return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
}

/**
 * Names of the configuration go into paths as they are, as in Envoy; but what cannot stand in a request
 * line would end it.
 */
function toRequestPath(path: string): string {
  return toByteString(path).replace(/[^\x21-\x7e]/g, (byte) => {
    const digits = byte.charCodeAt(0).toString(16).toUpperCase();
    return `%${digits.padStart(2, '0')}`;
  });
}
