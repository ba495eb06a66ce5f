import type { Clock, ClockTimer } from '../clock.js';
import { stampFiles } from './tls-file.js';

/** How often files are looked at. Whoever rotates certificates overlaps them by far more. */
const intervalMs = 5000;

/**
 * Notices that files were written or replaced, by looking at them every five seconds.
 *
 * Watchers of the system see one folder each, and miss what is exchanged above it: a link to a
 * folder, or a mount. Kubernetes rotates by such a link (`..data`). Looking costs one system call a
 * file, and keeps no process alive.
 */
export class FileWatch {
  readonly #paths: readonly string[];
  readonly #clock: Clock;
  readonly #onChange: () => Promise<boolean>;
  #stamp: string;
  #timer: ClockTimer | undefined = undefined;
  #isClosed = false;

  /**
   * `stamp` is that of the files as last read. `onChange` reads them again and resolves to whether
   * they could be used; if not, it is called again the next time, as a writer may not be done. So
   * it is if it rejects; what is to be said of that is for itself to say.
   */
  constructor(
    paths: readonly string[],
    stamp: string,
    clock: Clock,
    onChange: () => Promise<boolean>,
  ) {
    this.#paths = paths;
    this.#stamp = stamp;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Begins to look. Called once. */
  start(): void {
    this.#schedule();
  }

  /** Looks no more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (!this.#isClosed) {
      this.#timer = this.#clock.startTimer(intervalMs, () => void this.#look());
    }
  }

  async #look(): Promise<void> {
    // Taken before the files are read: what is written meanwhile shows the next time.
    const stamp = await stampFiles(this.#paths);
    if (!this.#isClosed && stamp !== this.#stamp) {
      const isUsed = await this.#onChange().catch(() => false);
      this.#stamp = isUsed ? stamp : '';
    }
    this.#schedule();
  }
}
