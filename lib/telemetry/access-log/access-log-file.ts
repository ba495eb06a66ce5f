import type { Clock, ClockTimer } from '../../base/clock.js';
import { LoopHold } from '../../base/loop-hold.js';
import type { FilesystemStats } from '../stats/filesystem-stats.js';
import { LineQueue } from './line-queue.js';
import { openLogDescriptor } from './log-descriptor.js';
import { LogSink } from './log-sink.js';

/** How long `flush` and `close` wait for a slow disk or reader. */
const maxFlushMs = 1000;

/** What every file needs from its surroundings. */
export interface AccessLogFileOptions {
  readonly clock: Clock;
  /** How long a line waits at most before it is written: `--file-flush-interval-msec`. */
  readonly flushIntervalMs: number;
  readonly stats: FilesystemStats;
}

/**
 * Writes the lines of all access logs with the same path: when 64 KiB have gathered, or when the
 * flush timer fires.
 *
 * Nothing that happens to the file disturbs traffic: `write` only remembers, at most 8 MiB; what
 * cannot be written is dropped and counted, and the file is opened afresh at the next flush. It
 * never keeps the process alive, so lines of the last seconds are lost if the process ends without
 * `close`.
 */
export class AccessLogFile {
  /** Whether lines go nowhere. Callers then need not make any. */
  readonly isDiscarding: boolean;
  readonly #path: string;
  readonly #options: AccessLogFileOptions;
  readonly #hold: LoopHold = new LoopHold();
  /** While the sink is busy, its first chunk is the one that is being written. */
  readonly #queue: LineQueue;
  #sink: LogSink | undefined = undefined;
  /** Opened by `reopen`; takes over when the present sink has ended its write. */
  #nextSink: LogSink | undefined = undefined;
  /** The ends of sinks that have been given up. */
  readonly #retired = new Set<Promise<void>>();
  #isOpening = false;
  /** A write has failed: nothing is tried before the next flush. */
  #isHeldBack = false;
  #flushTimer: ClockTimer | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;
  /** What `close` was to write has been written or given up. */
  #isClosed = false;

  /** `fd`: the open file, if it could be opened; otherwise it is tried at each flush. */
  constructor(path: string, fd: number | undefined, options: AccessLogFileOptions) {
    this.#path = path;
    this.#options = options;
    this.#queue = new LineQueue(options.stats);
    this.isDiscarding = path === '/dev/null';
    if (fd !== undefined) {
      this.#sink = this.#createSink(fd);
    }
  }

  /** Takes one line, a byte string with its line end. Never waits and never throws. */
  write(line: string): void {
    if (this.isDiscarding) {
      return;
    }
    if (this.#closing !== undefined) {
      this.#options.stats.writeDropped++;
      return;
    }
    if (this.#queue.add(line)) {
      this.#writeNext();
    }
    this.#flushTimer ??= this.#startFlushTimer();
  }

  /**
   * Opens the path anew, for after the file has been moved away. Lines that come later go to the new
   * file. If it cannot be opened, the old one stays in use and that is counted.
   */
  async reopen(): Promise<void> {
    if (this.isDiscarding || this.#closing !== undefined) {
      return;
    }
    this.#queue.seal();
    this.#writeNext();
    const fd = await openLogDescriptor(this.#path);
    if (typeof fd !== 'number') {
      this.#options.stats.reopenFailed++;
      return;
    }
    this.#retire(this.#nextSink);
    this.#nextSink = this.#createSink(fd);
    if (this.#isClosed) {
      this.#retire(this.#nextSink);
    } else {
      this.#writeNext();
    }
  }

  /**
   * Writes what waits. Resolves when it has been written or dropped, or after a second, whichever is
   * first: who calls it wants to get on.
   */
  async flush(): Promise<void> {
    this.#isHeldBack = false;
    this.#queue.seal();
    const last = this.#queue.last;
    if (last === undefined) {
      return;
    }
    const settled = new Promise<void>((resolve) => {
      last.waiters.push(resolve);
    });
    this.#writeNext();
    await this.#waitFor(settled);
  }

  /** Flushes and closes the file. Lines that come later are dropped. Safe to call again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.flush();
    this.#isClosed = true;
    this.#flushTimer?.cancel();
    this.#queue.drop();
    this.#retire(this.#sink);
    this.#retire(this.#nextSink);
    await this.#waitFor(Promise.all(this.#retired));
    this.#hold.close();
  }

  /** Waits for `work`, but no longer than a second. The process stays alive meanwhile. */
  async #waitFor(work: Promise<unknown>): Promise<void> {
    this.#hold.hold();
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.startTimer(maxFlushMs, resolve);
      void work.then(() => {
        timer.cancel();
        resolve();
      });
    });
    this.#hold.release();
  }

  #startFlushTimer(): ClockTimer {
    return this.#options.clock.startTimer(this.#options.flushIntervalMs, () => {
      this.#flushTimer = undefined;
      this.#isHeldBack = false;
      this.#queue.seal();
      if (this.#queue.first !== undefined) {
        this.#options.stats.flushedByTimer++;
        this.#writeNext();
      }
    });
  }

  /** Starts the next write if there is something to write and nothing under way. */
  #writeNext(): void {
    if (this.#sink?.isBusy || this.#isOpening || this.#isHeldBack) {
      return;
    }
    if (this.#nextSink !== undefined) {
      this.#retire(this.#sink);
      this.#sink = this.#nextSink;
      this.#nextSink = undefined;
    }
    const chunk = this.#queue.first;
    if (chunk === undefined) {
      return;
    }
    if (this.#sink === undefined) {
      void this.#openSink();
    } else {
      this.#sink.write(chunk.bytes);
    }
  }

  async #openSink(): Promise<void> {
    this.#isOpening = true;
    const fd = await openLogDescriptor(this.#path);
    this.#isOpening = false;
    if (typeof fd !== 'number') {
      this.#options.stats.reopenFailed++;
      this.#giveUp();
      return;
    }
    this.#sink = this.#createSink(fd);
    if (this.#isClosed) {
      this.#retire(this.#sink);
    } else {
      this.#writeNext();
    }
  }

  #createSink(fd: number): LogSink {
    const sink: LogSink = new LogSink(fd, this.#options.clock, {
      onWritten: () => {
        this.#queue.shift();
        this.#writeNext();
      },
      onFailed: () => {
        this.#options.stats.writeFailed++;
        this.#sink = undefined;
        this.#retire(sink);
        this.#giveUp();
      },
    });
    return sink;
  }

  /** Closes a sink that is not used any more; `close` waits for it. */
  #retire(sink: LogSink | undefined): void {
    if (sink !== undefined) {
      const closed = sink.close().finally(() => this.#retired.delete(closed));
      this.#retired.add(closed);
    }
  }

  /** Drops what was due and leaves the file alone until the next flush. */
  #giveUp(): void {
    this.#isHeldBack = true;
    this.#queue.drop();
  }
}
