import type { Clock } from '../base/clock.js';
import type { HeaderList } from '../http/headers.js';
import {
  type RequestDeadline,
  readExpectedMs,
  type ServedRequest,
} from '../http/request-context.js';

/**
 * The deadline of a request that a mounted application serves: what the application has been told by
 * `x-envoy-expected-rq-timeout-ms`, and no longer than the route's own time. With the response it is
 * over: nobody waits for what the application does then.
 */
export class ServedDeadline implements RequestDeadline {
  readonly #clock: Clock;
  /** 0 if it has not been told any. */
  readonly #expectedMs: number;
  /** Let go of when the request is over, as contexts may live long. */
  #request: ServedRequest | undefined;
  /** When the time is up, once that cannot change any more. */
  #endMs: number | undefined = undefined;

  /** `headers` as the application sees them. */
  constructor(request: ServedRequest, headers: HeaderList, clock: Clock) {
    this.#request = request;
    this.#clock = clock;
    this.#expectedMs = readExpectedMs(headers);
  }

  remainingMs(): number | undefined {
    const nowMs = this.#clock.now();
    const endMs = this.#request === undefined ? this.#endMs : this.#endOf(this.#request, nowMs);
    return endMs === undefined ? undefined : endMs - nowMs;
  }

  /** The request is over. `isAnswered`: with the application's own response. */
  settle(isAnswered: boolean): void {
    if (this.#request !== undefined) {
      this.#endMs = isAnswered ? undefined : this.#endOf(this.#request, this.#clock.now());
      this.#request = undefined;
    }
  }

  #endOf({ startMs, deadlineMs }: ServedRequest, nowMs: number): number | undefined {
    if (this.#expectedMs === 0) {
      return deadlineMs;
    }
    // As long as the request has not been received completely, the time has not begun.
    const expectedEndMs = (startMs ?? nowMs) + this.#expectedMs;
    return deadlineMs === undefined ? expectedEndMs : Math.min(expectedEndMs, deadlineMs);
  }
}
