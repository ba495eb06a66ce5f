import type { ReceiveWindow } from '../../http/receive-window.js';

/** The bytes of one response that wait for a slow reader: they are off the window of the connection. */
export class KeptBytes {
  readonly #window: ReceiveWindow;
  #count = 0;

  constructor(window: ReceiveWindow) {
    this.#window = window;
  }

  /** So many more wait. */
  add(bytes: number): void {
    this.#count += bytes;
    this.#window.keep(bytes);
  }

  /** They wait no more. To be called once, at the end. */
  release(): void {
    this.#window.release(this.#count);
  }
}
