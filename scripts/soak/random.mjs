/** Random numbers that are the same in every run with the same seed. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). The generator is mulberry32. */
  fraction() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `min` to `max`, both included. */
  integer(min, max) {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  chance(share) {
    return this.fraction() < share;
  }

  pick(items) {
    return items[this.integer(0, items.length - 1)];
  }

  /** Picks a key of an object whose values are weights. */
  pickWeighted(weights) {
    const entries = Object.entries(weights);
    let rest = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      rest -= weight;
      if (rest < 0) return key;
    }
    return entries.at(-1)[0];
  }

  /** Returns so many of the items, in another order. */
  sample(items, count) {
    const rest = [...items];
    const chosen = [];
    while (chosen.length < count && rest.length > 0) {
      chosen.push(...rest.splice(this.integer(0, rest.length - 1), 1));
    }
    return chosen;
  }

  /** A generator of its own, which what else is drawn here does not change. */
  fork() {
    return new Random(Math.floor(this.fraction() * 2 ** 32));
  }
}
