import pRetry from 'p-retry';
import { type TimerWheel, WheelTimer } from '../base/timer-wheel.js';

/** What the loop asks of the request that it serves. */
export interface RetryLoopOwner {
  /** The back-off is over: send the request again. */
  startRetry(): void;
  /** The loop has broken, which is a fault of ours. The request must be ended. */
  onLoopBroken(error: unknown): void;
}

/**
 * Stands for every attempt that is followed by another. It is nobody's business what was thrown, so
 * that one is enough, and no stack is taken for each. A class of its own, as p-retry gives up after
 * a `TypeError`.
 */
class AttemptFailed extends Error {}
const attemptFailed = new AttemptFailed('the attempt has failed');

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Drives the attempts of one request after its first, with p-retry: fail, back off, try again.
 *
 * Whether there is another attempt is decided by `RetryState`, at once and in the callback of the
 * connection: what is not tried again must go downstream in the same turn. The loop begins with the
 * first failure, so that a request that succeeds at once pays for none of it.
 */
export class RetryLoop {
  readonly #owner: RetryLoopOwner;
  readonly #wheel: TimerWheel;
  readonly #retries: number;
  readonly #abort = new AbortController();
  readonly #timer: WheelTimer = new WheelTimer(this);
  #backOffMs = 0;
  /** Set while a back-off is under way. */
  #backOff: Waiting | undefined = undefined;
  /** Set while an attempt is under way. */
  #attempt: Waiting | undefined = undefined;

  /** `retries`: how many attempts there may be beyond the first. */
  constructor(owner: RetryLoopOwner, wheel: TimerWheel, retries: number) {
    this.#owner = owner;
    this.#wheel = wheel;
    this.#retries = retries;
  }

  /** The first attempt has failed; the next one begins after the back-off. */
  start(backOffMs: number): void {
    this.#backOffMs = backOffMs;
    const { signal } = this.#abort;
    pRetry((attempt) => this.#runAttempt(attempt), {
      retries: this.#retries,
      // Envoy's back-off is another one, on our own clock: see `onFailedAttempt`.
      factor: 1,
      minTimeout: 0,
      maxTimeout: 0,
      randomize: false,
      maxRetryTime: Number.POSITIVE_INFINITY,
      unref: true,
      signal,
      onFailedAttempt: () => this.#waitBackOff(),
      shouldConsumeRetry: () => true,
      shouldRetry: ({ error }) => error === attemptFailed,
    }).catch((error: unknown) => {
      if (!signal.aborted) {
        this.#owner.onLoopBroken(error);
      }
    });
  }

  /** A later attempt has failed, too. */
  next(backOffMs: number): void {
    this.#backOffMs = backOffMs;
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.reject(attemptFailed);
  }

  /** There will be no more attempts: the request has its result, or nobody waits for it. Idempotent. */
  end(): void {
    if (this.#abort.signal.aborted) {
      return;
    }
    this.#abort.abort(attemptFailed);
    this.#timer.stop();
    this.#backOff?.reject(attemptFailed);
    this.#attempt?.resolve();
    this.#backOff = undefined;
    this.#attempt = undefined;
  }

  /** The back-off is over. */
  onDeadline(): void {
    const backOff = this.#backOff;
    this.#backOff = undefined;
    backOff?.resolve();
  }

  /** Settles when the attempt has a result. The first one had failed when the loop began. */
  #runAttempt(attempt: number): Promise<void> {
    if (attempt === 1) {
      return Promise.reject(attemptFailed);
    }
    return new Promise((resolve, reject) => {
      this.#attempt = { resolve, reject };
      this.#backOffMs = 0;
      this.#owner.startRetry();
    });
  }

  #waitBackOff(): Promise<void> | undefined {
    if (this.#backOffMs === 0 || this.#abort.signal.aborted) {
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.#backOff = { resolve, reject };
      this.#wheel.start(this.#timer, this.#backOffMs);
    });
  }
}
