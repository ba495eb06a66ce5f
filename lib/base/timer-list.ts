/**
 * A deadline of one request. Owned by whoever embeds it; the wheel links it into a queue, so that
 * starting and stopping allocate nothing.
 */
export interface Deadline {
  /** Called once when the time has run out, never after `stop`. */
  onDeadline(): void;
}

/** One `Deadline` under way. */
export class WheelTimer {
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
export class TimerList {
  #first: WheelTimer | undefined = undefined;
  #last: WheelTimer | undefined = undefined;

  get first(): WheelTimer | undefined {
    return this.#first;
  }

  /** Appends a timer that is in no list. */
  append(timer: WheelTimer): void {
    timer.queue = this;
    timer.previous = this.#last;
    timer.next = undefined;
    if (this.#last === undefined) {
      this.#first = timer;
    } else {
      this.#last.next = timer;
    }
    this.#last = timer;
  }

  /** Takes one of its timers out. */
  remove(timer: WheelTimer): void {
    if (timer.previous === undefined) {
      this.#first = timer.next;
    } else {
      timer.previous.next = timer.next;
    }
    if (timer.next === undefined) {
      this.#last = timer.previous;
    } else {
      timer.next.previous = timer.previous;
    }
    timer.queue = undefined;
    timer.previous = undefined;
    timer.next = undefined;
  }
}
