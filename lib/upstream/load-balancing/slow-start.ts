import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import type { Host, HostSlowStart } from '../host.js';
import type { SlowStartPolicy } from './slow-start-options.js';

/**
 * How many turns in a row may be given away. If all hosts are in their slow start the last one of
 * them must do.
 */
export const maxSlowStartSkips = 32;

/** Whether a host takes the turn that it has been given. */
export function isAdmitted({ slowStart }: Host): boolean {
  return slowStart === undefined || slowStart.takesTurn();
}

/** How many requests one request to a host counts for, by the share that it may have. */
export function loadFactorOf({ slowStart }: Host): number {
  return slowStart === undefined ? 1 : 1 / slowStart.share;
}

/**
 * Has hosts of one cluster that come, or come back to health, begin with a small share of the requests,
 * which grows to the full one in the time of the policy. There are no timers: whoever gives a host its
 * turn asks it.
 */
export class SlowStart {
  readonly #policy: SlowStartPolicy;
  readonly #clock: Clock;
  readonly #random: Random;
  #isEnabled = false;

  constructor(policy: SlowStartPolicy, clock: Clock, random: Random) {
    this.#policy = policy;
    this.#clock = clock;
    this.#random = random;
  }

  /** The cluster serves. The hosts that it has by now have their full share. */
  enable(): void {
    this.#isEnabled = true;
  }

  /** These hosts have come. */
  beginAll(hosts: readonly Host[]): void {
    for (const host of hosts) {
      this.begin(host);
    }
  }

  /** The host begins now, or begins anew. */
  begin(host: Host): void {
    if (!this.#isEnabled) {
      return;
    }
    host.slowStart = new RunningSlowStart(host, this.#policy, this.#clock, this.#random.fraction());
  }
}

/** The slow start of one host, which takes itself away when it is over. */
class RunningSlowStart implements HostSlowStart {
  readonly #host: Host;
  readonly #policy: SlowStartPolicy;
  readonly #clock: Clock;
  readonly #startMs: number;
  /** Turns that it has a claim to. From 1 on it takes one. */
  #credit: number;

  /** `credit`: of hosts that begin together not all should take the same turns. */
  constructor(host: Host, policy: SlowStartPolicy, clock: Clock, credit: number) {
    this.#host = host;
    this.#policy = policy;
    this.#clock = clock;
    this.#startMs = clock.now();
    this.#credit = credit;
  }

  get share(): number {
    const { windowMs, aggression, minWeightPercent } = this.#policy;
    const elapsed = (this.#clock.now() - this.#startMs) / windowMs;
    if (elapsed >= 1) {
      this.#host.slowStart = undefined;
      return 1;
    }
    const grown = aggression === 1 ? elapsed : elapsed ** (1 / aggression);
    return Math.max(minWeightPercent / 100, grown);
  }

  takesTurn(): boolean {
    this.#credit += this.share;
    if (this.#credit < 1) {
      return false;
    }
    this.#credit -= 1;
    return true;
  }
}
