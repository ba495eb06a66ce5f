import { randomUUID } from 'node:crypto';
import type { Random } from '../../lib/base/random.js';

/** Draws the number that the test has set, and counts the draws. */
export class DialRandom implements Random {
  /** What `uint32` returns. */
  value = 0;
  drawCount = 0;

  uint32(): number {
    this.drawCount++;
    return this.value;
  }

  uuid(): string {
    return randomUUID();
  }

  fraction(): number {
    return this.uint32() / 2 ** 32;
  }
}
