import { Route } from '../router/route.js';
import type { RouteMatch } from '../router/route-table.js';
import type { ClusterManager } from '../upstream/cluster-manager.js';

/**
 * Routes by name: a host that is a cluster's `name` or `service_name` goes to that cluster, with
 * the policy of a route that says nothing (15 s time-out, no retries).
 */
export class ClusterNameRoutes implements RouteMatch {
  readonly #routes = new Map<string, Route>();

  constructor(clusterManager: ClusterManager) {
    const clusters = [...clusterManager.clusters()];
    for (const { config } of clusters) {
      if (config.discovery.type === 'sds') {
        this.#routes.set(config.discovery.serviceName.toLowerCase(), createRoute(config.name));
      }
    }
    // Later, so that a cluster's own name wins over a service of that name.
    for (const { name } of clusters) {
      this.#routes.set(name.toLowerCase(), createRoute(name));
    }
  }

  /** `authority` is that of a URL, and so in lower case. */
  match(authority: string): Route | undefined {
    return this.#routes.get(authority);
  }

  claims(authority: string): boolean {
    return this.match(authority) !== undefined;
  }
}

/** What `timeout_ms` is when nobody says: reference 2.6.4. */
const defaultTimeoutMs = 15_000;

function createRoute(cluster: string): Route {
  return new Route({
    match: { kind: 'prefix', prefix: '/', caseSensitive: true },
    action: { kind: 'cluster', cluster, timeoutMs: defaultTimeoutMs, priority: 'default' },
  });
}
