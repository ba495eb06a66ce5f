import type { Host } from '../host.js';
import type { HostSet } from '../host-set.js';

/**
 * Decides which host of a cluster serves the next attempt.
 *
 * One instance serves one cluster for as long as the cluster lives. `chooseHost` runs once per
 * attempt, so a retry asks again and may get another host. It answers at once: a balancer never
 * waits for discovery and never opens a connection.
 */
export interface LoadBalancer {
  /** Returns the host, or `undefined` if none may be used; the caller then replies 503 (UH). */
  chooseHost(hostSet: HostSet): Host | undefined;
}
