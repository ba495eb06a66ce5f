import { Duplex } from 'node:stream';

/**
 * A stream within this process with as much of a socket as `node:http` and its users make use of. There
 * is no connection, so settings of one have no effect; its time-out works.
 */
export abstract class SocketLike extends Duplex {
  /** As of a socket that is connected. */
  readonly connecting: boolean = false;
  /** As of a socket: milliseconds of silence until `timeout`. */
  timeout: number | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Has no effect: requests under way hold the process, the stream does not. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** As that of a socket: `timeout` is emitted after so many milliseconds without a byte. */
  setTimeout(timeoutMs: number, callback?: () => void): this {
    this.timeout = timeoutMs;
    this.stopTimer();
    if (timeoutMs > 0) {
      this.#timer = setTimeout(() => this.emit('timeout'), timeoutMs).unref();
    }
    if (callback !== undefined) {
      if (timeoutMs > 0) {
        this.once('timeout', callback);
      } else {
        this.removeListener('timeout', callback);
      }
    }
    return this;
  }

  /** Bytes have come or gone. */
  protected breakSilence(): void {
    this.#timer?.refresh();
  }

  /** There is no more silence that could last too long. */
  protected stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
