import type { Clock, ClockTimer } from './clock.js';

/**
 * A deadline of one request. Owned by whoever embeds it; the wheel links it into its queue, so
 * that starting and stopping allocate nothing.
 */
export interface Deadline {
  /** Called once when the time has run out, never after `stop`. */
  onDeadline(): void;
}

/** One `Deadline` under way. */
export class WheelTimer {
  /** The queue this timer waits in; `undefined` when it is not running. */
  queue: DurationQueue | undefined = undefined;
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

/** All running timers of one duration. They expire in the order in which they were started. */
class DurationQueue {
  readonly durationMs: number;
  readonly #wheel: TimerWheel;
  #first: WheelTimer | undefined = undefined;
  #last: WheelTimer | undefined = undefined;
  #alarm: ClockTimer | undefined = undefined;
  #isRinging = false;

  constructor(wheel: TimerWheel, durationMs: number) {
    this.#wheel = wheel;
    this.durationMs = durationMs;
  }

  append(timer: WheelTimer): void {
    timer.queue = this;
    timer.dueMs = this.#wheel.clock.now() + this.durationMs;
    timer.previous = this.#last;
    timer.next = undefined;
    if (this.#last === undefined) {
      this.#first = timer;
    } else {
      this.#last.next = timer;
    }
    this.#last = timer;
    if (this.#alarm === undefined && !this.#isRinging) {
      this.#setAlarm(this.durationMs);
    }
  }

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
    // The alarm stays set: most requests end long before their time-out, and setting and
    // clearing an alarm for each is the cost that this class exists to avoid.
  }

  /** Calls no deadline any more, not even if one of them has called this. */
  close(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    for (let timer = this.#first; timer !== undefined; timer = this.#first) {
      this.remove(timer);
    }
  }

  #setAlarm(delayMs: number): void {
    this.#alarm = this.#wheel.clock.startTimer(delayMs, () => this.#onAlarm());
  }

  #onAlarm(): void {
    this.#alarm = undefined;
    const now = this.#wheel.clock.now();
    // A deadline that starts timers of this same duration appends behind those that wait already,
    // so that the alarm is theirs, and set below.
    this.#isRinging = true;
    try {
      this.#callDue(now);
    } finally {
      this.#isRinging = false;
      if (this.#first === undefined) {
        this.#wheel.forget(this);
      } else {
        this.#setAlarm(Math.max(1, Math.ceil(this.#first.dueMs - now)));
      }
    }
  }

  #callDue(now: number): void {
    // Node rounds delays to whole milliseconds, so an alarm may come a fraction early.
    const dueMs = now + 0.5;
    for (let timer = this.#first; timer !== undefined; timer = this.#first) {
      if (timer.dueMs > dueMs) {
        return;
      }
      this.remove(timer);
      timer.deadline.onDeadline();
    }
  }
}

/**
 * Runs the deadlines of all requests on few timers of the clock: one for each duration in use.
 *
 * Starting and stopping take constant time and touch no clock timer in the common case, where a
 * request with a 15 s time-out ends after a few milliseconds. Nothing here keeps the process alive.
 */
export class TimerWheel {
  readonly clock: Clock;
  readonly #queues = new Map<number, DurationQueue>();
  #closed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Starts `timer`, or starts it anew: its deadline is then `durationMs` from now. */
  start(timer: WheelTimer, durationMs: number): void {
    timer.stop();
    if (this.#closed) {
      return;
    }
    let queue = this.#queues.get(durationMs);
    if (queue === undefined) {
      queue = new DurationQueue(this, durationMs);
      this.#queues.set(durationMs, queue);
    }
    queue.append(timer);
  }

  /** Called by a queue that has run empty. */
  forget(queue: DurationQueue): void {
    this.#queues.delete(queue.durationMs);
  }

  /** Cancels every alarm; deadlines that still wait are never called. */
  close(): void {
    this.#closed = true;
    for (const queue of this.#queues.values()) {
      queue.close();
    }
    this.#queues.clear();
  }
}
