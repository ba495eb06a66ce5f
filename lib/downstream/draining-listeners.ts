import type { Clock, ClockTimer } from '../base/clock.js';
import type { ListenerManagerStats } from '../telemetry/stats/listener-manager-stats.js';
import type { ListenerEntry } from './listener-entry.js';

/** What listeners drain with. */
export interface DrainingContext {
  readonly clock: Clock;
  /** After this time, what remains of a listener is closed. */
  readonly drainTimeMs: number;
  readonly stats: ListenerManagerStats;
}

/**
 * Listeners that have been replaced or removed. Each goes on with the connections that it has, until
 * the last of them has ended behind a response, or the drain time is over: reference 1.3.
 */
export class DrainingListeners {
  readonly #context: DrainingContext;
  readonly #timers = new Map<ListenerEntry, ClockTimer>();

  constructor(context: DrainingContext) {
    this.#context = context;
  }

  /**
   * Retires a listener; it is closed when nobody uses it any more, or its time is over. `successor`
   * has taken its place, if any has.
   */
  add(entry: ListenerEntry, successor: ListenerEntry | undefined): void {
    entry.retire(successor);
    if (!entry.isInUse) {
      entry.close();
      return;
    }
    const { clock, drainTimeMs, stats } = this.#context;
    const timer = clock.startTimer(drainTimeMs, () => entry.listener.close());
    this.#timers.set(entry, timer);
    stats.totalListenersDraining = this.#timers.size;
    void entry.whenUnused().then(() => this.#remove(entry));
  }

  entries(): Iterable<ListenerEntry> {
    return this.#timers.keys();
  }

  /** Closes them all at once. Idempotent. */
  close(): void {
    for (const entry of [...this.#timers.keys()]) {
      entry.listener.close();
    }
  }

  #remove(entry: ListenerEntry): void {
    this.#timers.get(entry)?.cancel();
    this.#timers.delete(entry);
    this.#context.stats.totalListenersDraining = this.#timers.size;
    entry.close();
  }
}
