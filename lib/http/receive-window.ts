import type { Http2Session } from 'node:http2';

/** A session of either side. */
export interface WindowedSession extends Pick<Http2Session, 'destroyed' | 'state'> {
  setLocalWindowSize(size: number): void;
}

/**
 * The window of an HTTP/2 connection for the bodies that come on it, less what is kept of them.
 *
 * `node:http2` gives the window of a connection back as soon as bytes have come, whether or not
 * anybody has read them. What is kept would then have no limit but the number of streams; so each
 * byte that waits for a slow reader is taken off the window, until it is on its way.
 */
export class ReceiveWindow {
  readonly #session: WindowedSession;
  readonly #size: number;
  #kept = 0;

  constructor(session: WindowedSession, size: number) {
    this.#session = session;
    this.#size = size;
    session.setLocalWindowSize(size);
  }

  /** So many bytes have come and wait. */
  keep(bytes: number): void {
    this.#kept += bytes;
    if (bytes > 0 && !this.#session.destroyed) {
      this.#session.setLocalWindowSize(this.#open);
    }
  }

  /** So many bytes wait no longer. */
  release(bytes: number): void {
    this.#kept -= bytes;
    const session = this.#session;
    if (bytes === 0 || session.destroyed) {
      return;
    }
    const open = this.#open;
    session.setLocalWindowSize(open);
    // What has been taken off counts as received but not yet given back, and would be given back
    // when more comes; but nothing comes from a client that has used up the window.
    const { effectiveRecvDataLength: owed = 0 } = session.state;
    if (owed > 0 && owed >= open / 2) {
      session.setLocalWindowSize(Math.min(open + owed, maxWindow));
    }
  }

  /** One chunk may come after the last byte of the window is used, where that has been shrunk. */
  get #open(): number {
    return Math.max(0, this.#size - this.#kept);
  }
}

const maxWindow = 2 ** 31 - 1;
