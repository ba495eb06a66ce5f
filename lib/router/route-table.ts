import { toByteString } from '../base/byte-string.js';
import { defaultRuntime, type Runtime } from '../base/runtime.js';
import type { RouteTableConfig } from '../config/route-table-config.js';
import type { MatchedRoute, RoutedRequest } from '../http/filter.js';
import { type Redirect, sslRedirect } from './redirect.js';
import type { Route } from './route.js';
import { VirtualHost } from './virtual-host.js';

/** The suffix wildcards of one length, `*.foo.com` under `.foo.com`. */
interface WildcardLevel {
  readonly length: number;
  readonly bySuffix: ReadonlyMap<string, VirtualHost>;
}

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
  /** Longest suffix first. */
  readonly #wildcards: readonly WildcardLevel[];
  #any: VirtualHost | undefined = undefined;

  constructor(config: RouteTableConfig, runtime: Runtime = defaultRuntime) {
    this.config = config;
    const levels = new Map<number, Map<string, VirtualHost>>();
    for (const hostConfig of config.virtualHosts) {
      const virtualHost = new VirtualHost(hostConfig, config.requestHeadersToAdd, runtime);
      for (const domain of hostConfig.domains) {
        // As hosts come: bytes in UTF-8, in lower case.
        this.#addDomain(toByteString(domain).toLowerCase(), virtualHost, levels);
      }
    }
    this.#wildcards = [...levels]
      .sort(([a], [b]) => b - a)
      .map(([length, bySuffix]) => ({ length, bySuffix }));
  }

  match(request: RoutedRequest): RoutingResult | undefined {
    const virtualHost = this.virtualHostOf(request.requestHead.authority);
    if (virtualHost === undefined) {
      return undefined;
    }
    if (virtualHost.sslRedirectFor(request) !== undefined) {
      return sslRedirectRoute;
    }
    for (const route of virtualHost.routes) {
      if (route.matches(request)) {
        return route;
      }
    }
    return undefined;
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
    return this.#exact.get(host) ?? this.#matchWildcard(host) ?? this.#any;
  }

  #matchWildcard(host: string): VirtualHost | undefined {
    for (const { length, bySuffix } of this.#wildcards) {
      // The star stands for at least one character.
      if (host.length > length) {
        const virtualHost = bySuffix.get(host.slice(-length));
        if (virtualHost !== undefined) {
          return virtualHost;
        }
      }
    }
    return undefined;
  }

  #addDomain(
    domain: string,
    virtualHost: VirtualHost,
    levels: Map<number, Map<string, VirtualHost>>,
  ): void {
    if (domain === '*') {
      this.#any = virtualHost;
    } else if (domain.startsWith('*')) {
      const suffix = domain.slice(1);
      const level = levels.get(suffix.length) ?? new Map<string, VirtualHost>();
      levels.set(suffix.length, level);
      if (!level.has(suffix)) {
        // Of two virtual hosts with the same wildcard the first one stays: reference 2.5.
        level.set(suffix, virtualHost);
      }
    } else {
      this.#exact.set(domain, virtualHost);
    }
  }
}
