import type { Logger } from '../../base/log.js';

/**
 * Keeps away from requests what tracers, propagators and exporters throw: they are the application's
 * choice, and a request must not end because it could not be traced. It is said once.
 */
export class TracingGuard {
  readonly #log: Logger;
  #hasReported = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Returns what `work` does, or `undefined` if it throws. */
  run<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!this.#hasReported) {
        this.#hasReported = true;
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#log.error(`tracing has failed, said once: ${detail}`);
      }
      return undefined;
    }
  }
}
