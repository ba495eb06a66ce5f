import { integerBelow, type Random } from '../../base/random.js';
import type { Host } from '../host.js';
import type { LoadBalancer, LoadBalancerContext } from './load-balancer.js';
import { findUntried } from './untried-host.js';

/** Takes any host, each as likely as any other: weights are not looked at, as in Envoy. */
export class RandomChoice implements LoadBalancer {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  chooseHost(hosts: readonly Host[], context?: LoadBalancerContext): Host | undefined {
    if (hosts.length === 0) {
      return undefined;
    }
    const host = hosts[integerBelow(this.#random, hosts.length)];
    return context === undefined || host === undefined || !context.isTried(host)
      ? host
      : (this.#chooseUntried(hosts, context) ?? host);
  }

  /**
   * Draws once more; from there on, the first that will do. All hosts but those that stand behind a
   * tried one are as likely as each other, which is next to all.
   */
  #chooseUntried(hosts: readonly Host[], context: LoadBalancerContext): Host | undefined {
    return findUntried(hosts, integerBelow(this.#random, hosts.length), context);
  }
}
