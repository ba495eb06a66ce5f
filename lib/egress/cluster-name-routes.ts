import { defaultRuntime } from '../base/runtime.js';
import { createDefaultRoute } from '../config/default-route.js';
import type { RoutedRequest } from '../http/filter.js';
import { HeaderAdditions } from '../router/header-additions.js';
import { Route } from '../router/route.js';
import type { RouteMatch } from '../router/route-table.js';
import type { Cluster } from '../upstream/cluster.js';
import type { ClusterManager } from '../upstream/cluster-manager.js';

/**
 * Routes by name: a host that is a cluster's `name` or `service_name` goes to that cluster, with
 * the policy of a route that says nothing (15 s time-out, no retries). It takes WebSockets, too, as
 * there is no route that could say so.
 */
export class ClusterNameRoutes implements RouteMatch {
  readonly #clusterManager: ClusterManager;
  #routes: ReadonlyMap<string, Route> = new Map();
  /** That of the clusters that the routes were made for. */
  #version = -1;

  constructor(clusterManager: ClusterManager) {
    this.#clusterManager = clusterManager;
  }

  /** The authority is that of a URL, and so in lower case. */
  match({ requestHead }: RoutedRequest): Route | undefined {
    return this.#current().get(requestHead.authority);
  }

  claims(authority: string): boolean {
    return this.#current().has(authority);
  }

  /** Clusters may have come or gone. */
  #current(): ReadonlyMap<string, Route> {
    const { version } = this.#clusterManager;
    if (version !== this.#version) {
      this.#version = version;
      this.#routes = createRoutes([...this.#clusterManager.clusters()]);
    }
    return this.#routes;
  }
}

function createRoutes(clusters: readonly Cluster[]): ReadonlyMap<string, Route> {
  const routes = new Map<string, Route>();
  for (const { config } of clusters) {
    if (config.discovery.type === 'sds') {
      routes.set(config.discovery.serviceName.toLowerCase(), createRoute(config.name));
    }
  }
  // Later, so that a cluster's own name wins over a service of that name.
  for (const { name, config } of clusters) {
    // Such a cluster goes where the URL says, so a URL with its name would say nothing.
    if (config.discovery.type !== 'original_dst') {
      routes.set(name.toLowerCase(), createRoute(name));
    }
  }
  return routes;
}

const noAdditions = new HeaderAdditions();

function createRoute(cluster: string): Route {
  const config = createDefaultRoute(cluster, true);
  return new Route(config, noAdditions, defaultRuntime);
}
