import type { Runtime } from '../base/runtime.js';
import type { HeaderToAddConfig } from '../config/header-format.js';
import type { SslRequirement, VirtualHostConfig } from '../config/route-table-config.js';
import type { RoutedRequest } from '../http/filter.js';
import { getHeader, hasHeader } from '../http/headers.js';
import { HeaderAdditions } from './header-additions.js';
import { type Redirect, sslRedirect } from './redirect.js';
import { Route } from './route.js';
import { RouteIndex } from './route-index.js';
import { chargeNothing, type VirtualClusterChargeOf, VirtualClusters } from './virtual-clusters.js';

/** Up to so many routes are tried one by one, which is quicker than to look them up. */
const maxRoutesTriedInTurn = 16;

/** The routes of some domains. */
export class VirtualHost {
  readonly config: VirtualHostConfig;
  /** In the configured order. */
  readonly routes: readonly Route[];
  /** Every request asks for it: read from here, the configuration stays out of the caches. */
  readonly #requireSsl: SslRequirement | undefined;
  /** The first route, if it takes every request; `undefined` otherwise. */
  readonly #always: Route | undefined;
  /** `undefined` if there are few routes. */
  readonly #index: RouteIndex | undefined;

  /** `tableAdditions` are the headers that the table adds to requests. */
  constructor(
    config: VirtualHostConfig,
    tableAdditions: readonly HeaderToAddConfig[],
    runtime: Runtime,
    chargeOf: VirtualClusterChargeOf = chargeNothing,
  ) {
    this.config = config;
    const virtualClusters =
      config.virtualClusters.length === 0
        ? undefined
        : new VirtualClusters(config.virtualClusters, (name) => chargeOf(config.name, name));
    this.#requireSsl = config.requireSsl;
    this.routes = config.routes.map((route) => {
      const additions = new HeaderAdditions(
        route.requestHeadersToAdd,
        config.requestHeadersToAdd,
        tableAdditions,
      );
      return new Route(route, additions, runtime, config, virtualClusters);
    });
    const [first] = this.routes;
    this.#always = first?.takesEveryRequest === true ? first : undefined;
    this.#index =
      this.routes.length > maxRoutesTriedInTurn ? new RouteIndex(this.routes) : undefined;
  }

  /** Returns the first route in the configured order that matches, or `undefined`. */
  match(request: RoutedRequest): Route | undefined {
    if (this.#always !== undefined) {
      // With many hosts in use, what is not read is not fetched from memory.
      return this.#always;
    }
    if (this.#index !== undefined) {
      return this.#index.match(request);
    }
    for (const route of this.routes) {
      if (route.matches(request)) {
        return route;
      }
    }
    return undefined;
  }

  /** The redirect to https that takes the place of every route: reference 2.4.1. */
  sslRedirectFor({ requestHead }: RoutedRequest): Redirect | undefined {
    const requireSsl = this.#requireSsl;
    if (requireSsl === undefined) {
      return undefined;
    }
    const { headers } = requestHead;
    const isSecure = getHeader(headers, 'x-forwarded-proto') === 'https';
    const isExempt = requireSsl === 'external_only' && hasHeader(headers, 'x-envoy-internal');
    return isSecure || isExempt ? undefined : sslRedirect;
  }
}
