import type { ConnectionManager } from '../downstream/connection-manager.js';
import type { ListenerEntry } from '../downstream/listener-entry.js';
import { defaultCallTracing, type Tracing } from '../telemetry/tracing/tracing.js';

/**
 * Has the application's calls traced as soon as some listener traces, whenever that comes: those that
 * take other listeners as well, and those that go to a cluster by its name. What has come once stays.
 */
export class CallTracing {
  #tracing: Tracing | undefined;

  /** `tracing`: that of the start, if there was something to trace. */
  constructor(tracing: Tracing | undefined) {
    this.#tracing = tracing;
  }

  /** That of the sidecar; `undefined` as long as nothing is traced. */
  get tracing(): Tracing | undefined {
    return this.#tracing;
  }

  /** Listeners have come or gone. `managers` are those that serve the calls from now on. */
  extendTo(managers: readonly ConnectionManager[], entries: readonly ListenerEntry[]): void {
    this.#tracing ??= entries
      .map(({ listener }) => listener.manager.context.tunnels?.tracing)
      .find((tracing) => tracing !== undefined);
    const tracing = this.#tracing;
    if (tracing !== undefined) {
      for (const manager of managers) {
        if (manager.context.tracer === undefined) {
          manager.traceFromNow(tracing, defaultCallTracing);
        }
      }
    }
  }
}
