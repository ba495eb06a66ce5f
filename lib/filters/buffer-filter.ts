import { WheelTimer } from '../base/timer-wheel.js';
import type { BufferFilterConfig } from '../config/http-filter-config.js';
import type { FilterCallbacks, FilterFactory, FilterStatus, HttpFilter } from '../http/filter.js';
import type { RequestHead } from '../http/message.js';
import { BufferFilterStats } from '../telemetry/stats/buffer-filter-stats.js';
import type { FilterContext } from './filter-context.js';

/** What all filters of one entry share. */
interface BufferScope {
  readonly config: BufferFilterConfig;
  readonly context: FilterContext;
  readonly bufferStats: BufferFilterStats;
}

/** Makes the filters of one entry `buffer` of a chain: reference 6.1.2. */
export function createBufferFilterFactory(
  config: BufferFilterConfig,
  context: FilterContext,
): FilterFactory {
  const bufferStats = context.statsLease.share(`${context.scope}.buffer`, BufferFilterStats);
  const scope = { config, context, bufferStats };
  return (callbacks) => new BufferFilter(scope, callbacks);
}

/** Holds a request until all of it is here; the chain keeps the pieces, this filter bounds them. */
class BufferFilter implements HttpFilter {
  readonly #scope: BufferScope;
  readonly #callbacks: FilterCallbacks;
  #timer: WheelTimer | undefined = undefined;
  #bytes = 0;
  #isHolding = false;

  constructor(scope: BufferScope, callbacks: FilterCallbacks) {
    this.#scope = scope;
    this.#callbacks = callbacks;
  }

  decodeHead(_head: RequestHead, endStream: boolean): FilterStatus {
    if (endStream) {
      return 'continue';
    }
    const { config, context } = this.#scope;
    this.#isHolding = true;
    // So much is kept for another try as well. 0, which is no limit there, is none at all here.
    this.#callbacks.requestBufferLimit = Math.max(1, config.maxRequestBytes);
    this.#timer = new WheelTimer(this);
    context.wheel.start(this.#timer, config.maxRequestTimeMs);
    return 'buffer';
  }

  decodeData(chunk: Buffer, endStream: boolean): undefined {
    if (!this.#isHolding) {
      return;
    }
    this.#bytes += chunk.length;
    if (this.#bytes > this.#scope.config.maxRequestBytes) {
      this.#release();
      this.#scope.context.stats.downstreamRqTooLarge++;
      this.#callbacks.sendLocalReply(413, 'Payload Too Large');
    } else if (endStream) {
      this.decodeEnd();
    }
  }

  decodeEnd(): undefined {
    if (this.#isHolding) {
      this.#release();
      this.#callbacks.continueDecoding();
    }
  }

  /** The request has not arrived in its time. */
  onDeadline(): void {
    this.#release();
    this.#scope.bufferStats.rqTimeout++;
    this.#callbacks.sendLocalReply(408, 'buffer request timeout');
  }

  onDestroy(): void {
    this.#release();
  }

  #release(): void {
    this.#isHolding = false;
    this.#timer?.stop();
  }
}
