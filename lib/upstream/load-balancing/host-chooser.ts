import type { Host } from '../host.js';
import type { HostSet } from '../host-set.js';
import type { LoadBalancerContext } from './load-balancer.js';

/** Chooses among all that a cluster has: first which of its hosts may be used, then one of those. */
export interface HostChooser {
  /**
   * Returns the host for the next attempt, or `undefined` if none may be used; the caller then replies
   * 503 (UH).
   */
  chooseHost(hostSet: HostSet, context?: LoadBalancerContext): Host | undefined;
  /** Ends all background work. Idempotent. */
  close(): void;
}
