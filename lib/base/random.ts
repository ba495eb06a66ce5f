import { randomFillSync } from 'node:crypto';

/** Randomness, passed in so that tests can script it. */
export interface Random {
  /** A number in [0, 1). */
  fraction(): number;
  /** A whole number in [0, 2^32). */
  uint32(): number;
}

/** How many numbers are drawn from the operating system at once. */
const poolSize = 256;
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
};

const hexByte: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

function hex16(value: number): string {
  return `${hexByte[(value >>> 8) & 255]}${hexByte[value & 255]}`;
}

/** Returns a UUID version 4 (RFC 9562, section 5.4), 36 characters in lower case. */
export function uuidV4(random: Random): string {
  const a = random.uint32();
  const b = random.uint32();
  const c = random.uint32();
  const d = random.uint32();
  const version = (b & 0x0fff) | 0x4000;
  const variant = ((c >>> 16) & 0x3fff) | 0x8000;
  return `${hex16(a >>> 16)}${hex16(a)}-${hex16(b >>> 16)}-${hex16(version)}-${hex16(variant)}-${hex16(c)}${hex16(d >>> 16)}${hex16(d)}`;
}
