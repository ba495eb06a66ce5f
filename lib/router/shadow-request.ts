import { type TimerWheel, WheelTimer } from '../base/timer-wheel.js';
import type { HeaderList } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { ResetReason } from '../http/reset-reason.js';
import type { RequestEncoder, ResponseDecoder } from '../http/stream.js';
import { reportReset, reportResponse, reportTimeout } from '../upstream/attempt-report.js';
import type { BreakerPass } from '../upstream/breaker/failure-rate-breaker.js';
import type { Cluster } from '../upstream/cluster.js';
import type { Host } from '../upstream/host.js';

/** A route without a time-out of its own is no reason to wait for ever where nobody waits. */
const defaultShadowTimeoutMs = 15_000;
/** A longer response is not read to its end: its connection is closed instead. */
const maxShadowResponseBytes = 1024 * 1024;

/** A request that has been received completely. */
export interface CompleteRequest {
  /** As it goes to the host, rewritten. It is copied. */
  readonly head: RequestHead;
  readonly body: readonly Buffer[];
  readonly trailers: HeaderList | undefined;
}

/**
 * The copy of a request, sent to a shadow cluster: reference 2.6.6. Nobody waits for it.
 *
 * Its response is read and thrown away, so that its connection can be used again, and counted as
 * any other of its cluster. It owns nothing of the request that it was made from, which may end
 * before or after it.
 */
export class ShadowRequest implements ResponseDecoder {
  readonly native: undefined = undefined;
  readonly #cluster: Cluster;
  readonly #host: Host;
  /** Leave of the cluster's failure-rate breaker, if it has one. */
  readonly #pass: BreakerPass | undefined;
  readonly #head: RequestHead;
  readonly #timer: WheelTimer = new WheelTimer(this);
  #request: CompleteRequest;
  #encoder: RequestEncoder | undefined = undefined;
  #responseBytes = 0;
  #isCharged = false;
  #isDone = false;

  private constructor(
    cluster: Cluster,
    host: Host,
    pass: BreakerPass | undefined,
    request: CompleteRequest,
  ) {
    const { head } = request;
    this.#cluster = cluster;
    this.#host = host;
    this.#pass = pass;
    this.#request = request;
    this.#head = {
      method: head.method,
      path: head.path,
      authority: shadowAuthority(head.authority),
      headers: [...head.headers],
    };
  }

  /** Sends the copy, if the cluster has a host for it. `timeoutMs` is that of the route. */
  static send(
    cluster: Cluster,
    request: CompleteRequest,
    wheel: TimerWheel,
    timeoutMs: number,
  ): void {
    const { breaker } = cluster;
    const pass = breaker?.enter();
    const isRefused = breaker !== undefined && pass === undefined;
    const host = isRefused ? undefined : cluster.chooseHost();
    if (host === undefined) {
      pass?.release();
      cluster.stats.chargeResponse(503, true, false);
      return;
    }
    const shadow = new ShadowRequest(cluster, host, pass, request);
    wheel.start(shadow.#timer, timeoutMs > 0 ? timeoutMs : defaultShadowTimeoutMs);
    try {
      host.newStream(shadow, 'default', false);
    } catch {
      // The request itself must not be ended by its copy.
      shadow.#finish();
    }
  }

  onConnection(encoder: RequestEncoder): void {
    const { body, trailers } = this.#request;
    this.#encoder = encoder;
    // Written whole, whatever its connection can take at once: it is all in memory already.
    this.#request = { head: this.#head, body: [], trailers: undefined };
    const endsWithHead = body.length === 0 && trailers === undefined;
    encoder.encodeHead(this.#head, endsWithHead);
    body.forEach((chunk, index) => {
      encoder.encodeData(chunk, trailers === undefined && index === body.length - 1);
    });
    if (trailers !== undefined) {
      encoder.encodeEnd(trailers);
    }
  }

  decodeHead(head: ResponseHead, endStream: boolean): void {
    reportResponse(this.#host, this.#pass, head);
    this.#charge(head.status);
    if (endStream) {
      this.#finish();
    }
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.#responseBytes += chunk.length;
    if (endStream) {
      this.#finish();
    } else if (this.#responseBytes > maxShadowResponseBytes) {
      this.#giveUp();
    }
  }

  decodeEnd(): void {
    this.#finish();
  }

  onReset(reason: ResetReason): void {
    if (!this.#isDone) {
      reportReset(this.#host, this.#pass, reason);
      this.#charge(503);
      this.#finish();
    }
  }

  onRequestWritable(): void {
    // Everything has been handed over.
  }

  /** The time is up. */
  onDeadline(): void {
    this.#cluster.stats.upstreamRqTimeout++;
    this.#host.stats.rqTimeout++;
    reportTimeout(this.#encoder === undefined ? undefined : this.#host, this.#pass, 504);
    this.#charge(504);
    this.#giveUp();
  }

  #giveUp(): void {
    const encoder = this.#encoder;
    this.#finish();
    if (encoder === undefined) {
      this.#host.cancel(this, 'default');
    } else {
      encoder.abort();
    }
  }

  /** Counts the first thing that may be called a result. */
  #charge(status: number): void {
    if (this.#isCharged) {
      return;
    }
    this.#isCharged = true;
    const host = this.#host;
    if (status < 500) {
      host.stats.rqSuccess++;
    } else {
      host.stats.rqError++;
    }
    const { stats, serviceZone } = this.#cluster;
    stats.chargeResponse(status, true, host.isCanary, serviceZone, host.zone);
  }

  #finish(): void {
    this.#isDone = true;
    this.#pass?.release();
    this.#timer.stop();
    this.#encoder = undefined;
  }
}

/** Marks the host of a copy, so that whoever logs it can tell it apart: reference 2.6.6. */
function shadowAuthority(authority: string): string {
  const port = /:\d+$/.exec(authority);
  return port === null
    ? `${authority}-shadow`
    : `${authority.slice(0, port.index)}-shadow${port[0]}`;
}
