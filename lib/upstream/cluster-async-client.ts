import { type TimerWheel, WheelTimer } from '../base/timer-wheel.js';
import type { AsyncClient, AsyncRequest, AsyncResult } from '../http/async-client.js';
import type { HeaderList } from '../http/headers.js';
import { isIdempotent } from '../http/idempotence.js';
import type { ResponseHead } from '../http/message.js';
import type { ResetReason } from '../http/reset-reason.js';
import type { RequestEncoder, ResponseDecoder } from '../http/stream.js';
import { reportReset, reportResponse, reportTimeout } from './attempt-report.js';
import type { BreakerPass } from './breaker/failure-rate-breaker.js';
import type { Cluster } from './cluster.js';
import type { Host } from './host.js';

/** An answer of ours larger than this is a fault of the service, not data. */
const maxBodyBytes = 32 * 1024 * 1024;

/** Sends requests of the library itself to a cluster. */
export class ClusterAsyncClient implements AsyncClient {
  readonly #findCluster: () => Cluster | undefined;
  readonly #wheel: TimerWheel;

  /** `findCluster` is asked for each request: another cluster may take the place of the first. */
  constructor(findCluster: () => Cluster | undefined, wheel: TimerWheel) {
    this.#findCluster = findCluster;
    this.#wheel = wheel;
  }

  send(
    request: AsyncRequest,
    timeoutMs: number,
    onResult: (result: AsyncResult) => void,
  ): () => void {
    const cluster = this.#findCluster();
    if (cluster === undefined) {
      onResult({ kind: 'failure', reason: 'there is no such cluster', status: 503 });
      return () => {};
    }
    const exchange = new AsyncExchange(cluster, request, onResult);
    exchange.start(this.#wheel, timeoutMs);
    return () => exchange.cancel();
  }
}

/** One request under way. It is sent once more if a reused connection turns out to be dead. */
class AsyncExchange implements ResponseDecoder {
  readonly native: undefined = undefined;
  readonly #cluster: Cluster;
  readonly #request: AsyncRequest;
  readonly #onResult: (result: AsyncResult) => void;
  readonly #timer: WheelTimer;
  #host: Host | undefined = undefined;
  /** Leave of the cluster's failure-rate breaker, if it has one. */
  #pass: BreakerPass | undefined = undefined;
  #encoder: RequestEncoder | undefined = undefined;
  #isReused = false;
  #hasBeenResent = false;
  #isDone = false;
  #status = 0;
  #headers: HeaderList = [];
  #chunks: Buffer[] = [];
  #bodyBytes = 0;

  constructor(cluster: Cluster, request: AsyncRequest, onResult: (result: AsyncResult) => void) {
    this.#cluster = cluster;
    this.#request = request;
    this.#onResult = onResult;
    this.#timer = new WheelTimer({ onDeadline: () => this.#onTimeout() });
  }

