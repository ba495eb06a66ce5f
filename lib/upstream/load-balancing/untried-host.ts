import type { Host } from '../host.js';
import type { LoadBalancerContext } from './load-balancer.js';

/** How often a balancer draws again for a retry, before any host will do that has not been tried. */
export const maxRedraws = 8;

/**
 * Returns the first host from `start` on that the request has not tried, or `undefined` if it has
 * tried them all. It has tried few, so that the search is short.
 */
export function findUntried(
  hosts: readonly Host[],
  start: number,
  context: LoadBalancerContext,
): Host | undefined {
  for (let step = 0; step < hosts.length; step++) {
    const host = hosts[(start + step) % hosts.length];
    if (host !== undefined && !context.isTried(host)) {
      return host;
    }
  }
  return undefined;
}
