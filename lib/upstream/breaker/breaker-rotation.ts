import { EventEmitter } from 'node:events';
import type { Clock, ClockTimer } from '../../base/clock.js';
import { maxRollingCountBuckets } from './breaker-policy.js';

/** What opossum listens for on a `rotateBucketController`. */
const rotateEvent = 'rotate';

/** The windows whose steps have the same length. */
interface Beat {
  readonly intervalMs: number;
  readonly controller: EventEmitter;
  nextMs: number;
}

/**
 * Moves on the windows of all breakers, by one timer of the clock for all of them. It runs only
 * while there is a window, and never keeps the process alive.
 */
export class BreakerRotation {
  readonly #clock: Clock;
  readonly #beats = new Map<number, Beat>();
  #timer: ClockTimer | undefined = undefined;
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns what moves windows on whose steps are so long. They listen from now on. */
  controllerOf(intervalMs: number): EventEmitter {
    let beat = this.#beats.get(intervalMs);
    if (beat === undefined) {
      const controller = new EventEmitter();
      // One listener for each breaker is no leak.
      controller.setMaxListeners(0);
      controller.on('removeListener', () => this.#onRemoved());
      beat = { intervalMs, controller, nextMs: 0 };
      this.#beats.set(intervalMs, beat);
    }
    if (beat.controller.listenerCount(rotateEvent) === 0) {
      beat.nextMs = this.#clock.now() + intervalMs;
      this.#startTimer(beat.nextMs);
    }
    return beat.controller;
  }

  #onRemoved(): void {
    for (const { controller } of this.#beats.values()) {
      if (controller.listenerCount(rotateEvent) > 0) {
        return;
      }
    }
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #startTimer(dueMs: number): void {
    if (this.#timer !== undefined && this.#timerMs <= dueMs) {
      return;
    }
    this.#timer?.cancel();
    this.#timerMs = dueMs;
    const delayMs = Math.max(1, Math.ceil(dueMs - this.#clock.now()));
    this.#timer = this.#clock.startTimer(delayMs, () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const beat of this.#beats.values()) {
      rotateUntil(beat, now);
      if (beat.controller.listenerCount(rotateEvent) > 0) {
        nextMs = Math.min(nextMs, beat.nextMs);
      }
    }
    if (nextMs !== Number.POSITIVE_INFINITY) {
      this.#startTimer(nextMs);
    }
  }
}

function rotateUntil(beat: Beat, now: number): void {
  // Node rounds delays to whole milliseconds, so a timer may come a fraction early.
  const missed = Math.floor((now + 0.5 - beat.nextMs) / beat.intervalMs) + 1;
  if (missed <= 0) {
    return;
  }
  beat.nextMs += missed * beat.intervalMs;
  // A process that was held up has all windows catch up; more steps than a window has are one too many.
  for (let i = 0; i < Math.min(missed, maxRollingCountBuckets); i++) {
    beat.controller.emit(rotateEvent);
  }
}
