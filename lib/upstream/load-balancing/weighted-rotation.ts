import { integerBelow, type Random } from '../../base/random.js';
import type { Host } from '../host.js';
import { groupByWeight } from './weight-class.js';

/** Phases are not below this, so that rounding never moves a turn across the end of a cycle. */
const minPhase = 1 / 1024;

/** One class, as it is laid down in the arrays of the rotation. */
interface WeightClass {
  readonly members: readonly Host[];
  /** Number of the host that had the last turn. It may be gone, and come back. */
  readonly lastNumber: number;
  /** When its first turn in a cycle is due, in (0, 1], in units of the time between two turns. */
  readonly phase: number;
  /** How many turns it has in a cycle: its weight for each of its members. */
  readonly turns: number;
}

/** Shared by all clusters that have none yet: most of a big configuration are idle. */
const noNumbers = new Float64Array(0);
const noIndexes = new Uint32Array(0);
const noWinners = new Uint8Array(0);

/**
 * Hosts that have their turns in proportion to their weights, spread as evenly as can be: the next turn
 * is that with the earliest deadline, as in Envoy's releases of 2018 (reference 4.2).
 *
 * Deadlines are those of classes, not of hosts: hosts of the same weight take turns within their class,
 * which has a turn for each. There are at most 128 classes, so a turn costs the same for any number of
 * hosts, and nothing is allocated. A cycle is as many turns as all weights together. In any so many
 * turns in a row, wherever they begin, each host has exactly as many as its weight.
 */
export class WeightedRotation {
  readonly #random: Random;
  /** Class by class. What follows has an element for each class, side by side in few cache lines. */
  #hosts: readonly Host[] = [];
  #weights: readonly number[] = [];
  /** Index of the first host, of the one that had the last turn, and behind the last host. */
  #starts: Uint32Array = noIndexes;
  #lasts: Uint32Array = noIndexes;
  #ends: Uint32Array = noIndexes;
  /** Number of the host that had the last turn, if that was before the hosts were replaced; else 0. */
  #lastNumbers: Float64Array = noNumbers;
  #phases: Float64Array = noNumbers;
  #turns: Float64Array = noNumbers;
  /** Turns that a class has had in this cycle. */
  #taken: Float64Array = noNumbers;
  #deadlines: Float64Array = noNumbers;
  /** A tournament: node `n` has the class with the earliest deadline below it; the root is 1. */
  #winners: Uint8Array = noWinners;
  #turnsLeft = 0;
  /** The deadline of the last turn. */
  #time = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Returns the host whose turn it is. There must be hosts. */
  next(): Host {
    // A single class needs no deadlines.
    return this.#takeTurn(this.#weights.length === 1 ? 0 : this.#chooseClass());
  }

