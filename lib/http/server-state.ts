import type { Clock } from '../base/clock.js';

/** What the whole sidecar is up to. One object, shared by the admin server, filters and listeners. */
export class ServerState {
  /**
   * Set by `/healthcheck/fail`: health checks are answered with a failure and connections drain,
   * so that load balancers in front send their traffic elsewhere (reference 6.1.6 and 5.11).
   */
  healthcheckFailed = false;
  /** Set when the sidecar drains before it is closed. */
  isDraining = false;
  /** Wall clock at start, milliseconds since 1970. */
  readonly startWallMs: number;
  readonly #clock: Clock;
  readonly #startMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startWallMs = clock.wallNow();
    this.#startMs = clock.now();
  }

  /** Whether this instance wants traffic: shown as `live`, otherwise as `draining`. */
  get isLive(): boolean {
    return !this.healthcheckFailed && !this.isDraining;
  }

  /** Whole seconds since the start, whatever has been done to the wall clock. */
  uptimeSeconds(): number {
    return Math.floor((this.#clock.now() - this.#startMs) / 1000);
  }
}
