import type { Clock } from '../../base/clock.js';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';

/**
 * Tells when a connection has been without a request for a time. A busy connection starts it anew with
 * every request, which costs reading the clock: the timer itself runs on and looks back when it fires.
 */
export class IdleTimer {
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #timeoutMs: number;
  readonly #onIdle: () => void;
  #timer: WheelTimer | undefined = undefined;
  #idleSinceMs = 0;

  constructor(clock: Clock, wheel: TimerWheel, timeoutMs: number, onIdle: () => void) {
    this.#clock = clock;
    this.#wheel = wheel;
    this.#timeoutMs = timeoutMs;
    this.#onIdle = onIdle;
  }

  /** The connection is idle from now on, until its owner says otherwise when asked. */
  start(): void {
    this.#idleSinceMs = this.#clock.now();
    if (this.#timer === undefined) {
      this.#schedule(this.#timeoutMs);
    }
  }

  stop(): void {
    this.#timer?.stop();
    this.#timer = undefined;
  }

  onDeadline(): void {
    this.#timer = undefined;
    const leftMs = this.#timeoutMs - (this.#clock.now() - this.#idleSinceMs);
    if (leftMs > 0) {
      this.#schedule(leftMs);
    } else {
      this.#onIdle();
    }
  }

  #schedule(timeoutMs: number): void {
    this.#timer = new WheelTimer(this);
    this.#wheel.start(this.#timer, timeoutMs);
  }
}
