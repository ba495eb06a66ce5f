import { type Deadline, type TimerWheel, WheelTimer } from '../base/timer-wheel.js';
import type { RequestDeadline } from '../http/request-context.js';

/** A wait that is shorter is timed exactly. */
const minRoughMs = 200;

/**
 * Ends a request with the deadline of the one that it is made for. That one may be answered meanwhile,
 * and then nothing is left of its deadline; or its time may not have begun yet. So it is asked again
 * when the time seems to be up.
 */
export class InheritedDeadline implements Deadline {
  readonly #deadline: RequestDeadline;
  readonly #wheel: TimerWheel;
  readonly #onOver: () => void;
  readonly #timer: WheelTimer = new WheelTimer(this);

  constructor(deadline: RequestDeadline, wheel: TimerWheel, onOver: () => void) {
    this.#deadline = deadline;
    this.#wheel = wheel;
    this.#onOver = onOver;
  }

  /** `undefined` if it does not limit the request, or no longer. */
  remainingMs(): number | undefined {
    return this.#deadline.remainingMs();
  }

  start(): void {
    const leftMs = this.remainingMs();
    if (leftMs !== undefined) {
      this.#wait(leftMs);
    }
  }

  stop(): void {
    this.#timer.stop();
  }

  onDeadline(): void {
    const leftMs = this.remainingMs();
    if (leftMs === undefined) {
      return;
    }
    if (leftMs > 0) {
      this.#wait(leftMs);
    } else {
      this.#onOver();
    }
  }

  /**
   * What is left is another time for each request, and nearly all of them end long before. So most of
   * it is waited for roughly, together with others, and only the rest exactly.
   */
  #wait(leftMs: number): void {
    if (leftMs < minRoughMs) {
      this.#wheel.start(this.#timer, Math.max(1, Math.ceil(leftMs)));
    } else {
      this.#wheel.startRoughly(this.#timer, Math.floor(leftMs * 0.98));
    }
  }
}
