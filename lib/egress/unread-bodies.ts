import type { Clock, ClockTimer } from '../base/clock.js';

/** Something that grows old while nobody cares for it. */
export interface Aging {
  /** Called every `agingStepMs` while it is under way. */
  growOlder(): void;
}

/** Those under way. */
export interface AgingCalls {
  readonly size: number;
  toArray(): readonly Aging[];
}

/** How often calls are looked at; their limits are counted in these steps. */
export const agingStepMs = 15_000;

/** How long an unfinished body waits for its reader to begin: in steps, the first of them not whole. */
const maxUnreadSteps = 60_000 / agingStepMs + 1;
/** How long it waits for a reader to go on. Longer: whoever reads may have long work with a piece. */
const maxIdleSteps = 300_000 / agingStepMs + 1;

/**
 * Returns what is wrong with a body that has waited for `idleSteps`, if that is too long. `isBegun`:
 * somebody has read some of it.
 */
export function describeNeglect(idleSteps: number, isBegun: boolean): string | undefined {
  if (isBegun) {
    return idleSteps < maxIdleSteps ? undefined : 'nobody has read on for five minutes';
  }
  return idleSteps < maxUnreadSteps ? undefined : 'nobody has read it for a minute';
}

/**
 * Lets the calls under way grow older, all of them by one timer, which runs only while there are
 * some: so that a response nobody reads does not hold a connection for ever, and one that is read
 * costs nothing for it.
 */
export class UnreadBodies {
  readonly #clock: Clock;
  readonly #calls: AgingCalls;
  #timer: ClockTimer | undefined = undefined;
  #isClosed = false;

  /** `calls`: those under way. */
  constructor(clock: Clock, calls: AgingCalls) {
    this.#clock = clock;
    this.#calls = calls;
  }

  /** Called when a call begins. */
  watch(): void {
    if (this.#timer === undefined && !this.#isClosed) {
      this.#timer = this.#clock.startTimer(agingStepMs, () => this.#step());
    }
  }

  /** Nothing grows older any more. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #step(): void {
    this.#timer = undefined;
    for (const call of this.#calls.toArray()) {
      call.growOlder();
    }
    if (this.#calls.size > 0) {
      this.watch();
    }
  }
}
