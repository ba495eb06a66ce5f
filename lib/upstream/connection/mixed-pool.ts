import type { Address } from '../../config/address.js';
import type { ResponseDecoder } from '../../http/stream.js';
import type { HostStats } from '../../telemetry/stats/host-stats.js';
import type { ConnectionPool, Http2PoolContext, PoolContext } from './connection-pool.js';
import { Http1Pool } from './http1-pool.js';
import { Http2Pool } from './http2-pool.js';

/**
 * The connections to a host of a cluster with HTTP/2: for each request, the runtime may choose
 * HTTP/1.1 all the same (`upstream.use_http2`, reference 10.3).
 */
export class MixedPool implements ConnectionPool {
  readonly #context: PoolContext;
  readonly #http2: Http2PoolContext;
  readonly #hostStats: HostStats;
  readonly #target: () => Address;
  #http1Pool: Http1Pool | undefined = undefined;
  #http2Pool: Http2Pool | undefined = undefined;
  #isDraining = false;
  #isClosed = false;

  constructor(
    context: PoolContext,
    http2: Http2PoolContext,
    hostStats: HostStats,
    target: () => Address,
  ) {
    this.#context = context;
    this.#http2 = http2;
    this.#hostStats = hostStats;
    this.#target = target;
  }

  newStream(decoder: ResponseDecoder, isFresh: boolean): void {
    if (this.#http2.isChosen()) {
      this.#http2Pool ??= this.#begin(
        new Http2Pool(this.#context, this.#http2, this.#hostStats, this.#target),
      );
      this.#http2Pool.newStream(decoder);
    } else {
      this.#http1Pool ??= this.#begin(new Http1Pool(this.#context, this.#hostStats, this.#target));
      this.#http1Pool.newStream(decoder, isFresh);
    }
  }

  cancel(decoder: ResponseDecoder): boolean {
    return (
      (this.#http2Pool?.cancel(decoder) ?? false) || (this.#http1Pool?.cancel(decoder) ?? false)
    );
  }

  drain(): void {
    this.#isDraining = true;
    this.#http1Pool?.drain();
    this.#http2Pool?.drain();
  }

  retireConnections(): void {
    this.#http1Pool?.retireConnections();
    this.#http2Pool?.retireConnections();
  }

  close(): void {
    this.#isClosed = true;
    this.#http1Pool?.close();
    this.#http2Pool?.close();
  }

  /** A pool that is made late is no less at its end than the other. */
  #begin<P extends ConnectionPool>(pool: P): P {
    if (this.#isClosed) {
      pool.close();
    } else if (this.#isDraining) {
      pool.drain();
    }
    return pool;
  }
}
