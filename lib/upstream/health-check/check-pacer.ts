/** What begins when it is its turn. */
export interface Paced {
  begin(): void;
}

/** So many begin in one turn of the event loop: those take some milliseconds, if all have to connect. */
const maxPerTurn = 50;

/**
 * Spreads what is to begin at the same moment over turns of the event loop, first come first served.
 *
 * The first checks of thousands of hosts would otherwise keep the process from everything else, and
 * from reading the very answers that they wait for until their time is up.
 */
export class CheckPacer {
  readonly #waiting: Paced[] = [];
  /** How many have begun since the last turn that was waited for. */
  #count = 0;

  /** Calls `begin` at once if there is room, else in one of the next turns. */
  add(paced: Paced): void {
    if (this.#count === maxPerTurn) {
      this.#waiting.push(paced);
      return;
    }
    this.#count++;
    if (this.#count === maxPerTurn) {
      setImmediate(() => this.#onTurn());
    }
    paced.begin();
  }

  #onTurn(): void {
    this.#count = 0;
    for (const paced of this.#waiting.splice(0, maxPerTurn)) {
      this.add(paced);
    }
  }
}

/** The one of this thread. */
export const checkPacer: CheckPacer = new CheckPacer();
