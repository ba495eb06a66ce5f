import { toByteString } from '../base/byte-string.js';
import { defaultRuntime, type Runtime } from '../base/runtime.js';
import type { RouteTableConfig } from '../config/route-table-config.js';
import type { MatchedRoute, RoutedRequest } from '../http/filter.js';
import { RadixTree } from './radix-tree.js';
import { type Redirect, sslRedirect } from './redirect.js';
import type { Route } from './route.js';
import { chargeNothing, type VirtualClusterChargeOf } from './virtual-clusters.js';
import { VirtualHost } from './virtual-host.js';

/** What a request is routed to: a route of the table, or the redirect to https before all routes. */
export type RoutingResult = Route | SslRedirectRoute;

/** Takes the place of every route where only https is let in: reference 2.4.1. */
export class SslRedirectRoute implements MatchedRoute {
  readonly redirect: Redirect = sslRedirect;

  clusterFor(): undefined {
    return undefined;
  }
}

const sslRedirectRoute = new SslRedirectRoute();

/** Finds routes. */
export interface RouteMatch {
  /** The table that is in force now; `undefined` if the routes come from none. */
  readonly config?: RouteTableConfig | undefined;
  /** The same, for a request that begins now and goes by it to its end; `undefined` if it stays. */
  readonly table?: RouteMatch | undefined;
  /** Returns the route for a request, or `undefined` if there is none. */
  match(request: RoutedRequest): RoutingResult | undefined;
  /** Whether requests to this host are its business, even if no route matches. */
  claims(authority: string): boolean;
}

/**
 * Finds the route of a request: the virtual host by its domain, then the first route that matches.
 *
 * Domains are compared without regard to case, which Envoy took up later. A port is part of the
 * domain. Unchanging: a new table replaces the old one, and requests keep the one they began with.
 */
export class RouteTable implements RouteMatch {
  readonly config: RouteTableConfig;
  readonly #exact = new Map<string, VirtualHost>();
  /** By what follows the star, as `.foo.com` of `*.foo.com`. */
  readonly #wildcards = new RadixTree<VirtualHost>('end');
  #any: VirtualHost | undefined = undefined;

  constructor(
    config: RouteTableConfig,
    runtime: Runtime = defaultRuntime,
    chargeOf: VirtualClusterChargeOf = chargeNothing,
  ) {
    this.config = config;
    const suffixes = new Set<string>();
    for (const hostConfig of config.virtualHosts) {
      const virtualHost = new VirtualHost(
        hostConfig,
        config.requestHeadersToAdd,
        runtime,
        chargeOf,
      );
      for (const domain of hostConfig.domains) {
        // As hosts come: bytes in UTF-8, in lower case.
        this.#addDomain(toByteString(domain).toLowerCase(), virtualHost, suffixes);
      }
    }
  }

  match(request: RoutedRequest): RoutingResult | undefined {
    const virtualHost = this.virtualHostOf(request.requestHead.authority);
    if (virtualHost === undefined) {
      return undefined;
    }
    if (virtualHost.sslRedirectFor(request) !== undefined) {
      return sslRedirectRoute;
    }
    return virtualHost.match(request);
  }

  claims(authority: string): boolean {
    return this.virtualHostOf(authority) !== undefined;
  }

  /** The virtual host of a `Host`: exact before suffix wildcards, the longest first, before `*`. */
  virtualHostOf(authority: string): VirtualHost | undefined {
    // Hosts mostly come in lower case already.
    const exact = this.#exact.get(authority);
    if (exact !== undefined) {
      return exact;
    }
    const host = authority.toLowerCase();
    // The star stands for at least one character, which is left out of the search.
    return this.#exact.get(host) ?? this.#wildcards.findLongest(host.slice(1)) ?? this.#any;
  }

  #addDomain(domain: string, virtualHost: VirtualHost, suffixes: Set<string>): void {
    if (domain === '*') {
      this.#any = virtualHost;
    } else if (!domain.startsWith('*')) {
      this.#exact.set(domain, virtualHost);
    } else if (!suffixes.has(domain)) {
      // Of two virtual hosts with the same wildcard the first one stays: reference 2.5.
      suffixes.add(domain);
      this.#wildcards.set(domain.slice(1), virtualHost);
    }
  }
}
