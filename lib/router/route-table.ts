import type { RouteTableConfig } from '../config/route-config.js';
import { Route } from './route.js';

/** The suffix wildcards of one length, `*.foo.com` under `.foo.com`. */
interface WildcardLevel {
  readonly length: number;
  readonly bySuffix: ReadonlyMap<string, readonly Route[]>;
}

/** Finds routes. */
export interface RouteMatch {
  /** Returns the route for a request, or `undefined` if there is none. */
  match(authority: string, path: string): Route | undefined;
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
  readonly #exact = new Map<string, readonly Route[]>();
  /** Longest suffix first. */
  readonly #wildcards: readonly WildcardLevel[];
  #any: readonly Route[] | undefined = undefined;

  constructor(config: RouteTableConfig) {
    const levels = new Map<number, Map<string, readonly Route[]>>();
    for (const virtualHost of config.virtualHosts) {
      const routes = virtualHost.routes.map((route) => new Route(route));
      for (const domain of virtualHost.domains) {
        this.#addDomain(domain.toLowerCase(), routes, levels);
      }
    }
    this.#wildcards = [...levels]
      .sort(([a], [b]) => b - a)
      .map(([length, bySuffix]) => ({ length, bySuffix }));
  }

  match(authority: string, path: string): Route | undefined {
    const routes = this.#routesOf(authority);
    if (routes !== undefined) {
      for (const route of routes) {
        if (route.matches(path)) {
          return route;
        }
      }
    }
    return undefined;
  }

  claims(authority: string): boolean {
    return this.#routesOf(authority) !== undefined;
  }

  #routesOf(authority: string): readonly Route[] | undefined {
    // Hosts mostly come in lower case already.
    const exact = this.#exact.get(authority);
    if (exact !== undefined) {
      return exact;
    }
    const host = authority.toLowerCase();
    return this.#exact.get(host) ?? this.#matchWildcard(host) ?? this.#any;
  }

  #matchWildcard(host: string): readonly Route[] | undefined {
    for (const { length, bySuffix } of this.#wildcards) {
      // The star stands for at least one character.
      if (host.length > length) {
        const routes = bySuffix.get(host.slice(-length));
        if (routes !== undefined) {
          return routes;
        }
      }
    }
    return undefined;
  }

  #addDomain(
    domain: string,
    routes: readonly Route[],
    levels: Map<number, Map<string, readonly Route[]>>,
  ): void {
    if (domain === '*') {
      this.#any = routes;
    } else if (domain.startsWith('*')) {
      const suffix = domain.slice(1);
      const level = levels.get(suffix.length) ?? new Map<string, readonly Route[]>();
      levels.set(suffix.length, level);
      if (!level.has(suffix)) {
        // Of two virtual hosts with the same wildcard the first one stays: reference 2.5.
        level.set(suffix, routes);
      }
    } else {
      this.#exact.set(domain, routes);
    }
  }
}
