import type { StatSource, StatVisitor } from './stat-source.js';

/**
 * Counts responses by status: `upstream_rq_200`, and by class: `upstream_rq_2xx` (reference 8.3).
 *
 * A cluster sees a handful of different statuses, so a search through those seen before is faster
 * than hashing, and an instance costs a few dozen bytes. Classes are added up by the reader.
 */
export class CodeStats implements StatSource {
  /** In the order in which they were first seen; `#counts` runs in parallel. */
  readonly #statuses: number[] = [];
  readonly #counts: number[] = [];

  /** Counts one response. Anything but a three-digit status is ignored. */
  charge(status: number): void {
    const statuses = this.#statuses;
    for (let i = 0; i < statuses.length; i++) {
      if (statuses[i] === status) {
        // Both arrays are of one length.
        (this.#counts[i] as number)++;
        return;
      }
    }
    this.#chargeFirst(status);
  }

  visitStats(visitor: StatVisitor): void {
    const classes = new Map<number, number>();
    for (const [i, status] of this.#statuses.entries()) {
      const count = this.#counts[i] ?? 0;
      visitor(`upstream_rq_${status}`, count);
      const digit = Math.trunc(status / 100);
      classes.set(digit, (classes.get(digit) ?? 0) + count);
    }
    for (const [digit, count] of classes) {
      // Envoy has no class for other statuses: it counts them under an empty suffix.
      if (digit >= 2 && digit <= 5) {
        visitor(`upstream_rq_${digit}xx`, count);
      }
    }
  }

  resetCounters(): void {
    this.#counts.fill(0);
  }

  /** Kept apart, so that the common path is small enough to be inlined. */
  #chargeFirst(status: number): void {
    if (Number.isInteger(status) && status >= 100 && status <= 999) {
      this.#statuses.push(status);
      this.#counts.push(1);
    }
  }
}
