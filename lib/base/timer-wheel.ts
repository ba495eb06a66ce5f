import type { Clock, ClockTimer } from './clock.js';
import { alarmToleranceMs, SlotQueue } from './slot-queue.js';
import { TimerList, type WheelTimer } from './timer-list.js';

export { type Deadline, WheelTimer } from './timer-list.js';

/** All running timers of one duration. They expire in the order in which they were started. */
class DurationQueue extends TimerList {
  readonly durationMs: number;
  readonly #wheel: TimerWheel;
  #alarm: ClockTimer | undefined = undefined;
  #isRinging = false;

  constructor(wheel: TimerWheel, durationMs: number) {
    super();
    this.#wheel = wheel;
    this.durationMs = durationMs;
  }

  /** The alarm stays set when timers are removed: requests end long before their time-out. */
  override append(timer: WheelTimer): void {
    timer.dueMs = this.#wheel.clock.now() + this.durationMs;
    super.append(timer);
    if (this.#alarm === undefined && !this.#isRinging) {
      this.#setAlarm(this.durationMs);
    }
  }

  /** Calls no deadline any more, not even if one of them has called this. */
  close(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    for (let timer = this.first; timer !== undefined; timer = this.first) {
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
      if (this.first === undefined) {
        this.#wheel.forget(this);
      } else {
        this.#setAlarm(Math.max(1, Math.ceil(this.first.dueMs - now)));
      }
    }
  }

  #callDue(now: number): void {
    const dueMs = now + alarmToleranceMs;
    for (let timer = this.first; timer !== undefined; timer = this.first) {
      if (timer.dueMs > dueMs) {
        return;
      }
      this.remove(timer);
      timer.deadline.onDeadline(timer);
    }
  }
}

/** What rough durations are rounded up to: the first that is short beside them. */
const slotSizesMs = [500, 250, 100, 50, 20, 10, 5, 2];
const slotsPerDuration = 100;

/**
 * Runs the deadlines of all requests on few timers of the clock: one for each duration in use.
 *
 * Starting and stopping take constant time and touch no clock timer in the common case, where a
 * request with a 15 s time-out ends after a few milliseconds. Nothing here keeps the process alive.
 */
export class TimerWheel {
  readonly clock: Clock;
  readonly #queues = new Map<number, DurationQueue>();
  /** By when they are due. */
  readonly #slots = new Map<number, SlotQueue>();
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

  /**
   * The same, but the deadline may come up to one percent later, and half a second at most: so that
   * those of thousands of hosts or clusters, each in a rhythm of its own, wake the process up together.
   */
  startRoughly(timer: WheelTimer, durationMs: number): void {
    const slotMs = slotSizesMs.find((sizeMs) => sizeMs * slotsPerDuration <= durationMs);
    if (slotMs === undefined) {
      this.start(timer, durationMs);
      return;
    }
    timer.stop();
    if (this.#closed) {
      return;
    }
    const dueMs = Math.ceil((this.clock.now() + durationMs) / slotMs) * slotMs;
    let slot = this.#slots.get(dueMs);
    if (slot === undefined) {
      slot = new SlotQueue(this, dueMs);
      this.#slots.set(dueMs, slot);
    }
    slot.append(timer);
  }

  /** Called by a slot that has run empty, or is about to. */
  forgetSlot(slot: SlotQueue): void {
    if (this.#slots.get(slot.dueMs) === slot) {
      this.#slots.delete(slot.dueMs);
    }
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
    for (const slot of this.#slots.values()) {
      slot.close();
    }
  }
}
