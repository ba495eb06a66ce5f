import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';

/** How long nothing of what was to be sent may leave: at least so long, and at most twice. */
const intervalMs = 5000;

/** A socket tells how much has come and gone by it. */
export interface CountedStream {
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
}

/** What is watched, and who hears of it. */
export interface WatchedConnection {
  /** Whether anybody waits for something to come. */
  readonly isBusy: boolean;
  /** May send something, since nothing has come by; returns whether it has. */
  probe(): boolean;
  onStuck(): void;
}

/** Notices that nothing is sent any more although there is something to send. */
export class WriteWatch {
  readonly #stream: CountedStream;
  readonly #wheel: TimerWheel;
  readonly #watched: WatchedConnection;
  readonly #timer: WheelTimer;
  /** How much had been sent before the latest that was to be sent. */
  #before = -1;
  #readBefore = -1;
  #isSuspect = false;
  #hasMore = false;

  constructor(stream: CountedStream, wheel: TimerWheel, watched: WatchedConnection) {
    this.#stream = stream;
    this.#wheel = wheel;
    this.#watched = watched;
    this.#timer = new WheelTimer({ onDeadline: () => this.#onDeadline() });
  }

  /** Something is about to be sent. */
  onWrite(): void {
    this.#hasMore = true;
    if (this.#isSuspect) {
      return;
    }
    this.#before = this.#stream.bytesWritten ?? -1;
    if (this.#timer.queue === undefined) {
      this.#wheel.start(this.#timer, intervalMs);
    }
  }

  /** Watches no more. */
  stop(): void {
    this.#timer.stop();
  }

  #onDeadline(): void {
    const { bytesRead = -1, bytesWritten = -1 } = this.#stream;
    // A stream that does not tell is not watched.
    const isStuck = this.#before !== -1 && bytesWritten === this.#before;
    if (isStuck && this.#isSuspect) {
      this.#watched.onStuck();
      return;
    }
    const isSilent = bytesRead === this.#readBefore;
    this.#isSuspect = isStuck;
    this.#readBefore = bytesRead;
    const goesOn = isStuck || this.#hasMore || this.#watched.isBusy;
    this.#hasMore = false;
    if (!isStuck && isSilent && this.#watched.isBusy) {
      this.#before = this.#watched.probe() ? bytesWritten : -1;
    }
    if (goesOn) {
      this.#wheel.start(this.#timer, intervalMs);
    }
  }
}
