import type { Random } from '../../base/random.js';
import type { Host } from '../host.js';
import type { HostSet } from '../host-set.js';
import type { LoadBalancer } from './load-balancer.js';

/** Takes the hosts in turn. */
export class RoundRobin implements LoadBalancer {
  #index: number;

  /** Starts anywhere: sidecars that start together must not all begin with the same host. */
  constructor(random: Random) {
    this.#index = random.uint32() % 2 ** 20;
  }

  chooseHost(hostSet: HostSet): Host | undefined {
    const hosts = hostSet.hostsToUse;
    if (hosts.length === 0) {
      return undefined;
    }
    this.#index = (this.#index + 1) % Number.MAX_SAFE_INTEGER;
    return hosts[this.#index % hosts.length];
  }
}
