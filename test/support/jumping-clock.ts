import type { Clock, ClockTimer } from '../../lib/base/clock.js';

interface JumpingTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/**
 * Time as a machine has it that was asleep, or that was set: it jumps, and what fell due meanwhile
 * runs afterwards, once.
 */
export class JumpingClock implements Clock {
  #nowMs = 0;
  #wallMs = Date.UTC(2016, 3, 15);
  readonly #timers = new Set<JumpingTimer>();

  now(): number {
    return this.#nowMs;
  }

  wallNow(): number {
    return this.#wallMs;
  }

  startTimer(delayMs: number, callback: () => void): ClockTimer {
    const timer: JumpingTimer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** The machine has been asleep. */
  jump(ms: number): void {
    this.#nowMs += ms;
    this.#wallMs += ms;
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= this.#nowMs);
    for (const timer of due.sort((a, b) => a.dueMs - b.dueMs)) {
      // One of those before may have canceled it.
      if (this.#timers.delete(timer)) {
        timer.callback();
      }
    }
  }

  /** Somebody has set the clock on the wall, back or ahead. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }
}
