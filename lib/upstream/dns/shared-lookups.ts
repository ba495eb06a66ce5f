import { setMaxListeners } from 'node:events';
import type { Clock } from '../../base/clock.js';
import type { DnsStats } from '../../telemetry/stats/dns-stats.js';
import type { DnsResult } from '../discovery/dns-resolver.js';

/** A look-up with all its servers, attempts, domains and targets takes no longer. */
const maxLookupMs = 30_000;

type Listener = (result: DnsResult) => void;

/** Does the work of one look-up; it ends when `signal` does. */
export type LookupWork = (signal: AbortSignal) => Promise<DnsResult>;

/**
 * Look-ups under way. Those who ask for the same share one: a thousand clusters may name the same
 * host, and ask for it in the same moment. Nothing is kept when it is over.
 */
export class SharedLookups {
  readonly #clock: Clock;
  readonly #stats: DnsStats;
  readonly #active = new Map<string, SharedLookup>();

  constructor(clock: Clock, stats: DnsStats) {
    this.#clock = clock;
    this.#stats = stats;
  }

  /** How many are under way. */
  get size(): number {
    return this.#active.size;
  }

  /** Joins the look-up `key`, or begins it with `work`. Returns what gives it up. */
  join(key: string, work: LookupWork, listener: Listener): () => void {
    this.#stats.lookupTotal++;
    let lookup = this.#active.get(key);
    if (lookup === undefined) {
      lookup = new SharedLookup();
      this.#active.set(key, lookup);
      this.#run(key, lookup, work);
    } else {
      this.#stats.lookupShared++;
    }
    return lookup.add(listener);
  }

  #run(key: string, lookup: SharedLookup, work: LookupWork): void {
    const timer = this.#clock.startTimer(maxLookupMs, () => lookup.abort());
    const end = (result: DnsResult): void => {
      timer.cancel();
      if (this.#active.get(key) === lookup) {
        this.#active.delete(key);
      }
      if (result.kind === 'failure' && lookup.isWanted) {
        this.#stats.lookupFailed++;
      }
      lookup.tell(result);
    };
    lookup.signal.addEventListener('abort', () => {
      end({ kind: 'failure', reason: `no answer within ${maxLookupMs / 1000} s` });
    });
    work(lookup.signal).then(end, (error) => {
      // A mistake of ours, which must not end the process.
      end({ kind: 'failure', reason: `internal error: ${error?.stack ?? error}` });
    });
  }
}

/** One look-up and those who wait for it. */
class SharedLookup {
  readonly #controller = new AbortController();
  readonly #listeners = new Set<Listener>();

  constructor() {
    // A service with many targets has as many questions under way. That is no leak.
    setMaxListeners(0, this.signal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isWanted(): boolean {
    return this.#listeners.size > 0;
  }

  /** Returns what takes the listener out again; with the last one the work ends. */
  add(listener: Listener): () => void {
    // Of its own, so that one function may wait twice.
    const entry: Listener = (result) => listener(result);
    this.#listeners.add(entry);
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) {
        this.abort();
      }
    };
  }

  abort(): void {
    this.#controller.abort();
  }

  /** Tells everybody, once. */
  tell(result: DnsResult): void {
    const listeners = [...this.#listeners];
    for (const listener of listeners) {
      // Whoever was told before may have given up for this one.
      if (this.#listeners.delete(listener)) {
        listener(result);
      }
    }
  }
}
