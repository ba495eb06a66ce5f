import type { Host } from '../host.js';

/** What a balancer may know of the request that a host is chosen for. */
export interface LoadBalancerContext {
  /** What balancers that hash choose by; `undefined` if the request has nothing to be hashed. */
  readonly hashKey: number | undefined;
  /**
   * Where the request would have gone without us, as `host:port`, for clusters of type
   * `original_dst`; `undefined` if that is not known.
   */
  readonly originalDestination?: string | undefined;
  /** Whether an attempt of the request has failed on this host. Another one is preferred. */
  isTried(host: Host): boolean;
}

/**
 * Decides which host of a list serves the next attempt.
 *
 * One instance serves one list for as long as its cluster lives: all members, or the healthy ones, or
 * those of a zone. Each list has turns of its own, so that choosing now from one and now from another
 * leaves none of them uneven. `chooseHost` runs once per attempt, so a retry asks again and may get
 * another host. It answers at once: a balancer never waits for discovery and never opens a connection.
 */
export interface LoadBalancer {
  /**
   * Returns the host, or `undefined` if there is none. `hosts` is never changed: when a member has come
   * or gone, or has another weight, it is another array. Without a context there is nothing to know of
   * the request.
   */
  chooseHost(hosts: readonly Host[], context?: LoadBalancerContext): Host | undefined;
}
