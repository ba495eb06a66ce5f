/** Those who wait until nothing is under way any more. */
export class IdleWaiters {
  readonly #waiting: (() => void)[] = [];

  /** Resolves at once if `isIdle`, and otherwise with the next `release`. */
  wait(isIdle: boolean): Promise<void> {
    return new Promise((resolve) => {
      if (isIdle) {
        resolve();
      } else {
        this.#waiting.push(resolve);
      }
    });
  }

  /** Nothing is under way. */
  release(): void {
    if (this.#waiting.length > 0) {
      for (const resolve of this.#waiting.splice(0)) {
        resolve();
      }
    }
  }
}
