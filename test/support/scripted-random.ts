import { randomUUID } from 'node:crypto';
import type { Random } from '../../lib/base/random.js';

/** Draws the numbers that a test has chosen, in turn, and then the last one again and again. */
export class ScriptedRandom implements Random {
  readonly #numbers: number[];

  /** The numbers that `uint32` returns. */
  constructor(...numbers: number[]) {
    this.#numbers = numbers;
  }

  uint32(): number {
    const number = this.#numbers.length > 1 ? this.#numbers.shift() : this.#numbers[0];
    return number ?? 0;
  }

  uuid(): string {
    return randomUUID();
  }

  fraction(): number {
    return this.uint32() / 2 ** 32;
  }
}
