import { toByteString } from '../base/byte-string.js';
import type { HealthCheckFilterConfig } from '../config/http-filter-config.js';
import type { FilterCallbacks, FilterFactory, FilterStatus, HttpFilter } from '../http/filter.js';
import { setHeader } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import { responseFlag } from '../http/response-flag.js';
import type { FilterContext } from './filter-context.js';

/** Makes the filters of one entry `health_check` of a chain: reference 6.1.6. */
export function createHealthCheckFilterFactory(
  config: HealthCheckFilterConfig,
  context: FilterContext,
): FilterFactory {
  const responder = new HealthCheckResponder(config, context);
  return (callbacks) => new HealthCheckFilter(responder, callbacks);
}

/** What all filters of one entry share: the settings, and the last answer. */
class HealthCheckResponder {
  readonly config: HealthCheckFilterConfig;
  readonly context: FilterContext;
  /** A byte string, as paths are. */
  readonly endpoint: string;
  readonly #startMs: number;
  #cachedStatus = 0;
  #cachedInPeriod = -1;

  constructor(config: HealthCheckFilterConfig, context: FilterContext) {
    this.config = config;
    this.context = context;
    this.endpoint = toByteString(config.endpoint);
    this.#startMs = context.clock.now();
  }

  /** The answer that is kept; 0 if there is none. */
  get cachedStatus(): number {
    return this.#cachedInPeriod === this.#period() ? this.#cachedStatus : 0;
  }

  /** Keeps an answer until the end of the present period, which no request begins. */
  keep(status: number): void {
    this.#cachedStatus = status;
    this.#cachedInPeriod = this.#period();
  }

  #period(): number {
    const { cacheTimeMs } = this.config;
    return cacheTimeMs === 0
      ? 0
      : Math.floor((this.context.clock.now() - this.#startMs) / cacheTimeMs);
  }
}

/** Answers health checks, or lets them pass and keeps the answer for a while. */
class HealthCheckFilter implements HttpFilter {
  readonly #responder: HealthCheckResponder;
  readonly #callbacks: FilterCallbacks;
  #isHealthCheck = false;
  /** Whether the answer comes from behind this filter. */
  #hasPassed = false;

  constructor(responder: HealthCheckResponder, callbacks: FilterCallbacks) {
    this.#responder = responder;
    this.#callbacks = callbacks;
  }

  decodeHead(head: RequestHead): FilterStatus {
    const { config, context, endpoint } = this.#responder;
    if (head.path !== endpoint) {
      return 'continue';
    }
    this.#isHealthCheck = true;
    this.#callbacks.isHealthCheck = true;
    if (context.serverState.healthcheckFailed) {
      return this.#answer(503);
    }
    if (!config.passThroughMode) {
      return this.#answer(200);
    }
    const { cachedStatus } = this.#responder;
    if (cachedStatus !== 0) {
      return this.#answer(cachedStatus);
    }
    this.#hasPassed = true;
    return 'continue';
  }

  encodeHead({ status, headers }: ResponseHead): undefined {
    const { config, context } = this.#responder;
    if (this.#isHealthCheck) {
      if (this.#hasPassed && config.cacheTimeMs > 0) {
        this.#responder.keep(status);
      }
      setHeader(headers, 'x-envoy-upstream-healthchecked-cluster', context.serviceCluster);
    } else if (context.serverState.healthcheckFailed) {
      setHeader(headers, 'x-envoy-immediate-health-check-fail', 'true');
    }
  }

  #answer(status: number): FilterStatus {
    if (status < 200 || status > 299) {
      this.#callbacks.setResponseFlag(responseFlag.failedLocalHealthCheck);
    }
    this.#callbacks.sendLocalReply(status, '');
    return 'stop';
  }
}
