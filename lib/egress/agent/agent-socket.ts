import { Duplex } from 'node:stream';

const highWaterMark = 64 * 1024;

/**
 * A stream with as much of a socket as clients of `node:http` make use of: a time-out and counters
 * that work, and settings that have no effect, as there is no connection to set them on.
 */
export abstract class AgentSocket extends Duplex {
  /** As of a socket that is connected; it has no address. */
  readonly connecting: boolean = false;
  bytesRead = 0;
  bytesWritten = 0;
  /** As of a socket: milliseconds of silence until `timeout`. */
  timeout: number | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor() {
    super({
      allowHalfOpen: true,
      readableHighWaterMark: highWaterMark,
      writableHighWaterMark: highWaterMark,
    });
    // A connection that waits for requests has nobody who listens.
    this.on('error', () => {});
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Has no effect: requests under way hold the process, the connection does not. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  address(): Record<string, never> {
    return {};
  }

  setTimeout(timeoutMs: number, callback?: () => void): this {
    this.timeout = timeoutMs;
    clearTimeout(this.#timer);
    this.#timer = undefined;
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

  destroySoon(): void {
    if (this.writable) {
      this.end();
    }
    if (this.writableFinished) {
      this.destroy();
    } else {
      this.once('finish', () => this.destroy());
    }
  }

  /** The client has written. */
  protected noteWritten(bytes: number): void {
    this.bytesWritten += bytes;
    this.#timer?.refresh();
  }

  /** There is something for the client to read. */
  protected noteRead(bytes: number): void {
    this.bytesRead += bytes;
    this.#timer?.refresh();
  }

  /** There is no more silence that could last too long. */
  protected stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
