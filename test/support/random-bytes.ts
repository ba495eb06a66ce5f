import type { SeededRandom } from './seeded-random.js';

/** Returns up to `maxLength` random bytes. */
export function randomBytes(random: SeededRandom, maxLength: number): Buffer {
  const length = random.integer(maxLength + 1);
  return Buffer.from(Array.from({ length }, () => random.integer(256)));
}

/** Returns the same bytes in pieces, of which some are empty. */
export function cutAtRandom(random: SeededRandom, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  const maxPiece = random.pick([1, 3, 10, 100]);
  for (let start = 0; start < bytes.length; ) {
    const end = start + random.integer(maxPiece + 1);
    pieces.push(Buffer.from(bytes.subarray(start, end)));
    start = end;
  }
  return pieces;
}
