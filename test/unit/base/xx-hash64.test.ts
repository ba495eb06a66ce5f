import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xxHash53, xxHash64Hex } from '../../../lib/base/xx-hash64.js';

// Of the reference implementation.
const known: readonly (readonly [string, string])[] = [
  ['', 'ef46db3751d8e999'],
  ['a', 'd24ec4f1a98c6e5b'],
  ['abc', '44bc2cf5ad770999'],
  ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
];

for (const [text, hash] of known) {
  test(`has the known value of ${JSON.stringify(text)}`, () => {
    assert.equal(xxHash64Hex(text), hash);
  });
}

const mask = 2n ** 64n - 1n;
const primes: readonly bigint[] = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
];
const [p1 = 0n, p2 = 0n, p3 = 0n, p4 = 0n, p5 = 0n] = primes;
const rotate = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (64n - n))) & mask;
const round = (a: bigint, i: bigint): bigint => (rotate((a + i * p2) & mask, 31n) * p1) & mask;

/** The same hash as the specification writes it, on big integers. */
function specified(bytes: Buffer): bigint {
  let at = 0;
  let hash = p5;
  if (bytes.length >= 32) {
    const lanes = [(p1 + p2) & mask, p2, 0n, -p1 & mask];
    for (; at + 32 <= bytes.length; at += 32) {
      lanes.forEach((lane, i) => {
        lanes[i] = round(lane, bytes.readBigUInt64LE(at + 8 * i));
      });
    }
    hash = [1n, 7n, 12n, 18n].reduce((sum, n, i) => sum + rotate(lanes[i] ?? 0n, n), 0n) & mask;
    for (const lane of lanes) {
      hash = ((hash ^ round(0n, lane)) * p1 + p4) & mask;
    }
  }
  hash = (hash + BigInt(bytes.length)) & mask;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * p1 + p4) & mask;
  }
  if (at + 4 <= bytes.length) {
    hash = (rotate(hash ^ ((BigInt(bytes.readUInt32LE(at)) * p1) & mask), 23n) * p2 + p3) & mask;
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = (rotate(hash ^ ((BigInt(bytes[at] ?? 0) * p5) & mask), 11n) * p1) & mask;
  }
  hash ^= hash >> 33n;
  hash = (hash * p2) & mask;
  hash ^= hash >> 29n;
  hash = (hash * p3) & mask;
  return hash ^ (hash >> 32n);
}

test('agrees with the specification for texts of every length up to 200, of all bytes', () => {
  let seed = 1;
  for (let length = 0; length <= 200; length++) {
    for (let run = 0; run < 5; run++) {
      const bytes = Buffer.alloc(length);
      for (let i = 0; i < length; i++) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        bytes[i] = seed >>> 16;
      }
      const expected = specified(bytes);
      const text = bytes.toString('latin1');
      assert.equal(BigInt(`0x${xxHash64Hex(text)}`), expected);
      assert.equal(BigInt(xxHash53(text)), expected >> 11n);
    }
  }
});
