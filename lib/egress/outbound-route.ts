import type { ConnectionManager } from '../downstream/connection-manager.js';

/**
 * Chooses whose routes an outbound call takes: the first outbound listener with a virtual host for
 * the URL's host, then the clusters by name. What none of them claims is none of our business.
 */
export class OutboundRoutes {
  readonly #managers: readonly ConnectionManager[];

  /** `managers` in the order in which they are asked. */
  constructor(managers: readonly ConnectionManager[]) {
    this.#managers = managers;
  }

  /** Returns who serves calls to `authority`, or `undefined`. */
  choose(authority: string): ConnectionManager | undefined {
    for (const manager of this.#managers) {
      if (manager.context.routeTable.claims(authority)) {
        return manager;
      }
    }
    return undefined;
  }
}
