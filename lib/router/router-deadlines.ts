import { type Deadline, WheelTimer } from '../base/timer-wheel.js';
import type { FilterCallbacks } from '../http/filter.js';
import { type HeaderList, setHeader } from '../http/headers.js';
import type { RequestDeadline } from '../http/request-context.js';
import { InheritedDeadline } from './inherited-deadline.js';
import type { Route } from './route.js';
import type { RouterContext } from './router-context.js';
import { RouterReplies } from './router-replies.js';

/**
 * How long a host may take nothing of a request that it has been sent in part, as in releases of Envoy
 * after v1. The time-out of the route does not run by then; and while reading the request is paused,
 * nobody would notice that its client has left.
 */
const maxStallMs = 300_000;

/** How long a request may take, and each of its attempts: reference 3.5. */
export abstract class RouterDeadlines extends RouterReplies implements Deadline {
  protected route: Route | undefined = undefined;
  protected isRequestEnded = false;
  /** Whether a response goes downstream. It is the answer from then on, whatever comes of it. */
  protected isResponseStarted = false;
  #requestEndMs: number | undefined = undefined;
  /** Set if the request is made for another one, which has a deadline. */
  readonly #inherited: InheritedDeadline | undefined;
  #timer: WheelTimer | undefined = undefined;
  #attemptTimer: WheelTimer | undefined = undefined;
  /** Runs while the host takes nothing. */
  #stallTimer: WheelTimer | undefined = undefined;

  constructor(context: RouterContext, callbacks: FilterCallbacks) {
    super(context, callbacks);
    const { deadline } = callbacks;
    this.#inherited = deadline && this.#inherit(deadline);
  }

  /** When the request had been received completely; `undefined` as long as it has not. */
  get requestEndMs(): number | undefined {
    return this.#requestEndMs;
  }

  /** When the time for the whole response is up; `undefined` if that is not known, or never. */
  get deadlineMs(): number | undefined {
    const { timeoutMs } = this;
    const endMs = this.#requestEndMs;
    return endMs === undefined || timeoutMs === 0 ? undefined : endMs + timeoutMs;
  }

  onDeadline(timer: WheelTimer): void {
    if (timer === this.#timer) {
      this.onRouteDeadline();
    } else if (timer === this.#attemptTimer) {
      this.onAttemptDeadline();
    } else {
      this.#onStallDeadline();
    }
  }

  /** The time for the whole response, all attempts included, is up. */
  protected abstract onRouteDeadline(): void;

  /** The time of the latest attempt is up, and no response has begun. */
  protected abstract onAttemptDeadline(): void;

  /** Time for the whole response, from the end of the request. 0 means no time-out. */
  protected get timeoutMs(): number {
    return this.controls?.timeoutMs ?? this.route?.timeoutMs ?? 0;
  }

  /** The clocks start when the request is complete, not when its head came. */
  protected onRequestEnd(): void {
    this.isRequestEnded = true;
    this.#requestEndMs = this.context.clock.now();
    const { timeoutMs } = this;
    if (timeoutMs > 0) {
      this.#timer = new WheelTimer(this);
      this.context.wheel.start(this.#timer, timeoutMs);
      if (!this.isResponseStarted) {
        this.startAttemptTimer();
      }
    }
  }

  /** Starts the clock of the latest attempt, if it has one of its own. */
  protected startAttemptTimer(): void {
    const attemptMs = this.controls?.perTryTimeoutMs ?? this.route?.perTryTimeoutMs ?? 0;
    if (attemptMs > 0) {
      this.#attemptTimer ??= new WheelTimer(this);
      this.context.wheel.start(this.#attemptTimer, attemptMs);
    }
  }

  protected stopAttemptTimer(): void {
    this.#attemptTimer?.stop();
  }

  /** The host takes nothing more of the request, or goes on. */
  protected watchStall(isStalled: boolean): void {
    this.#stallTimer?.stop();
    if (isStalled) {
      this.#stallTimer ??= new WheelTimer(this);
      this.context.wheel.start(this.#stallTimer, maxStallMs);
    }
  }

  /** What is left of a deadline that the request has inherited; `undefined` if nothing limits it. */
  protected get inheritedMs(): number | undefined {
    return this.#inherited?.remainingMs();
  }

  protected stopTimers(): void {
    this.#inherited?.stop();
    this.#timer?.stop();
    this.#attemptTimer?.stop();
    this.#stallTimer?.stop();
  }

  /** It runs from the start, and through whatever holds the request up before it is sent. */
  #inherit(deadline: RequestDeadline): InheritedDeadline {
    const inherited = new InheritedDeadline(deadline, this.context.wheel, () =>
      this.onRouteDeadline(),
    );
    inherited.start();
    return inherited;
  }

  #onStallDeadline(): void {
    // A response that has begun may go on for as long as it likes.
    if (!this.isResponseStarted) {
      this.onRouteDeadline();
    }
  }

  /** Says how long the host took, all attempts included: reference 3.3. */
  protected addServiceTime(headers: HeaderList): void {
    if (this.isRequestEnded) {
      const elapsedMs = this.context.clock.now() - (this.#requestEndMs ?? 0);
      // In the place of what a proxy behind us says of itself.
      setHeader(headers, 'x-envoy-upstream-service-time', String(Math.floor(elapsedMs)));
    }
  }
}
