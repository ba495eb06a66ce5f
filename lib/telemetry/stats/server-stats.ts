import type { ServerState } from '../../http/server-state.js';
import type { StatSource, StatVisitor } from './stat-source.js';

/** The statistics `server.` of the whole process: reference 8.4. All are gauges, read when shown. */
export class ServerStats implements StatSource {
  readonly #state: ServerState;

  constructor(state: ServerState) {
    this.#state = state;
  }

  visitStats(visitor: StatVisitor): void {
    // The application lives in the same heap: these two are of the process, not of ours alone.
    const { heapTotal, heapUsed } = process.memoryUsage();
    visitor('live', this.#state.isLive ? 1 : 0);
    visitor('memory_allocated', heapUsed);
    visitor('memory_heap_size', heapTotal);
    visitor('uptime', this.#state.uptimeSeconds());
  }

  resetCounters(): void {}
}
