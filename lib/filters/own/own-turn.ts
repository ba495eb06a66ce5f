/**
 * Whether a message waits for one filter, and for no other. All filters of a request have the same
 * way to say that it may go on; one that says so twice must not let it past a filter behind it, which
 * may be the one that asks for a password.
 */
export class OwnTurn {
  #state: 'over' | 'asked' | 'released' | 'holding' = 'over';

  /** Whether the filter is being asked about a head, or has the message. */
  get isOpen(): boolean {
    return this.#state !== 'over';
  }

  /** The filter is asked about a head. */
  open(): void {
    this.#state = 'asked';
  }

  /** It has answered; `isHolding` tells whether it keeps the message. */
  answer(isHolding: boolean): void {
    this.#state = isHolding && this.#state === 'asked' ? 'holding' : 'over';
  }

  /** The filter wants the message to go on. Returns whether that is for it to say. */
  release(): boolean {
    const { isOpen } = this;
    if (isOpen) {
      this.#state = this.#state === 'holding' ? 'over' : 'released';
    }
    return isOpen;
  }

  /** The filter has no say any more: the request is answered. */
  close(): void {
    this.#state = 'over';
  }
}
