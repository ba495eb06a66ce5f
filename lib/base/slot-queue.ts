import type { Clock, ClockTimer } from './clock.js';
import { TimerList, type WheelTimer } from './timer-list.js';

/** Node rounds delays to whole milliseconds, so an alarm may come a fraction early. */
export const alarmToleranceMs = 0.5;

/** What a `SlotQueue` belongs to. */
export interface SlotOwner {
  readonly clock: Clock;
  /** The queue is empty, and is not to be used any more. */
  forgetSlot(queue: SlotQueue): void;
}

/** Timers that run out at the same moment, on one timer of the clock. */
export class SlotQueue extends TimerList {
  readonly dueMs: number;
  readonly #owner: SlotOwner;
  #alarm: ClockTimer | undefined = undefined;

  constructor(owner: SlotOwner, dueMs: number) {
    super();
    this.#owner = owner;
    this.dueMs = dueMs;
    this.#setAlarm();
  }

  override remove(timer: WheelTimer): void {
    super.remove(timer);
    if (this.first === undefined && this.#alarm !== undefined) {
      this.#alarm.cancel();
      this.#alarm = undefined;
      this.#owner.forgetSlot(this);
    }
  }

  /** Calls no deadline any more, not even if one of them has called this. */
  close(): void {
    for (let timer = this.first; timer !== undefined; timer = this.first) {
      this.remove(timer);
    }
  }

  #setAlarm(): void {
    const { clock } = this.#owner;
    const delayMs = Math.max(1, Math.ceil(this.dueMs - clock.now()));
    this.#alarm = clock.startTimer(delayMs, () => this.#onAlarm());
  }

  #onAlarm(): void {
    this.#alarm = undefined;
    if (this.dueMs > this.#owner.clock.now() + alarmToleranceMs) {
      // The clock's timers have a longest delay.
      this.#setAlarm();
      return;
    }
    // This moment does not come again.
    this.#owner.forgetSlot(this);
    try {
      for (let timer = this.first; timer !== undefined; timer = this.first) {
        super.remove(timer);
        timer.deadline.onDeadline(timer);
      }
    } finally {
      if (this.first !== undefined) {
        // One has thrown; the others must not miss their call.
        this.#setAlarm();
      }
    }
  }
}
