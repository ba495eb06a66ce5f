import type { ConnectionManager } from '../downstream/connection-manager.js';
import type { Target } from './request-options.js';

/**
 * Chooses whose routes an outbound call takes: the first outbound listener with a virtual host for
 * the URL's host, then the clusters by name. What none of them claims is none of our business.
 *
 * Neither is `https:`. Hosts of clusters are reached in the clear, and whoever writes `https:` must
 * not have that behind his back; to Envoy, too, such a call is a tunnel that it cannot look into.
 */
export class OutboundRoutes {
  #managers: readonly ConnectionManager[];

  /** `managers` in the order in which they are asked. */
  constructor(managers: readonly ConnectionManager[]) {
    this.#managers = managers;
  }

  /** Listeners have come or gone; calls that have been begun stay where they are. */
  replace(managers: readonly ConnectionManager[]): void {
    this.#managers = managers;
  }

  /** Returns who serves calls to `target`, or `undefined`. */
  choose(target: Target): ConnectionManager | undefined {
    if (target.protocol === 'http:') {
      for (const manager of this.#managers) {
        if (manager.context.routeTable.claims(target.authority)) {
          return manager;
        }
      }
    }
    return undefined;
  }
}
