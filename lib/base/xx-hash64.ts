/*
 * xxHash64 with seed 0 on 32-bit halves: BigInt would cost microseconds a text. Its values are what
 * Envoy's ring_hash is built of: reference 4.2.1. A product or sum is left in `high` and `low`.
 */

let high = 0;
let low = 0;

function add(ah: number, al: number, bh: number, bl: number): void {
  const sum = al + bl;
  low = sum >>> 0;
  high = (ah + bh + (sum > 0xffffffff ? 1 : 0)) >>> 0;
}

function multiply(ah: number, al: number, bh: number, bl: number): void {
  const a0 = al & 0xffff;
  const a1 = al >>> 16;
  const b0 = bl & 0xffff;
  const b1 = bl >>> 16;
  const first = a0 * b0;
  const middle = a0 * b1 + a1 * b0 + Math.floor(first / 65536);
  low = (((middle & 0xffff) << 16) | (first & 0xffff)) >>> 0;
  high = (a1 * b1 + Math.floor(middle / 65536) + Math.imul(ah, bl) + Math.imul(al, bh)) >>> 0;
}

/** `count` is from 1 to 31. */
function rotate(ah: number, al: number, count: number): void {
  high = ((ah << count) | (al >>> (32 - count))) >>> 0;
  low = ((al << count) | (ah >>> (32 - count))) >>> 0;
}

const p1h = 0x9e3779b1;
const p1l = 0x85ebca87;
const p2h = 0xc2b2ae3d;
const p2l = 0x27d4eb4f;
const p3h = 0x165667b1;
const p3l = 0x9e3779f9;
const p4h = 0x85ebca77;
const p4l = 0xc2b2ae63;
const p5h = 0x27d4eb2f;
const p5l = 0x165667c5;

/** Four characters as a number, the first the lowest byte. */
function word(text: string, at: number): number {
  return (
    ((text.charCodeAt(at) & 0xff) |
      ((text.charCodeAt(at + 1) & 0xff) << 8) |
      ((text.charCodeAt(at + 2) & 0xff) << 16) |
      ((text.charCodeAt(at + 3) & 0xff) << 24)) >>>
    0
  );
}

/** One step of a lane: `rotate(accumulator + input * p2, 31) * p1`. */
function round(ah: number, al: number, ih: number, il: number): void {
  multiply(ih, il, p2h, p2l);
  add(ah, al, high, low);
  rotate(high, low, 31);
  multiply(high, low, p1h, p1l);
}

/** The high and low halves of the four lanes. */
const lanes = new Uint32Array(8);

/** Takes all whole stripes of 32 bytes; returns where the rest begins. */
function takeStripes(text: string): number {
  // p1 + p2, p2, 0 and -p1.
  add(p1h, p1l, p2h, p2l);
  lanes.set([high, low, p2h, p2l, 0, 0]);
  add(~p1h >>> 0, ~p1l >>> 0, 0, 1);
  lanes[6] = high;
  lanes[7] = low;
  let at = 0;
  for (; at + 32 <= text.length; at += 32) {
    for (let lane = 0; lane < 4; lane++) {
      const start = at + lane * 8;
      round(
        lanes[lane * 2] as number,
        lanes[lane * 2 + 1] as number,
        word(text, start + 4),
        word(text, start),
      );
      lanes[lane * 2] = high;
      lanes[lane * 2 + 1] = low;
    }
  }
  return at;
}

const laneRotations = [1, 7, 12, 18];

function mergeLanes(): void {
  let sumHigh = 0;
  let sumLow = 0;
  for (const [lane, count] of laneRotations.entries()) {
    rotate(lanes[lane * 2] as number, lanes[lane * 2 + 1] as number, count);
    add(sumHigh, sumLow, high, low);
    sumHigh = high;
    sumLow = low;
  }
  for (let lane = 0; lane < 4; lane++) {
    round(0, 0, lanes[lane * 2] as number, lanes[lane * 2 + 1] as number);
    multiply((sumHigh ^ high) >>> 0, (sumLow ^ low) >>> 0, p1h, p1l);
    add(high, low, p4h, p4l);
    sumHigh = high;
    sumLow = low;
  }
}

/** Takes what is left behind the last stripe. */
function takeRest(text: string, from: number): void {
  let at = from;
  for (; at + 8 <= text.length; at += 8) {
    const hashHigh = high;
    const hashLow = low;
    round(0, 0, word(text, at + 4), word(text, at));
    rotate((hashHigh ^ high) >>> 0, (hashLow ^ low) >>> 0, 27);
    multiply(high, low, p1h, p1l);
    add(high, low, p4h, p4l);
  }
  if (at + 4 <= text.length) {
    const hashHigh = high;
    const hashLow = low;
    multiply(0, word(text, at), p1h, p1l);
    rotate((hashHigh ^ high) >>> 0, (hashLow ^ low) >>> 0, 23);
    multiply(high, low, p2h, p2l);
    add(high, low, p3h, p3l);
    at += 4;
  }
  for (; at < text.length; at++) {
    const hashHigh = high;
    const hashLow = low;
    multiply(0, text.charCodeAt(at) & 0xff, p5h, p5l);
    rotate((hashHigh ^ high) >>> 0, (hashLow ^ low) >>> 0, 11);
    multiply(high, low, p1h, p1l);
  }
}

function mix(): void {
  // Shifts by 33, 29 and 32.
  low = (low ^ (high >>> 1)) >>> 0;
  multiply(high, low, p2h, p2l);
  const shiftedHigh = high >>> 29;
  const shiftedLow = ((high << 3) | (low >>> 29)) >>> 0;
  multiply((high ^ shiftedHigh) >>> 0, (low ^ shiftedLow) >>> 0, p3h, p3l);
  low = (low ^ high) >>> 0;
}

/**
 * The upper 53 bits of the xxHash64 of a byte string (one byte a character), a number from 0 to
 * 2^53 - 1. They sort as all 64 bits do, but for texts that agree in 53 bits.
 */
export function xxHash53(text: string): number {
  xxHash64(text);
  return high * 2 ** 21 + (low >>> 11);
}

/** The xxHash64 of a byte string as 16 hexadecimal digits. */
export function xxHash64Hex(text: string): string {
  xxHash64(text);
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

function xxHash64(text: string): void {
  let at = 0;
  if (text.length >= 32) {
    at = takeStripes(text);
    mergeLanes();
  } else {
    high = p5h;
    low = p5l;
  }
  add(high, low, 0, text.length);
  takeRest(text, at);
  mix();
}
