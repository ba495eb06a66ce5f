import { integerBelow, type Random } from '../../base/random.js';
import type { Runtime } from '../../base/runtime.js';
import type { Host } from '../host.js';
import type { LoadBalancer, LoadBalancerContext } from './load-balancer.js';
import { isAdmitted, loadFactorOf, maxSlowStartSkips } from './slow-start.js';
import { findUntried, maxRedraws } from './untried-host.js';
import { WeightedDraw } from './weighted-draw.js';

/** With 0 the weights of hosts are not looked at. */
const weightEnabledKey = 'upstream.weight_enabled';

const noNumbers = new Uint8Array(0);

/**
 * Draws two hosts and takes the one with fewer requests under way: reference 4.2. The same may be drawn
 * twice, and the first is taken only if it has strictly fewer.
 *
 * Of hosts with different weights one is drawn the more often the more it weighs, and the requests are
 * counted for each unit of weight. So idle hosts get exactly their share, and busy ones less.
 */
export class LeastRequest implements LoadBalancer {
  readonly #random: Random;
  readonly #runtime: Runtime;
  /** Whether hosts may be in their slow start. */
  readonly #startsSlowly: boolean;
  /** What the rest was made of. */
  #known: readonly Host[] = [];
  /** The same hosts, in the order of `#draw`. */
  #hosts: readonly Host[] = [];
  /** What is looked at of them: to read it off each of many hosts would take several times as long. */
  #activePages: readonly Int32Array[] = [];
  #activeSlots: Uint8Array = noNumbers;
  #weights: Uint8Array = noNumbers;
  /** `undefined` if all hosts are of one weight. */
  #draw: WeightedDraw | undefined = undefined;

  constructor(random: Random, runtime: Runtime, startsSlowly = false) {
    this.#random = random;
    this.#runtime = runtime;
    this.#startsSlowly = startsSlowly;
  }

  chooseHost(hosts: readonly Host[], context?: LoadBalancerContext): Host | undefined {
    if (hosts.length === 0) {
      return undefined;
    }
    if (hosts !== this.#known) {
      this.#update(hosts);
    }
    const host = this.#chooseOfTwo();
    return context === undefined || !context.isTried(host)
      ? host
      : (this.#chooseUntried(hosts, context) ?? host);
  }

  #update(hosts: readonly Host[]): void {
    const draw = new WeightedDraw(hosts);
    this.#known = hosts;
    this.#hosts = draw.hosts;
    this.#activePages = draw.hosts.map((host) => host.stats.activePage);
    this.#activeSlots = Uint8Array.from(draw.hosts, (host) => host.stats.activeSlot);
    this.#weights = Uint8Array.from(draw.hosts, (host) => host.weight);
    this.#draw = draw.isEven ? undefined : draw;
  }

  #chooseOfTwo(): Host {
    const draw =
      this.#draw !== undefined && this.#runtime.integer(weightEnabledKey, 1) !== 0
        ? this.#draw
        : undefined;
    const first = this.#drawIndex(draw);
    const second = this.#drawIndex(draw);
    const isFirst =
      draw === undefined && !this.#startsSlowly
        ? this.#activeAt(first) < this.#activeAt(second)
        : this.#loadAt(first, draw) < this.#loadAt(second, draw);
    // The indexes are below the length.
    return this.#hosts[isFirst ? first : second] as Host;
  }

  #drawIndex(draw: WeightedDraw | undefined): number {
    let index = this.#drawAny(draw);
    if (!this.#startsSlowly) {
      return index;
    }
    // The indexes are below the length.
    for (
      let skips = 0;
      !isAdmitted(this.#hosts[index] as Host) && skips < maxSlowStartSkips;
      skips++
    ) {
      index = this.#drawAny(draw);
    }
    return index;
  }

  #drawAny(draw: WeightedDraw | undefined): number {
    return draw === undefined
      ? integerBelow(this.#random, this.#hosts.length)
      : draw.draw(this.#random);
  }

  #activeAt(index: number): number {
    return this.#activePages[index]?.[this.#activeSlots[index] ?? 0] ?? 0;
  }

  /** Requests under way for each unit of what the host may have now. */
  #loadAt(index: number, draw: WeightedDraw | undefined): number {
    const weight = draw === undefined ? 1 : (this.#weights[index] as number);
    const load = this.#activeAt(index) / weight;
    return this.#startsSlowly ? load * loadFactorOf(this.#hosts[index] as Host) : load;
  }

  #chooseUntried(hosts: readonly Host[], context: LoadBalancerContext): Host | undefined {
    for (let i = 0; i < maxRedraws; i++) {
      const host = this.#chooseOfTwo();
      if (!context.isTried(host)) {
        return host;
      }
    }
    return findUntried(hosts, integerBelow(this.#random, hosts.length), context);
  }
}
