import { type TimerWheel, WheelTimer } from '../base/timer-wheel.js';
import type { AsyncClient, AsyncRequest, AsyncResult } from '../http/async-client.js';
import type { HeaderList } from '../http/headers.js';
import type { ResponseHead } from '../http/message.js';
import type { ResetReason } from '../http/reset-reason.js';
import type { RequestEncoder, ResponseDecoder } from '../http/stream.js';
import type { Cluster } from './cluster.js';
import type { Host } from './host.js';

/** An answer of ours larger than this is a fault of the service, not data. */
const maxBodyBytes = 32 * 1024 * 1024;

/** Sends requests of the library itself to a cluster. */
export class ClusterAsyncClient implements AsyncClient {
  readonly #cluster: Cluster;
  readonly #wheel: TimerWheel;

  constructor(cluster: Cluster, wheel: TimerWheel) {
    this.#cluster = cluster;
    this.#wheel = wheel;
  }

  send(
    request: AsyncRequest,
    timeoutMs: number,
    onResult: (result: AsyncResult) => void,
  ): () => void {
    const exchange = new AsyncExchange(this.#cluster, request, onResult);
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
    if (this.#canResend(reason, hadResponse)) {
      this.#hasBeenResent = true;
      this.#cluster.stats.upstreamRqReusedCxResend++;
      this.#cluster.defaultResources.retries.active++;
      this.#attempt(true);
      return;
    }
    this.#fail(503, `${reason} at ${this.#host?.address}`);
  }

  onRequestWritable(): void {
    // There is no body to go on with.
  }

  #attempt(isFresh: boolean): void {
    this.#host = this.#cluster.chooseHost();
    if (this.#host === undefined) {
      this.#fail(503, 'no healthy upstream');
    } else {
      this.#host.newStream(this, 'default', isFresh);
    }
  }

  /** As the router does: decision 0002. */
  #canResend(reason: ResetReason, hadResponse: boolean): boolean {
    if (
      !this.#isReused ||
      hadResponse ||
      this.#hasBeenResent ||
      reason !== 'connection-termination'
    ) {
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
    this.#cluster.stats.chargeResponse(status, true, host?.isCanary === true);
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
    this.#chunks = [];
    if (this.#hasBeenResent) {
      this.#cluster.defaultResources.retries.active--;
    }
  }
}
