import { type Deadline, type TimerWheel, WheelTimer } from '../base/timer-wheel.js';
import type { ClusterEntry } from './cluster-entry.js';

/** How often it is looked whether the last requests have ended. */
const checkMs = 1000;

/** Clusters that serve no new requests, until their last ones have ended. */
export class RetiredClusters implements Deadline {
  readonly #entries = new Set<ClusterEntry>();
  readonly #wheel: TimerWheel;
  readonly #timer: WheelTimer = new WheelTimer(this);

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  /** Ends all that the cluster does by itself, and the rest of it when nothing is under way. */
  add(entry: ClusterEntry): void {
    entry.retire();
    if (entry.cluster.isInUse) {
      this.#entries.add(entry);
      this.#startTimer();
    } else {
      entry.close();
    }
  }

  /** Lets go of those that are done. */
  onDeadline(): void {
    for (const entry of this.#entries) {
      if (!entry.cluster.isInUse) {
        this.#entries.delete(entry);
        entry.close();
      }
    }
    this.#startTimer();
  }

  /** Ends everything, whatever is under way. Idempotent. */
  close(): void {
    this.#timer.stop();
    for (const entry of this.#entries) {
      entry.close();
    }
    this.#entries.clear();
  }

  #startTimer(): void {
    if (this.#entries.size > 0 && this.#timer.queue === undefined) {
      this.#wheel.start(this.#timer, checkMs);
    }
  }
}
