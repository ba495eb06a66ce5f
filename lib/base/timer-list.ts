import { type Linked, LinkedList } from './linked-list.js';

/**
 * A deadline of one request. Owned by whoever embeds it; the wheel links it into a queue, so that
 * starting and stopping allocate nothing.
 */
export interface Deadline {
  /**
   * Called once when the time has run out, never after `stop`. `timer` is the one that ran, for those
   * who have several.
   */
  onDeadline(timer: WheelTimer): void;
}

/** One `Deadline` under way. */
export class WheelTimer implements Linked<WheelTimer> {
  /** The queue this timer waits in; `undefined` when it is not running. */
  queue: TimerList | undefined = undefined;
  previous: WheelTimer | undefined = undefined;
  next: WheelTimer | undefined = undefined;
  dueMs = 0;
  readonly deadline: Deadline;

  constructor(deadline: Deadline) {
    this.deadline = deadline;
  }

  /** Stops the timer. Safe to call at any time. */
  stop(): void {
    this.queue?.remove(this);
  }
}

/** Timers in the order in which they run out. */
export class TimerList extends LinkedList<WheelTimer> {
  override append(timer: WheelTimer): void {
    timer.queue = this;
    super.append(timer);
  }

  override remove(timer: WheelTimer): void {
    super.remove(timer);
    timer.queue = undefined;
  }
}
