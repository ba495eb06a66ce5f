/** Lets so many in at a time; the others wait in line. */
export class Gate {
  readonly #limit: number;
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
    this.#free = limit;
  }

  /** Whether nobody is in it, and so nobody waits. */
  get isIdle(): boolean {
    return this.#free === this.#limit;
  }

  /** Runs `work` when there is room; `undefined` if `signal` ends the wait. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    if (!(await this.#enter(signal))) {
      return undefined;
    }
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) {
      return Promise.resolve(false);
    }
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#waiting.delete(onTurn);
        resolve(false);
      };
      const onTurn = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(true);
      };
      this.#waiting.add(onTurn);
      signal.addEventListener('abort', onAbort);
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
}
