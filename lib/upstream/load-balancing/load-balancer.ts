import type { Host } from '../host.js';
import type { HostSet } from '../host-set.js';

/** What a balancer may know of the request that a host is chosen for. */
export interface LoadBalancerContext {
  /** What balancers that hash choose by; `undefined` if the request has nothing to be hashed. */
  readonly hashKey: number | undefined;
  /** Whether an attempt of the request has failed on this host. Another one is preferred. */
  isTried(host: Host): boolean;
}

/**
 * Decides which host of a cluster serves the next attempt.
 *
 * One instance serves one cluster for as long as the cluster lives. `chooseHost` runs once per
 * attempt, so a retry asks again and may get another host. It answers at once: a balancer never
 * waits for discovery and never opens a connection.
 */
export interface LoadBalancer {
  /**
   * Returns the host, or `undefined` if none may be used; the caller then replies 503 (UH). Without
   * a context there is nothing to know of the request.
   */
  chooseHost(hostSet: HostSet, context?: LoadBalancerContext): Host | undefined;
}