  /**
   * Goes on with other hosts, of which there is at least one, or with other weights. Every class keeps
   * its place, so that changes without end leave no host with less than its share.
   */
  replace(hosts: readonly Host[]): void {
    const byWeight = groupByWeight(inOrder(hosts));
    const classes = Array.from(byWeight, ([weight, members]) => this.#classOf(weight, members));
    const count = classes.length;
    this.#weights = [...byWeight.keys()];
    this.#hosts = classes.flatMap(({ members }) => members);
    this.#starts = new Uint32Array(count);
    this.#lasts = new Uint32Array(count);
    this.#ends = new Uint32Array(count);
    this.#phases = Float64Array.from(classes, ({ phase }) => phase);
    this.#turns = Float64Array.from(classes, ({ turns }) => turns);
    this.#lastNumbers = Float64Array.from(classes, ({ lastNumber }) => lastNumber);
    this.#taken = new Float64Array(count);
    let start = 0;
    for (const [i, { members, lastNumber }] of classes.entries()) {
      this.#starts[i] = start;
      this.#lasts[i] = start + indexUpTo(members, lastNumber);
      start += members.length;
      this.#ends[i] = start;
    }
    const leaves = 2 ** Math.ceil(Math.log2(count));
    this.#deadlines = new Float64Array(leaves).fill(Number.POSITIVE_INFINITY);
    this.#winners = new Uint8Array(2 * leaves);
    this.#time = 0;
    this.#startCycle();
  }

  #takeTurn(i: number): Host {
    // All indexes in this class are within their arrays, by the way that these are made.
    const behind = (this.#lasts[i] as number) + 1;
    const index = behind === this.#ends[i] ? (this.#starts[i] as number) : behind;
    this.#lasts[i] = index;
    this.#lastNumbers[i] = 0;
    return this.#hosts[index] as Host;
  }

  #chooseClass(): number {
    const winner = this.#winners[1] as number;
    const taken = (this.#taken[winner] as number) + 1;
    this.#taken[winner] = taken;
    this.#time = this.#deadlines[winner] as number;
    // From the count each time, as sums would drift.
    const deadline = (taken + (this.#phases[winner] as number)) / (this.#turns[winner] as number);
    this.#deadlines[winner] = deadline;
    if (--this.#turnsLeft === 0) {
      this.#time -= 1;
      this.#startCycle();
    } else {
      this.#playAgain(winner, deadline);
    }
    return winner;
  }

  /** By now every class has had all its turns, so that all deadlines move on by the same. */
  #startCycle(): void {
    this.#turnsLeft = 0;
    for (let i = 0; i < this.#taken.length; i++) {
      const turns = this.#turns[i] as number;
      this.#taken[i] = 0;
      this.#deadlines[i] = (this.#phases[i] as number) / turns;
      this.#turnsLeft += turns;
    }
    const winners = this.#winners;
    const deadlines = this.#deadlines;
    for (let leaf = 0; leaf < deadlines.length; leaf++) {
      winners[deadlines.length + leaf] = leaf;
    }
    for (let node = deadlines.length - 1; node > 0; node--) {
      const left = winners[2 * node] as number;
      const right = winners[2 * node + 1] as number;
      winners[node] = (deadlines[left] as number) <= (deadlines[right] as number) ? left : right;
    }
  }

  /** The class at `leaf` has another deadline: all games that it takes part in are played again. */
  #playAgain(leaf: number, deadline: number): void {
    const winners = this.#winners;
    const deadlines = this.#deadlines;
    let best = leaf;
    let earliest = deadline;
    for (let node = deadlines.length + leaf; node > 1; node >>>= 1) {
      const other = winners[node ^ 1] as number;
      const otherDeadline = deadlines[other] as number;
      if (otherDeadline <= earliest) {
        best = other;
        earliest = otherDeadline;
      }
      winners[node >>> 1] = best;
    }
  }

  #classOf(weight: number, members: readonly Host[]): WeightClass {
    const turns = weight * members.length;
    const i = this.#weights.indexOf(weight);
    if (i === -1) {
      // Starts anywhere: sidecars that start together must not all begin with the same host.
      const lastNumber = members[integerBelow(this.#random, members.length)]?.number ?? 0;
      const phase = (integerBelow(this.#random, 1024) + 1) / 1024;
      return { members, lastNumber, phase, turns };
    }
    // Of a host there is always a number above 0.
    const lastNumber =
      (this.#lastNumbers[i] as number) || (this.#hosts[this.#lasts[i] as number] as Host).number;
    // What it has waited for its next turn, it has not waited in vain.
    const wait = (this.#deadlines[i] as number) - this.#time;
    const phase = Math.min(1, Math.max(minPhase, wait * (this.#turns[i] as number)));
    return { members, lastNumber, phase, turns };
  }
}

/** Returns the hosts by their number, as they mostly come. */
function inOrder(hosts: readonly Host[]): readonly Host[] {
  const isInOrder = hosts.every((host, i) => host.number > (hosts[i - 1]?.number ?? 0));
  return isInOrder ? hosts : [...hosts].sort((a, b) => a.number - b.number);
}

/** Index of the last host whose number is not above `number`; of the last of all if there is none. */
function indexUpTo(members: readonly Host[], number: number): number {
  const index = members.findLastIndex((host) => host.number <= number);
  return index === -1 ? members.length - 1 : index;
}
