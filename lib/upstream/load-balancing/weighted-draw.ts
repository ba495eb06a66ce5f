import { integerBelow, type Random } from '../../base/random.js';
import type { Host } from '../host.js';
import { groupByWeight } from './weight-class.js';

/** As many as there are weights, twice: a search from the guide on takes hardly a step. */
const guideSize = 256;

/**
 * Draws hosts at random, each with a probability in proportion to its weight. All points from 0 to the
 * sum of the weights belong to hosts, as many to each as its weight, those of hosts of one weight next
 * to each other. So a draw costs the same for any number of hosts.
 */
export class WeightedDraw {
  /** The hosts in the order of their points. */
  readonly hosts: readonly Host[];
  /** The weights that there are. */
  readonly #weights: readonly number[];
  /** Where the points of hosts of these weights end. */
  readonly #ends: readonly number[];
  /** And which of the hosts is the first of them. */
  readonly #firstHosts: readonly number[];
  /** The weight at the first point of each of so many equal parts of all points. */
  readonly #guide: Uint8Array = new Uint8Array(guideSize);
  readonly #total: number;

  /** There must be a host. */
  constructor(hosts: readonly Host[]) {
    const byWeight = groupByWeight(hosts);
    const ends: number[] = [];
    const firstHosts: number[] = [];
    let total = 0;
    let count = 0;
    for (const [weight, members] of byWeight) {
      firstHosts.push(count);
      count += members.length;
      total += weight * members.length;
      ends.push(total);
    }
    this.hosts = byWeight.size === 1 ? hosts : [...byWeight.values()].flat();
    this.#weights = [...byWeight.keys()];
    this.#ends = ends;
    this.#firstHosts = firstHosts;
    this.#total = total;
    for (let part = 0; part < guideSize; part++) {
      const point = Math.floor((part * total) / guideSize);
      this.#guide[part] = ends.findIndex((end) => point < end);
    }
  }

  /** Whether all hosts are of one weight. */
  get isEven(): boolean {
    return this.#weights.length === 1;
  }

  /** Returns the index of a host in `hosts`. */
  draw(random: Random): number {
    const point = integerBelow(random, this.#total);
    // Every index here is within its array, as the point is below the last end.
    let i = this.#guide[Math.floor((point * guideSize) / this.#total)] as number;
    while (point >= (this.#ends[i] as number)) {
      i++;
    }
    const start = i === 0 ? 0 : (this.#ends[i - 1] as number);
    const index = Math.floor((point - start) / (this.#weights[i] as number));
    return (this.#firstHosts[i] as number) + index;
  }
}
