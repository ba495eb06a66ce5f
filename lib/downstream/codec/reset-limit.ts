import type { Clock } from '../../base/clock.js';

/** How many streams may be reset at once, and how many more each second. */
const burst = 1000;
const perSecond = 33;

/**
 * Tells a client that gives up requests now and then from one that opens streams only to have them
 * reset. That costs the client next to nothing, and us and our hosts a request each; the limit on
 * streams that are open at a time is of no help, since each is gone when the next one comes.
 */
export class ResetLimit {
  readonly #clock: Clock;
  #left = burst;
  #countedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#countedMs = clock.now();
  }

  /** Counts a stream that has been reset, by whichever side. Returns false if it is one too many. */
  count(): boolean {
    const now = this.#clock.now();
    this.#left = Math.min(burst, this.#left + ((now - this.#countedMs) / 1000) * perSecond);
    this.#countedMs = now;
    this.#left--;
    return this.#left >= 0;
  }
}
