import type { Runtime } from '../base/runtime.js';
import type { RouteConfig, RoutingPriority } from '../config/route-config.js';
import type { MatchedRoute, RoutedRequest } from '../http/filter.js';
import { type ClusterChoice, createClusterChoice } from './cluster-choice.js';
import type { Condition } from './condition.js';
import type { HeaderAdditions } from './header-additions.js';
import { createHeaderCondition } from './header-condition.js';
import { createPathCondition } from './path-condition.js';
import { createQueryCondition } from './query-condition.js';
import { createRedirect, type Redirect } from './redirect.js';
import { RequestRewriter } from './request-rewriter.js';
import { createRuntimeCondition } from './runtime-condition.js';

/** One route at run time. Shared by all requests that match it. */
export class Route implements MatchedRoute {
  readonly config: RouteConfig;
  /** All of them must match. The path comes first, as most routes are told apart by it. */
  readonly conditions: readonly Condition[];
  /** Set if the route answers with a redirect; then the rest below means nothing. */
  readonly redirect: Redirect | undefined;
  /** 0 means no time-out. */
  readonly timeoutMs: number;
  /** The time-out as `x-envoy-expected-rq-timeout-ms` carries it; empty when there is none. */
  readonly timeoutHeader: string;
  readonly priority: RoutingPriority;
  /** `undefined` if requests go on as they came. */
  readonly rewriter: RequestRewriter | undefined;
  readonly #chooseCluster: ClusterChoice | undefined;

  /** `additions` are the headers that the route, its virtual host and its table add. */
  constructor(config: RouteConfig, additions: HeaderAdditions, runtime: Runtime) {
    const { action, match } = config;
    this.config = config;
    this.conditions = createConditions(config, runtime);
    if (action.kind === 'redirect') {
      this.redirect = createRedirect(action);
      this.timeoutMs = 0;
      this.priority = 'default';
      this.rewriter = undefined;
      this.#chooseCluster = undefined;
    } else {
      this.redirect = undefined;
      this.timeoutMs = action.timeoutMs;
      this.priority = action.priority;
      this.rewriter = RequestRewriter.create(match.path, action, additions);
      this.#chooseCluster = createClusterChoice(action.target, runtime);
    }
    this.timeoutHeader = this.timeoutMs > 0 ? String(this.timeoutMs) : '';
  }

  matches(request: RoutedRequest): boolean {
    const { conditions } = this;
    for (let i = 0; i < conditions.length; i++) {
      // The index is below the length.
      if (!(conditions[i] as Condition).matches(request)) {
        return false;
      }
    }
    return true;
  }

  clusterFor(request: RoutedRequest): string | undefined {
    return this.#chooseCluster?.(request);
  }
}

function createConditions({ match }: RouteConfig, runtime: Runtime): Condition[] {
  return [
    createPathCondition(match.path),
    ...match.headers.map(createHeaderCondition),
    ...match.queryParameters.map(createQueryCondition),
    ...(match.runtime === undefined ? [] : [createRuntimeCondition(match.runtime, runtime)]),
  ];
}
