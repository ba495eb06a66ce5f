import { maxTimerDelayMs } from './clock.js';

/**
 * Keeps the event loop alive while somebody waits for us, and only then.
 *
 * Sockets and timers of the library never hold the process. A caller that awaits a response does:
 * without this, a script whose only work is one outbound call would exit in the middle of it.
 */
export class LoopHold {
  #holders = 0;
  #handle: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;

  /** The process stays until `release` has been called as often as `hold`. */
  hold(): void {
    this.#holders++;
    if (this.#holders > 1 || this.#isClosed) {
      return;
    }
    if (this.#handle === undefined) {
      this.#handle = setInterval(() => {}, maxTimerDelayMs);
    } else {
      this.#handle.ref();
    }
  }

  /** Takes back one `hold`. */
  release(): void {
    this.#holders--;
    if (this.#holders === 0) {
      this.#handle?.unref();
    }
  }

  /** Gives the handle back; later holds are without effect on the process. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#handle);
    this.#handle = undefined;
  }
}
