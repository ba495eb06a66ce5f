import type { Clock, ClockTimer } from '../../lib/base/clock.js';

interface ManualTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #startWallMs: number;
  readonly #timers = new Set<ManualTimer>();

  /** `startWallMs`: what the wall clock shows at first. Default: 2016-04-15T20:17:00.310Z. */
  constructor(startWallMs: number = Date.UTC(2016, 3, 15, 20, 17, 0, 310)) {
    this.#startWallMs = startWallMs;
  }

  /** How many timers are running. */
  get timerCount(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#nowMs;
  }

  wallNow(): number {
    return this.#startWallMs + this.#nowMs;
  }

  startTimer(delayMs: number, callback: () => void): ClockTimer {
    const timer: ManualTimer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Moves time on and runs what falls due on the way, earliest first. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let timer = this.#nextDue(endMs); timer !== undefined; timer = this.#nextDue(endMs)) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.callback();
    }
    this.#nowMs = endMs;
  }

  #nextDue(endMs: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) {
        next = timer;
      }
    }
    return next;
  }
}
