import { type TimerWheel, WheelTimer } from '../base/timer-wheel.js';
import type { AsyncClient, AsyncRequest, AsyncResult } from '../http/async-client.js';
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
  #isDone = false;
  #status = 0;
  #chunks: Buffer[] = [];
  #bodyBytes = 0;

  constructor(cluster: Cluster, request: AsyncRequest, onResult: (result: AsyncResult) => void) {
    this.#cluster = cluster;
    this.#request = request;
    this.#onResult = onResult;
    this.#timer = new WheelTimer({ onDeadline: () => this.#onTimeout() });
  }

  start(wheel: TimerWheel, timeoutMs: number): void {
    wheel.start(this.#timer, timeoutMs);
    this.#attempt(false);
  }

  cancel(): void {
    if (!this.#isDone) {
      this.#isDone = true;
      this.#release();
    }
  }

  onConnection(encoder: RequestEncoder, isReused: boolean): void {
    this.#encoder = encoder;
    this.#isReused = isReused;
    const { method, path, authority } = this.#request;
    encoder.encodeHead({ method, path, authority, headers: ['accept', 'application/json'] }, true);
  }

  decodeHead(head: ResponseHead, endStream: boolean): void {
    this.#status = head.status;
    if (endStream) {
      this.decodeEnd();
    }
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > maxBodyBytes) {
      this.#release();
      this.#finish({ kind: 'failure', reason: `the answer exceeds ${maxBodyBytes} bytes` });
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
    this.#finish({ kind: 'response', status: this.#status, body });
  }

  onReset(reason: ResetReason, hadResponse: boolean): void {
    this.#encoder = undefined;
    if (this.#isReused && !hadResponse && reason === 'connection-termination') {
      this.#isReused = false;
      this.#attempt(true);
      return;
    }
    const host = this.#host?.address ?? 'no host';
    this.#finish({ kind: 'failure', reason: `${reason} at ${host}` });
  }

  onRequestWritable(): void {
    // There is no body to go on with.
  }

  #attempt(isFresh: boolean): void {
    this.#host = this.#cluster.chooseHost();
    if (this.#host === undefined) {
      this.#finish({ kind: 'failure', reason: 'no healthy upstream' });
    } else {
      this.#host.newStream(this, 'default', isFresh);
    }
  }

  #onTimeout(): void {
    this.#cluster.stats.upstreamRqTimeout++;
    this.#release();
    this.#finish({ kind: 'failure', reason: 'timeout' });
  }

  #release(): void {
    this.#timer.stop();
    const encoder = this.#encoder;
    this.#encoder = undefined;
    if (encoder === undefined) {
      this.#host?.cancel(this, 'default');
    } else {
      encoder.abort();
    }
  }

  #finish(result: AsyncResult): void {
    if (this.#isDone) {
      return;
    }
    this.#isDone = true;
    this.#timer.stop();
    this.#chunks = [];
    this.#onResult(result);
  }
}
