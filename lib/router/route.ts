import { toByteString } from '../base/byte-string.js';
import type { Runtime } from '../base/runtime.js';
import { xxHash53 } from '../base/xx-hash64.js';
import type { CorsConfig } from '../config/cors-config.js';
import type { RouteConfig, RoutingPriority } from '../config/route-config.js';
import type { VirtualHostConfig } from '../config/route-table-config.js';
import type { MatchedRoute, RoutedRequest } from '../http/filter.js';
import type { RequestHead } from '../http/message.js';
import type { RateLimitPolicy } from '../http/rate-limit.js';
import { type ClusterChoice, createClusterChoice } from './cluster-choice.js';
import type { Condition } from './condition.js';
import { mergeCorsPolicies } from './cors-policy.js';
import type { HeaderAdditions } from './header-additions.js';
import { createHeaderCondition, readRequestHeader } from './header-condition.js';
import { createPathCondition } from './path-condition.js';
import { createQueryCondition } from './query-condition.js';
import { createRateLimitPolicy } from './rate-limit-policy.js';
import { createRedirect, type Redirect } from './redirect.js';
import { RequestRewriter } from './request-rewriter.js';
import { createRetryPolicy, effectivePerTryTimeoutMs, type RetryPolicy } from './retry-policy.js';
import { createRuntimeCondition } from './runtime-condition.js';
import { ShadowPolicy } from './shadow-policy.js';
import type { VirtualClusterCharge } from './virtual-cluster-charge.js';
import type { VirtualClusters } from './virtual-clusters.js';

/** One route at run time. Shared by all requests that match it. */
export class Route implements MatchedRoute {
  readonly config: RouteConfig;
  /** All of them must match. The path comes first, as most routes are told apart by it. */
  readonly conditions: readonly Condition[];
  /** Set if the route answers with a redirect; then the rest below means nothing. */
  readonly redirect: Redirect | undefined;
  /** 0 means no time-out. */
  readonly timeoutMs: number;
  /** Time for one attempt, always shorter than that for all. 0 means no time-out of its own. */
  readonly perTryTimeoutMs: number;
  /** `undefined` if requests are not tried again, unless they ask for it. */
  readonly retryPolicy: RetryPolicy | undefined;
  /** `undefined` if no copies of requests are sent. */
  readonly shadow: ShadowPolicy | undefined;
  /** The time-out as `x-envoy-expected-rq-timeout-ms` carries it; empty when there is none. */
  readonly timeoutHeader: string;
  readonly priority: RoutingPriority;
  /** Whether the name of the chosen host takes the place of the `Host`: reference 2.6.4. */
  readonly autoHostRewrite: boolean;
  /** `undefined` if requests go on as they came. */
  readonly rewriter: RequestRewriter | undefined;
  readonly cors: CorsConfig | undefined;
  readonly rateLimits: RateLimitPolicy | undefined;
  readonly decoratorOperation: string | undefined;
  readonly #chooseCluster: ClusterChoice | undefined;
  readonly #hashHeader: string | undefined;
  readonly #virtualClusters: VirtualClusters | undefined;
  #opaqueConfig: ReadonlyMap<string, string> | undefined = undefined;

  /**
   * `additions` are the headers that the route, its virtual host and its table add; `host` is the
   * virtual host, whose policies the route may take over.
   */
  constructor(
    config: RouteConfig,
    additions: HeaderAdditions,
    runtime: Runtime,
    host?: Pick<VirtualHostConfig, 'cors' | 'rateLimits'>,
    virtualClusters?: VirtualClusters,
  ) {
    const { action, match } = config;
    this.config = config;
    this.#virtualClusters = virtualClusters;
    this.conditions = createConditions(config, runtime);
    if (action.kind === 'redirect') {
      this.redirect = createRedirect(action);
      this.timeoutMs = 0;
      this.perTryTimeoutMs = 0;
      this.retryPolicy = undefined;
      this.shadow = undefined;
      this.priority = 'default';
      this.autoHostRewrite = false;
      this.rewriter = undefined;
      this.cors = undefined;
      this.rateLimits = undefined;
      this.decoratorOperation = undefined;
      this.#chooseCluster = undefined;
      this.#hashHeader = undefined;
    } else {
      this.redirect = undefined;
      this.timeoutMs = action.timeoutMs;
      this.perTryTimeoutMs = effectivePerTryTimeoutMs(
        action.retryPolicy?.perTryTimeoutMs ?? 0,
        action.timeoutMs,
      );
      this.retryPolicy = createRetryPolicy(action.retryPolicy);
      this.shadow = ShadowPolicy.create(action.shadow, runtime);
      this.priority = action.priority;
      this.autoHostRewrite = action.autoHostRewrite;
      this.rewriter = RequestRewriter.create(match.path, action, additions);
      this.cors = mergeCorsPolicies(action.cors, host?.cors);
      const { rateLimits, includeVhRateLimits } = action;
      this.rateLimits = createRateLimitPolicy(rateLimits, includeVhRateLimits, host?.rateLimits);
      const { decoratorOperation } = action;
      this.decoratorOperation = decoratorOperation && toByteString(decoratorOperation);
      this.#chooseCluster = createClusterChoice(action.target, runtime);
      this.#hashHeader = action.hashHeader;
    }
    const expectedMs = this.perTryTimeoutMs || this.timeoutMs;
    this.timeoutHeader = expectedMs > 0 ? String(expectedMs) : '';
  }

  get opaqueConfig(): ReadonlyMap<string, string> {
    const { action } = this.config;
    const entries = action.kind === 'redirect' ? [] : action.opaqueConfig;
    this.#opaqueConfig ??= new Map(entries.map(({ key, value }) => [key, value]));
    return this.#opaqueConfig;
  }

  /** Whether there is no request that it does not match. */
  get takesEveryRequest(): boolean {
    const { path } = this.config.match;
    return this.conditions.length === 1 && path.kind === 'prefix' && /^\/?$/.test(path.prefix);
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

  /** What `ring_hash` chooses the host by; `undefined` leaves it to chance. */
  hashKeyFor({ requestHead }: RoutedRequest): number | undefined {
    if (this.#hashHeader === undefined) {
      return undefined;
    }
    const value = readRequestHeader(requestHead, this.#hashHeader);
    return value === undefined ? undefined : xxHash53(value);
  }

  /** What counts the request beside its cluster: reference 2.4.2. */
  virtualClusterFor(head: RequestHead): VirtualClusterCharge | undefined {
    return this.#virtualClusters?.find(head);
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
