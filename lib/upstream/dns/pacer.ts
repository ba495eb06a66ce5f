/**
 * Lets so much begin in one turn of the event loop, and the rest in the next ones: what begins a
 * thousand times at once would hold up everything else.
 */
export class Pacer {
  readonly #limit: number;
  #left: number;
  /** Ends with this turn; `undefined` if nothing has begun in it. */
  #turn: Promise<void> | undefined = undefined;

  constructor(limit: number) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** Resolves when the caller may begin. */
  async wait(): Promise<void> {
    while (this.#left === 0) {
      await this.#turn;
    }
    this.#left--;
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#left = this.#limit;
        this.#turn = undefined;
        resolve();
      });
    });
  }
}
