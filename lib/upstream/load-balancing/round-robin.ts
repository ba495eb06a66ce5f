import type { Random } from '../../base/random.js';
import type { Host } from '../host.js';
import type { HostSet } from '../host-set.js';
import type { LoadBalancer, LoadBalancerContext } from './load-balancer.js';

/**
 * Takes the hosts in turn. For a retry, hosts that the request has tried lose their turn, unless it
 * has tried them all.
 */
export class RoundRobin implements LoadBalancer {
  #index: number;

  /** Starts anywhere: sidecars that start together must not all begin with the same host. */
  constructor(random: Random) {
    this.#index = random.uint32() % 2 ** 20;
  }

  chooseHost(hostSet: HostSet, context?: LoadBalancerContext): Host | undefined {
    const hosts = hostSet.hostsToUse;
    if (hosts.length === 0) {
      return undefined;
    }
    this.#index = (this.#index + 1) % (Number.MAX_SAFE_INTEGER - hosts.length);
    const host = hosts[this.#index % hosts.length];
    return context === undefined || host === undefined || !context.isTried(host)
      ? host
      : (this.#skipTried(hosts, context) ?? host);
  }

  /** Goes on to the next host that the request has not tried; stays if there is none. */
  #skipTried(hosts: readonly Host[], context: LoadBalancerContext): Host | undefined {
    for (let step = 1; step < hosts.length; step++) {
      const host = hosts[(this.#index + step) % hosts.length];
      if (host !== undefined && !context.isTried(host)) {
        this.#index += step;
        return host;
      }
    }
    return undefined;
  }
}
