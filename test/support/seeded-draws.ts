import { randomUUID } from 'node:crypto';
import type { Random } from '../../lib/base/random.js';

/** Draws that are the same in every run, and good enough for statistics (mulberry32). */
export class SeededDraws implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  fraction(): number {
    return this.uint32() / 2 ** 32;
  }

  uuid(): string {
    return randomUUID();
  }
}
