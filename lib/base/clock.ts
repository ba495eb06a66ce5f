import { runDetached } from './detached.js';

/** A running timer of a `Clock`. */
export interface ClockTimer {
  /** Stops the timer. Safe to call again, and after it has fired. */
  cancel(): void;
}

/**
 * Time, passed in so that tests can drive it. Timers never keep the process alive.
 *
 * `now` and the timers share one time line; `wallNow` is only for what is shown to people.
 */
export interface Clock {
  /** Milliseconds on a line that never jumps. */
  now(): number;
  /** Milliseconds since 1970, as `Date.now()`. */
  wallNow(): number;
  /** Calls `callback` once, `delayMs` from now at the earliest. */
  startTimer(delayMs: number, callback: () => void): ClockTimer;
}

/** The longest delay that Node's timers take; longer ones would fire at once. */
export const maxTimerDelayMs: number = 2 ** 31 - 1;

class SystemTimer implements ClockTimer {
  readonly #timeout: NodeJS.Timeout;
  #turn: NodeJS.Immediate | undefined = undefined;

  constructor(delayMs: number, callback: () => void) {
    // When the process has been busy for longer than a time-out, Node runs the timer before it looks
    // at the sockets. What has come meanwhile, such as an open connection or a response, is heard
    // first: whoever was waited for has been in time.
    const onTimeout = (): void => {
      this.#turn = setImmediate(callback);
    };
    // Many requests share it: see the wheel.
    this.#timeout = runDetached(() => setTimeout(onTimeout, Math.min(delayMs, maxTimerDelayMs)));
    this.#timeout.unref();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    clearImmediate(this.#turn);
  }
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  startTimer: (delayMs, callback) => new SystemTimer(delayMs, callback),
};
