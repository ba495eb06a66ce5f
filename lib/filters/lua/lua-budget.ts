import type { Clock } from '../../base/clock.js';

/** How many instructions a script may run from one wait to the next. */
export const maxInstructions = 1_000_000;
/** How long that may take: what Lua does within one instruction is not counted. */
export const maxRunMs = 250;
/** How often a script is looked at, in instructions. */
export const hookInterval = 100;

/** So much of the time between two looks counts: a machine that stalls is no fault of the script. */
const maxCountedMs = 100;

/**
 * What a script may still do before it has to wait or end. Memory is paid for as well as
 * instructions: filling it takes time that no instruction shows.
 */
export class LuaBudget {
  readonly #clock: Clock;
  #left: number = maxInstructions;
  #runMs = 0;
  #lastMs = 0;
  #reason: string | undefined = undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The script begins, or goes on after a wait. */
  refill(): void {
    this.#left = maxInstructions;
    this.#runMs = 0;
    this.#lastMs = this.#clock.now();
    this.#reason = undefined;
  }

  /** Why the script must stop, or `undefined` if it may go on. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Takes instructions off what is left. Returns whether the script may go on. */
  spend(instructions: number): boolean {
    this.#left -= instructions;
    if (this.#left < 0) {
      this.#reason ??= `the script has run more than ${maxInstructions} instructions`;
    }
    return this.#reason === undefined;
  }

  /** The same, with a look at the clock. */
  spendTimed(instructions: number): boolean {
    if (this.spend(instructions)) {
      const now = this.#clock.now();
      this.#runMs += Math.min(now - this.#lastMs, maxCountedMs);
      this.#lastMs = now;
      if (this.#runMs > maxRunMs) {
        this.#reason = `the script has run for more than ${maxRunMs} ms`;
      }
    }
    return this.#reason === undefined;
  }

  /** The script has asked for more memory than there is: it is not to try again. */
  end(reason: string): void {
    this.#reason ??= reason;
  }
}
