import { toByteString } from '../base/byte-string.js';
import { isFeatureEnabled } from '../base/runtime-feature.js';
import { type Deadline, WheelTimer } from '../base/timer-wheel.js';
import type { RateLimitFilterConfig } from '../config/http-filter-config.js';
import type { FilterCallbacks, FilterFactory, FilterStatus, HttpFilter } from '../http/filter.js';
import type { RateLimitDescriptor, RateLimitStatus } from '../http/rate-limit.js';
import { responseFlag } from '../http/response-flag.js';
import type { ClusterStats } from '../telemetry/stats/cluster-stats.js';
import type { Cluster } from '../upstream/cluster.js';
import type { FilterContext } from './filter-context.js';

/** Makes the filters of one entry `rate_limit` of a chain: reference 6.1.5. */
export function createRateLimitFilterFactory(
  config: RateLimitFilterConfig,
  context: FilterContext,
): FilterFactory {
  const limiter = new RateLimiter(config, context);
  return (callbacks) => new RateLimitFilter(limiter, callbacks);
}

/** A request that the service is to be asked about. */
interface Question {
  readonly descriptors: readonly RateLimitDescriptor[];
  /** Of the cluster that the request goes to. */
  readonly clusterStats: ClusterStats;
}

/** What all filters of one entry share. */
class RateLimiter {
  readonly config: RateLimitFilterConfig;
  readonly context: FilterContext;
  /** A byte string, as all that is sent. */
  readonly #domain: string;

  constructor(config: RateLimitFilterConfig, context: FilterContext) {
    this.config = config;
    this.context = context;
    this.#domain = toByteString(config.domain);
  }

  /** Whether requests of this route may have to wait for an answer. */
  limits({ route }: FilterCallbacks): boolean {
    return route?.rateLimits?.hasStage(this.config.stage) === true;
  }

  /** Returns what is to be asked, or `undefined` if there is nothing. */
  questionOf(callbacks: FilterCallbacks): Question | undefined {
    const { runtime, random, serviceCluster } = this.context;
    if (!isFeatureEnabled(runtime, random, 'ratelimit.http_filter_enabled')) {
      return undefined;
    }
    const cluster = this.#isConcerned(callbacks) ? this.#clusterOf(callbacks) : undefined;
    if (cluster === undefined) {
      return undefined;
    }
    const context = { cluster: cluster.name, serviceCluster, runtime, random };
    const policy = callbacks.route?.rateLimits;
    const descriptors = policy?.populateDescriptors(callbacks, this.config.stage, context) ?? [];
    return descriptors.length === 0 ? undefined : { descriptors, clusterStats: cluster.stats };
  }

  /** Asks the service. Without one, every request is within its limits, as in Envoy. */
  ask(
    descriptors: readonly RateLimitDescriptor[],
    onStatus: (status: RateLimitStatus) => void,
  ): () => void {
    const service = this.context.rateLimitService;
    if (service === undefined) {
      onStatus('ok');
      return () => {};
    }
    return service.limit(this.#domain, descriptors, onStatus);
  }

  /** Whether a request beyond its limits is refused. */
  isEnforcing(): boolean {
    const { runtime, random } = this.context;
    return isFeatureEnabled(runtime, random, 'ratelimit.http_filter_enforcing');
  }

  #isConcerned({ isInternal }: FilterCallbacks): boolean {
    const { requestType } = this.config;
    return requestType === 'both' || isInternal === (requestType === 'internal');
  }

  #clusterOf(callbacks: FilterCallbacks): Cluster | undefined {
    const name = callbacks.route?.clusterFor(callbacks);
    return name === undefined ? undefined : this.context.clusterManager.get(name);
  }
}

/** Holds one request back until the rate limit service has said whether it may go on. */
class RateLimitFilter implements HttpFilter, Deadline {
  readonly readsBody: boolean;
  readonly #limiter: RateLimiter;
  readonly #callbacks: FilterCallbacks;
  #timer: WheelTimer | undefined = undefined;
  #clusterStats: ClusterStats | undefined = undefined;
  /** Gives the question up. */
  #cancel: () => void = () => {};
  #status: RateLimitStatus | undefined = undefined;
  /** Whether the request waits for the answer. */
  #isStopped = false;

  constructor(limiter: RateLimiter, callbacks: FilterCallbacks) {
    this.#limiter = limiter;
    this.#callbacks = callbacks;
    // Routes without limits keep their way around the filters.
    this.readsBody = limiter.limits(callbacks);
  }

  decodeHead(): FilterStatus {
    const question = this.readsBody ? this.#limiter.questionOf(this.#callbacks) : undefined;
    if (question === undefined) {
      return 'continue';
    }
    this.#clusterStats = question.clusterStats;
    this.#cancel = this.#limiter.ask(question.descriptors, (status) => this.#onStatus(status));
    if (this.#status !== undefined) {
      return this.#isAllowed(this.#status) ? 'continue' : 'stop';
    }
    this.#isStopped = true;
    const { config, context } = this.#limiter;
    this.#timer = new WheelTimer(this);
    context.wheel.start(this.#timer, config.timeoutMs);
    return 'stop';
  }

  /** The service is late. Not to know is no reason to refuse a request. */
  onDeadline(): void {
    this.#cancel();
    this.#onStatus('error');
  }

  /** Whoever leaves while the request waits leaves no question behind. */
  onDestroy(): void {
    this.#timer?.stop();
    this.#cancel();
  }

  #onStatus(status: RateLimitStatus): void {
    this.#status = status;
    this.#timer?.stop();
    this.#cancel = () => {};
    if (this.#isStopped && this.#isAllowed(status)) {
      this.#callbacks.continueDecoding();
    }
  }

  /** Counts the answer; a request that may not go on is answered. */
  #isAllowed(status: RateLimitStatus): boolean {
    this.#clusterStats?.chargeRateLimit(status);
    if (status !== 'over_limit') {
      return true;
    }
    // Envoy counts the 429 even if it does not send it.
    this.#clusterStats?.chargeResponse(429, this.#callbacks.isInternal, false);
    if (!this.#limiter.isEnforcing()) {
      return true;
    }
    this.#callbacks.setResponseFlag(responseFlag.rateLimited);
    this.#callbacks.sendLocalReply(429, '');
    return false;
  }
}
