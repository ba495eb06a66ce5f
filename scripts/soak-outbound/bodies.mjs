/**
 * The bodies of requests and responses. Each is a piece of one long random block, from a place that
 * its call gives it: a byte of anybody else's, or from anywhere else, is hardly ever the right one.
 */

import { Random } from '../soak/random.mjs';

const blockBytes = 4 * 1024 * 1024;
/** The longest body that there is. */
export const maxBodyBytes = 160 * 1024;
const stride = 4099;
const sides = { request: 0, response: 1_500_007 };

const block = createBlock();

function createBlock() {
  const random = new Random(20_261_123);
  const words = Uint32Array.from({ length: blockBytes / 4 }, () => random.fraction() * 2 ** 32);
  return Buffer.from(words.buffer);
}

/** Returns the body of a call, without copying it. `side`: `request` or `response`. */
export function bodyOf(id, side, length) {
  const start = (id * stride + sides[side]) % (blockBytes - maxBodyBytes);
  return block.subarray(start, start + length);
}

/** Compares a body with what it has to be, piece by piece. */
export class BodyCheck {
  #expected;
  #position = 0;
  #isWrong = false;

  constructor(expected) {
    this.#expected = expected;
  }

  push(chunk) {
    const end = this.#position + chunk.length;
    this.#isWrong ||= !this.#expected.subarray(this.#position, end).equals(chunk);
    this.#position = end;
  }

  /** Says what is wrong with a body that ends here, or with as much as there is of one. */
  findProblem(isComplete) {
    const { length } = this.#expected;
    if (this.#isWrong) return `is not what was sent, among its first ${this.#position} bytes`;
    if (isComplete && this.#position !== length) {
      return `was cut off: ${this.#position} bytes of ${length} were reported as all`;
    }
    return undefined;
  }
}
