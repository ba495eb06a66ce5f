import sonicBoom from 'sonic-boom';
import type { Clock, ClockTimer } from '../../base/clock.js';
import { errorCode } from './log-descriptor.js';

/** How long a reader that is behind gets before we try again. */
const retryDelayMs = 50;

/** Hears what becomes of a write. */
export interface LogSinkListener {
  /** All bytes have been handed to the operating system; the next `write` may come. */
  onWritten(): void;
  /** The bytes are lost, or part of them, and the sink is of no use any more. */
  onFailed(error: Error): void;
}

/**
 * One open descriptor of an access log. It writes one piece after another, each in full, off the
 * event loop, and waits for readers that are slow.
 */
export class LogSink {
  /** Whether a write is under way. */
  isBusy = false;
  readonly #sonic: sonicBoom.SonicBoom;
  readonly #clock: Clock;
  readonly #listener: LogSinkListener;
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => {};
  #retryTimer: ClockTimer | undefined = undefined;
  #isClosing = false;

  /** Takes over `fd`, and closes it in the end unless it is 1 or 2. */
  constructor(fd: number, clock: Clock, listener: LogSinkListener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#sonic = new sonicBoom.SonicBoom({
      // Its option `fd` takes 0 for none.
      dest: fd,
      contentMode: 'buffer',
      // The writer's own way to wait is a timer that keeps the process alive.
      retryEAGAIN: () => false,
    });
    this.#sonic.on('drain', () => this.#onDrain());
    this.#sonic.on('error', (error: Error) => this.#onError(error));
    this.#sonic.on('close', () => this.#resolveClosed());
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** Writes `bytes`, which must not be changed until the listener has heard of them. */
  write(bytes: Buffer): void {
    this.isBusy = true;
    // In its mode for buffers `write` takes a buffer; the package's types know of strings only.
    this.#sonic.write(bytes as unknown as string);
  }

  /** Resolves when the descriptor is closed. What is under way is given up; nobody hears of it. */
  close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#retryTimer?.cancel();
      this.#sonic.destroy();
    }
    return this.#closed;
  }

  #onDrain(): void {
    if (this.isBusy && !this.#isClosing) {
      this.isBusy = false;
      this.#listener.onWritten();
    }
  }

  #onError(error: Error): void {
    if (this.#isClosing) {
      // The operating system gives the descriptor back even if it reports an error.
      this.#resolveClosed();
      return;
    }
    const code = errorCode(error);
    if (code === 'EAGAIN' || code === 'EBUSY') {
      // What is left of the piece is still in the writer; flushing goes on with it.
      this.#retryTimer = this.#clock.startTimer(retryDelayMs, () => this.#sonic.flush());
      return;
    }
    this.isBusy = false;
    this.#listener.onFailed(error);
  }
}
