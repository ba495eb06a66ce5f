import { randomFillSync, randomUUID } from 'node:crypto';

/** Randomness, passed in so that tests can script it. */
export interface Random {
  /** A number in [0, 1). */
  fraction(): number;
  /** A whole number in [0, 2^32). */
  uint32(): number;
  /** A UUID version 4 (RFC 9562, section 5.4), 36 characters in lower case. */
  uuid(): string;
}

/** How many numbers are drawn from the operating system at once. */
const poolSize = 1024;
const pool = new Uint32Array(poolSize);
let next = poolSize;

function uint32(): number {
  if (next === poolSize) {
    randomFillSync(pool);
    next = 0;
  }
  // The index is below poolSize, so there is always a number.
  return pool[next++] as number;
}

/**
 * The operating system's randomness, drawn in blocks: request ids are visible to clients, who
 * must not be able to tell the next one.
 */
export const systemRandom: Random = {
  fraction: () => uint32() / 2 ** 32,
  uint32,
  // Draws in blocks too.
  uuid: () => randomUUID(),
};

/**
 * Returns a whole number from 0 to `limit` - 1, each as likely as the others. By a product, as a
 * remainder of numbers of this size takes several times as long.
 */
export function integerBelow(random: Random, limit: number): number {
  return Math.floor((random.uint32() * limit) / 2 ** 32);
}
