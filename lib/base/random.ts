import { randomFillSync } from 'node:crypto';

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

const hexDigits: Buffer = Buffer.from('0123456789abcdef', 'latin1');
/** A UUID with all that does not change, and zeros. */
const uuidText: Buffer = Buffer.from('00000000-0000-4000-8000-000000000000', 'latin1');

/** Writes the lower 16 bits as four digits. */
function writeHex(value: number, offset: number): void {
  // The indexes are below 16, so there is always a digit.
  uuidText[offset] = hexDigits[(value >>> 12) & 15] as number;
  uuidText[offset + 1] = hexDigits[(value >>> 8) & 15] as number;
  uuidText[offset + 2] = hexDigits[(value >>> 4) & 15] as number;
  uuidText[offset + 3] = hexDigits[value & 15] as number;
}

/**
 * In the place of `crypto.randomUUID`, whose string is put together of twenty and holds ten times the
 * memory for as long as the request lasts.
 */
function uuid(): string {
  const [a, b, c, d] = [uint32(), uint32(), uint32(), uint32()];
  writeHex(a >>> 16, 0);
  writeHex(a, 4);
  writeHex(b >>> 16, 9);
  writeHex((b & 0x0fff) | 0x4000, 14);
  writeHex(((c >>> 16) & 0x3fff) | 0x8000, 19);
  writeHex(c, 24);
  writeHex(d >>> 16, 28);
  writeHex(d, 32);
  return uuidText.toString('latin1');
}

/**
 * The operating system's randomness, drawn in blocks: request ids are visible to clients, who
 * must not be able to tell the next one.
 */
export const systemRandom: Random = {
  fraction: () => uint32() / 2 ** 32,
  uint32,
  uuid,
};

/**
 * Returns a whole number from 0 to `limit` - 1, each as likely as the others. By a product, as a
 * remainder of numbers of this size takes several times as long.
 */
export function integerBelow(random: Random, limit: number): number {
  return Math.floor((random.uint32() * limit) / 2 ** 32);
}
