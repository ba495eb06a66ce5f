import { fromByteString, toByteString } from '../base/byte-string.js';
import { isInShare } from '../base/runtime.js';
import { type Deadline, WheelTimer } from '../base/timer-wheel.js';
import type { FaultFilterConfig } from '../config/http-filter-config.js';
import type {
  FilterCallbacks,
  FilterFactory,
  FilterStatus,
  HttpFilter,
  RoutedRequest,
} from '../http/filter.js';
import { getHeader } from '../http/headers.js';
import type { RequestHead } from '../http/message.js';
import { responseFlag } from '../http/response-flag.js';
import type { Condition } from '../router/condition.js';
import { createHeaderCondition } from '../router/header-condition.js';
import { FaultFilterStats } from '../telemetry/stats/fault-filter-stats.js';
import type { FilterContext } from './filter-context.js';

/** The keys of the runtime, behind `fault.http.` and, perhaps, the name of a downstream cluster. */
type FaultKey =
  | 'abort.abort_percent'
  | 'abort.http_status'
  | 'delay.fixed_delay_percent'
  | 'delay.fixed_duration_ms';

const abortBody = 'fault filter abort';
/** Responses that have no body, whatever their headers say: RFC 9110, 15. */
const bodilessStatuses: ReadonlySet<number> = new Set([204, 205, 304]);

/** Makes the filters of one entry `fault` of a chain: reference 6.1.4. */
export function createFaultFilterFactory(
  config: FaultFilterConfig,
  context: FilterContext,
): FilterFactory {
  const injector = new FaultInjector(config, context);
  return (callbacks) => new FaultFilter(injector, callbacks);
}

/** What all filters of one entry share: whom faults are for, and the draws. */
class FaultInjector {
  readonly stats: FaultFilterStats;
  readonly context: FilterContext;
  readonly #config: FaultFilterConfig;
  readonly #upstreamCluster: string;
  readonly #nodes: ReadonlySet<string>;
  readonly #conditions: readonly Condition[];

  constructor(config: FaultFilterConfig, context: FilterContext) {
    this.context = context;
    this.#config = config;
    this.#upstreamCluster = config.upstreamCluster ?? '';
    this.#nodes = new Set(config.downstreamNodes.map(toByteString));
    this.#conditions = config.headers.map(createHeaderCondition);
    this.stats = context.statsLease.share(`${context.scope}.fault`, FaultFilterStats);
  }

  /** Whether faults are for this request at all. */
  concerns(callbacks: FilterCallbacks): boolean {
    return (
      this.#isForCluster(callbacks) &&
      this.#isFromNode(callbacks) &&
      this.#conditions.every((condition) => condition.matches(callbacks))
    );
  }

  /** Draws how long a request is held back; 0 if it is not. */
  drawDelayMs(downstreamCluster: string): number {
    const { percent, durationMs } = this.#config.delay ?? { percent: 0, durationMs: 0 };
    return this.#isDrawn('delay.fixed_delay_percent', downstreamCluster, percent)
      ? this.#read('delay.fixed_duration_ms', downstreamCluster, durationMs)
      : 0;
  }

  /** Draws the status that a request is answered with, or `undefined` if it goes on. */
  drawAbortStatus(downstreamCluster: string): number | undefined {
    const { percent, httpStatus } = this.#config.abort ?? { percent: 0, httpStatus: 0 };
    if (!this.#isDrawn('abort.abort_percent', downstreamCluster, percent)) {
      return undefined;
    }
    const status = this.#read('abort.http_status', downstreamCluster, httpStatus);
    // A number that is the status of no final response cannot be sent, yet an error was asked for.
    return Number.isInteger(status) && status >= 200 && status <= 599 ? status : 500;
  }

  #isForCluster(callbacks: FilterCallbacks): boolean {
    return (
      this.#upstreamCluster === '' ||
      callbacks.route?.clusterFor(callbacks) === this.#upstreamCluster
    );
  }

  #isFromNode({ requestHead }: RoutedRequest): boolean {
    if (this.#nodes.size === 0) {
      return true;
    }
    const node = getHeader(requestHead.headers, 'x-envoy-downstream-service-node');
    return node !== undefined && this.#nodes.has(node);
  }

  /**
   * Envoy does not let the share of a downstream cluster replace the general one: each is drawn
   * for, and one hit is enough. Without keys in the runtime, both are the configured share.
   */
  #isDrawn(key: FaultKey, downstreamCluster: string, percent: number): boolean {
    const { runtime } = this.context;
    if (this.#draw(runtime.integer(`fault.http.${key}`, percent))) {
      return true;
    }
    return (
      downstreamCluster !== '' &&
      this.#draw(runtime.integer(`fault.http.${downstreamCluster}.${key}`, percent))
    );
  }

  #draw(percent: number): boolean {
    if (percent <= 0 || percent >= 100) {
      return percent >= 100;
    }
    return isInShare(this.context.random.uint32(), percent);
  }

  #read(key: FaultKey, downstreamCluster: string, configured: number): number {
    const { runtime } = this.context;
    const general = runtime.integer(`fault.http.${key}`, configured);
    return downstreamCluster === ''
      ? general
      : runtime.integer(`fault.http.${downstreamCluster}.${key}`, general);
  }
}

/** Holds one request back, answers it with an error, or does both in turn. */
class FaultFilter implements HttpFilter, Deadline {
  readonly #injector: FaultInjector;
  readonly #callbacks: FilterCallbacks;
  #downstreamCluster = '';
  #timer: WheelTimer | undefined = undefined;

  constructor(injector: FaultInjector, callbacks: FilterCallbacks) {
    this.#injector = injector;
    this.#callbacks = callbacks;
  }

  decodeHead(head: RequestHead): FilterStatus {
    const injector = this.#injector;
    if (!injector.concerns(this.#callbacks)) {
      return 'continue';
    }
    const cluster = getHeader(head.headers, 'x-envoy-downstream-service-cluster') ?? '';
    this.#downstreamCluster = fromByteString(cluster);
    const delayMs = injector.drawDelayMs(this.#downstreamCluster);
    if (delayMs > 0) {
      this.#hold(delayMs);
      return 'stop';
    }
    return this.#abortIfDrawn() ? 'stop' : 'continue';
  }

  /** The delay is over. Only now is the abort drawn, so that a request can meet both. */
  onDeadline(): void {
    if (!this.#abortIfDrawn()) {
      this.#callbacks.continueDecoding();
    }
  }

  /** Whoever leaves during the delay does not leave a timer behind. */
  onDestroy(): void {
    this.#timer?.stop();
  }

  #hold(delayMs: number): void {
    this.#callbacks.setResponseFlag(responseFlag.delayInjected);
    this.#injector.stats.chargeDelay(this.#downstreamCluster);
    this.#timer = new WheelTimer(this);
    this.#injector.context.wheel.start(this.#timer, delayMs);
  }

  #abortIfDrawn(): boolean {
    const status = this.#injector.drawAbortStatus(this.#downstreamCluster);
    if (status === undefined) {
      return false;
    }
    this.#callbacks.setResponseFlag(responseFlag.faultInjected);
    this.#injector.stats.chargeAbort(this.#downstreamCluster);
    this.#callbacks.sendLocalReply(status, bodilessStatuses.has(status) ? '' : abortBody);
    return true;
  }
}
