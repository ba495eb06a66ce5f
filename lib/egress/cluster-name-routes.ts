import { defaultRuntime } from '../base/runtime.js';
import { createDefaultRoute } from '../config/default-route.js';
import type { RoutedRequest } from '../http/filter.js';
import { HeaderAdditions } from '../router/header-additions.js';
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

  /** The authority is that of a URL, and so in lower case. */
  match({ requestHead }: RoutedRequest): Route | undefined {
    return this.#routes.get(requestHead.authority);
  }

  claims(authority: string): boolean {
    return this.#routes.has(authority);
  }
}

const noAdditions = new HeaderAdditions();

function createRoute(cluster: string): Route {
  const config = createDefaultRoute(cluster);
  return new Route(config, noAdditions, defaultRuntime);
}
