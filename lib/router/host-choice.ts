import type { Host } from '../upstream/host.js';
import type { LoadBalancerContext } from '../upstream/load-balancing/load-balancer.js';

/** What the balancers are told of one request. */
export class HostChoice implements LoadBalancerContext {
  readonly hashKey: number | undefined;
  readonly originalDestination: string | undefined;
  readonly #tried: Host[] = [];

  constructor(hashKey?: number, originalDestination?: string) {
    this.hashKey = hashKey;
    this.originalDestination = originalDestination;
  }

  isTried(host: Host): boolean {
    return this.#tried.includes(host);
  }

  /** An attempt on this host has failed. */
  addTried(host: Host): void {
    this.#tried.push(host);
  }
}
