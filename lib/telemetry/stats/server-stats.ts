import type { ServerState } from '../../http/server-state.js';
import type { StatSource, StatVisitor } from './stat-source.js';

/** What Envoy shows where no certificate can expire: the largest number of its type. */
const daysWithoutCertificates: number = 2 ** 31 - 1;

/** The statistics `server.` of the whole process: reference 8.4. All are gauges, read when shown. */
export class ServerStats implements StatSource {
  readonly #state: ServerState;
  readonly #daysUntilFirstCertExpiring: () => number;

  /** `daysUntilFirstCertExpiring` counts whole days; `Infinity`, or without it, there are no certificates. */
  constructor(
    state: ServerState,
    daysUntilFirstCertExpiring: () => number = () => daysWithoutCertificates,
  ) {
    this.#state = state;
    this.#daysUntilFirstCertExpiring = daysUntilFirstCertExpiring;
  }

  visitStats(visitor: StatVisitor): void {
    // The application lives in the same heap: these two are of the process, not of ours alone.
    const { heapTotal, heapUsed } = process.memoryUsage();
    const days = Math.min(this.#daysUntilFirstCertExpiring(), daysWithoutCertificates);
    visitor('days_until_first_cert_expiring', days);
    visitor('live', this.#state.isLive ? 1 : 0);
    visitor('memory_allocated', heapUsed);
    visitor('memory_heap_size', heapTotal);
    visitor('uptime', this.#state.uptimeSeconds());
  }

  resetCounters(): void {}
}