  start(wheel: TimerWheel, timeoutMs: number): void {
    if (timeoutMs > 0) {
      wheel.start(this.#timer, timeoutMs);
    }
    this.#attempt(false);
  }

  /** Gives the request up in silence. */
  cancel(): void {
    if (!this.#isDone) {
      this.#end();
      this.#release();
    }
  }

  onConnection(encoder: RequestEncoder, isReused: boolean): void {
    this.#encoder = encoder;
    this.#isReused = isReused;
    const { method, path, authority, body } = this.#request;
    const headers = [...(this.#request.headers ?? ['accept', 'application/json'])];
    if (body !== undefined) {
      headers.push('content-length', String(body.length));
    }
    const hasBody = body !== undefined && body.length > 0;
    encoder.encodeHead({ method, path, authority, headers }, !hasBody);
    if (hasBody) {
      encoder.encodeData(body, true);
    }
  }

  decodeHead(head: ResponseHead, endStream: boolean): void {
    if (this.#host !== undefined) {
      reportResponse(this.#host, this.#pass, head);
    }
    this.#status = head.status;
    this.#headers = head.headers;
    if (endStream) {
      this.decodeEnd();
    }
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > maxBodyBytes) {
      this.#release();
      this.#fail(503, `the answer exceeds ${maxBodyBytes} bytes`);
      return;
    }
    this.#chunks.push(chunk);
    if (endStream) {
      this.decodeEnd();
    }
  }

  decodeEnd(): void {
    this.#encoder = undefined;
    const body = Buffer.concat(this.#chunks, this.#bodyBytes);
    this.#charge(this.#status);
    this.#finish({ kind: 'response', status: this.#status, headers: this.#headers, body });
  }

  onReset(reason: ResetReason, hadResponse: boolean): void {
    this.#encoder = undefined;
    if (this.#isDone) {
      // Given up while all that wait for the same connection are told that it has failed.
      return;
    }
    if (this.#canResend(reason, hadResponse)) {
      this.#hasBeenResent = true;
      this.#cluster.stats.upstreamRqReusedCxResend++;
      this.#cluster.defaultResources.retries.active++;
      this.#pass?.release();
      this.#attempt(true);
      return;
    }
    if (this.#host !== undefined) {
      reportReset(this.#host, this.#pass, reason);
    }
    this.#fail(503, `${reason} at ${this.#host?.address}`);
  }

  onRequestWritable(): void {
    // There is no body to go on with.
  }

  #attempt(isFresh: boolean): void {
    const { breaker } = this.#cluster;
    this.#pass = breaker?.enter();
    if (breaker !== undefined && this.#pass === undefined) {
      this.#host = undefined;
      this.#fail(503, 'circuit breaker open');
      return;
    }
    this.#host = this.#cluster.chooseHost();
    if (this.#host === undefined) {
      this.#fail(503, 'no healthy upstream');
    } else {
      this.#host.newStream(this, 'default', isFresh);
    }
  }

  /** As the router does: decision 0002. */
  #canResend(reason: ResetReason, hadResponse: boolean): boolean {
    const isDead =
      reason === 'connection-termination' && this.#isReused && isIdempotent(this.#request.method);
    const isRefused = reason === 'refused-stream';
    if (!(isDead || isRefused) || hadResponse || this.#hasBeenResent) {
      return false;
    }
    if (!this.#cluster.defaultResources.retries.canCreate()) {
      this.#cluster.stats.upstreamRqReusedCxResendOverflow++;
      return false;
    }
    return true;
  }

  #onTimeout(): void {
    this.#cluster.stats.upstreamRqTimeout++;
    if (this.#host !== undefined) {
      this.#host.stats.rqTimeout++;
    }
    reportTimeout(this.#encoder === undefined ? undefined : this.#host, this.#pass, 504);
    this.#release();
    this.#fail(504, 'timeout');
  }

  /** Takes the request back from wherever it waits. */
  #release(): void {
    const encoder = this.#encoder;
    this.#encoder = undefined;
    if (encoder === undefined) {
      this.#host?.cancel(this, 'default');
    } else {
      encoder.abort();
    }
  }

  /** `status`: what the router would have replied. */
  #fail(status: number, reason: string): void {
    this.#charge(status);
    this.#finish({ kind: 'failure', reason, status });
  }

  /** Counts the result as that of any other request to the cluster: reference 8.3. */
  #charge(status: number): void {
    const host = this.#host;
    if (host !== undefined) {
      if (status < 500) {
        host.stats.rqSuccess++;
      } else {
        host.stats.rqError++;
      }
    }
    const { stats, serviceZone } = this.#cluster;
    stats.chargeResponse(status, true, host?.isCanary === true, serviceZone, host?.zone);
  }

  #finish(result: AsyncResult): void {
    if (!this.#isDone) {
      this.#end();
      this.#onResult(result);
    }
  }

  #end(): void {
    this.#isDone = true;
    this.#timer.stop();
    this.#pass?.release();
    this.#chunks = [];
    if (this.#hasBeenResent) {
      this.#cluster.defaultResources.retries.active--;
    }
  }
}
