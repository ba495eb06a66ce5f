/** A header to add, with its name in lower case. */
export interface HeaderToAddConfig {
  readonly name: string;
  readonly value: string;
}

/** `route_config`: reference 2.3. */
export interface RouteTableConfig {
  readonly virtualHosts: readonly VirtualHostConfig[];
  /** Default true: an unknown cluster in a static table is a configuration error. */
  readonly validateClusters: boolean;
  /** Lower case. */
  readonly internalOnlyHeaders: readonly string[];
}

/** A virtual host: reference 2.4. */
export interface VirtualHostConfig {
  readonly name: string;
  /** As written; matching ignores case. */
  readonly domains: readonly string[];
  readonly routes: readonly RouteConfig[];
}

/** One route: reference 2.6. Tried in order, the first match wins. */
export interface RouteConfig {
  readonly match: RouteMatchConfig;
  readonly action: RouteActionConfig;
}

/** Exactly one of `prefix` and `path` (and later `regex`), as a tagged union. */
export type RouteMatchConfig =
  | { readonly kind: 'prefix'; readonly prefix: string; readonly caseSensitive: boolean }
  | { readonly kind: 'path'; readonly path: string; readonly caseSensitive: boolean };

export interface RouteActionConfig {
  readonly kind: 'cluster';
  readonly cluster: string;
  /** Time for the whole response, retries included. Default 15000; 0 means no time-out. */
  readonly timeoutMs: number;
  /** Selects the circuit breakers and the connection pools. */
  readonly priority: RoutingPriority;
}

export type RoutingPriority = 'default' | 'high';
