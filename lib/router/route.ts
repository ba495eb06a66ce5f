import type { RouteConfig, RoutingPriority } from '../config/route-config.js';
import type { MatchedRoute } from '../http/filter.js';
import { createRouteMatcher, type RouteMatcher } from './route-matcher.js';

/** One route at run time. Shared by all requests that match it. */
export class Route implements MatchedRoute {
  readonly clusterName: string;
  /** 0 means no time-out. */
  readonly timeoutMs: number;
  /** The time-out as `x-envoy-expected-rq-timeout-ms` carries it; empty when there is none. */
  readonly timeoutHeader: string;
  readonly priority: RoutingPriority;
  readonly matches: RouteMatcher;

  constructor(config: RouteConfig) {
    const { action } = config;
    this.clusterName = action.cluster;
    this.timeoutMs = action.timeoutMs;
    this.timeoutHeader = action.timeoutMs > 0 ? String(action.timeoutMs) : '';
    this.priority = action.priority;
    this.matches = createRouteMatcher(config.match);
  }
}
