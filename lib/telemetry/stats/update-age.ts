/** The part of a clock that ages are measured by. */
interface AgeClock {
  now(): number;
}

/** How long ago discovery has last succeeded, for the gauge `update_success_age_ms`. */
export class UpdateAge {
  readonly #clock: AgeClock;
  #succeededAt: number | undefined = undefined;

  constructor(clock: AgeClock) {
    this.#clock = clock;
  }

  /** Milliseconds since the last success; -1 until the first. */
  get ms(): number {
    return this.#succeededAt === undefined ? -1 : Math.floor(this.#clock.now() - this.#succeededAt);
  }

  onSuccess(): void {
    this.#succeededAt = this.#clock.now();
  }
}
