import { integerBelow, type Random } from '../../base/random.js';
import type { Host } from '../host.js';
import type { LoadBalancer, LoadBalancerContext } from './load-balancer.js';
import { isAdmitted, maxSlowStartSkips } from './slow-start.js';
import { findUntried, maxRedraws } from './untried-host.js';
import { WeightedRotation } from './weighted-rotation.js';

const noHosts: readonly Host[] = [];

/**
 * Takes the hosts in turn, those of more weight more often. For a retry, hosts that the request has
 * tried lose their turn, unless it has tried them all; a host in its slow start gives turns away.
 */
export class RoundRobin implements LoadBalancer {
  readonly #random: Random;
  /** Whether hosts may be in their slow start. Else none is looked at before it is chosen. */
  readonly #startsSlowly: boolean;
  readonly #rotation: WeightedRotation;
  #hosts: readonly Host[] = noHosts;

  constructor(random: Random, startsSlowly = false) {
    this.#random = random;
    this.#startsSlowly = startsSlowly;
    this.#rotation = new WeightedRotation(random);
  }

  chooseHost(hosts: readonly Host[], context?: LoadBalancerContext): Host | undefined {
    if (hosts.length === 0) {
      return undefined;
    }
    if (hosts !== this.#hosts) {
      this.#hosts = hosts;
      this.#rotation.replace(hosts);
    }
    const host = this.#next();
    return context === undefined || !context.isTried(host)
      ? host
      : (this.#chooseUntried(hosts, context) ?? host);
  }

  #next(): Host {
    let host = this.#rotation.next();
    if (!this.#startsSlowly) {
      return host;
    }
    for (let skips = 0; !isAdmitted(host) && skips < maxSlowStartSkips; skips++) {
      host = this.#rotation.next();
    }
    return host;
  }

  #chooseUntried(hosts: readonly Host[], context: LoadBalancerContext): Host | undefined {
    const turns = Math.min(maxRedraws, hosts.length);
    for (let i = 0; i < turns; i++) {
      const host = this.#next();
      if (!context.isTried(host)) {
        return host;
      }
    }
    // The turns of a host of great weight may go on and on.
    return findUntried(hosts, integerBelow(this.#random, hosts.length), context);
  }
}
