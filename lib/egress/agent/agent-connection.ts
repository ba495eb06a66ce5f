import { Duplex } from 'node:stream';
import { getHeader, type HeaderList, hasHeader } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';
import type { ExchangeObserver, ExchangeRequest, OutboundExchange } from '../outbound-exchange.js';
import { invalid, type Target } from '../request-options.js';
import { RequestReader, type RequestSink } from './request-reader.js';
import { ResponseWriter } from './response-writer.js';

/** Begins a request on the data path; `undefined` if no route claims its target any more. */
export type OpenExchange = (
  request: ExchangeRequest,
  observer: ExchangeObserver,
) => OutboundExchange | undefined;

const highWaterMark = 64 * 1024;
const continueHead: Buffer = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/**
 * What a client of `node:http` has in the place of a socket: it writes requests and reads responses
 * as HTTP/1.1, one after the other, and each takes the data path by itself, to whatever host that
 * finds. There is nothing behind it that could be connected, encrypted or kept alive.
 */
export class AgentConnection extends Duplex implements RequestSink, ExchangeObserver {
  /** As of a socket that is connected; it has no address. */
  readonly connecting: boolean = false;
  bytesRead = 0;
  bytesWritten = 0;
  /** As of a socket: milliseconds of silence until `timeout`. */
  timeout: number | undefined = undefined;
  readonly #origin: Target;
  readonly #open: OpenExchange;
  readonly #reader: RequestReader = new RequestReader(this);
  #exchange: OutboundExchange | undefined = undefined;
  #response: ResponseWriter | undefined = undefined;
  /** Something of the response has been written. */
  #hasAnswered = false;
  #isResponsePaused = false;
  /** What is answered while the client still writes; it does not expect to hear so soon. */
  #deferred: Buffer[] | undefined = undefined;
  #isFlushPlanned = false;
  /** Lets the client go on writing. */
  #onWritten: (() => void) | undefined = undefined;
  #mustWait = false;
  #timer: NodeJS.Timeout | undefined = undefined;

  /** `origin` is where every request goes, with a path of its own. */
  constructor(origin: Target, open: OpenExchange) {
    super({
      allowHalfOpen: true,
      readableHighWaterMark: highWaterMark,
      writableHighWaterMark: highWaterMark,
    });
    this.#origin = origin;
    this.#open = open;
    // A connection that waits for requests has nobody who listens.
    this.on('error', () => {});
  }

  // What clients do with a socket.

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Has no effect: requests under way hold the process, the connection does not. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  address(): Record<string, never> {
    return {};
  }

  setTimeout(timeoutMs: number, callback?: () => void): this {
    this.timeout = timeoutMs;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (timeoutMs > 0) {
      this.#timer = setTimeout(() => this.emit('timeout'), timeoutMs).unref();
    }
    if (callback !== undefined) {
      if (timeoutMs > 0) {
        this.once('timeout', callback);
      } else {
        this.removeListener('timeout', callback);
      }
    }
    return this;
  }

  destroySoon(): void {
    if (this.writable) {
      this.end();
    }
    if (this.writableFinished) {
      this.destroy();
    } else {
      this.once('finish', () => this.destroy());
    }
  }

  // The stream.

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.bytesWritten += chunk.length;
    this.#timer?.refresh();
    this.#deferred ??= [];
    this.#mustWait = false;
    this.#reader.read(chunk);
    const { error } = this.#reader;
    if (error !== undefined) {
      this.#exchange?.cancel();
      this.#exchange = undefined;
      this.destroy(invalid(error));
    }
    this.#planFlush();
    if (this.#mustWait && this.#exchange !== undefined && !this.destroyed) {
      this.#onWritten = callback;
    } else {
      callback();
    }
  }

  override _final(callback: () => void): void {
    if (this.#reader.isInRequest) {
      this.destroy();
    } else if (this.#response === undefined) {
      this.push(null);
    }
    callback();
  }

  override _read(): void {
    if (this.#isResponsePaused) {
      this.#isResponsePaused = false;
      this.#exchange?.resume();
    }
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#onWritten = undefined;
    exchange?.cancel();
    callback(error);
  }

  // The request, as it is written.

  onRequestHead({ method, path, authority, headers }: RequestHead, hasBody: boolean): void {
    if (this.#response !== undefined || hasHeader(headers, 'upgrade')) {
      const what =
        this.#response === undefined ? 'the agent cannot change the protocol' : 'too soon';
      this.#breakOff(invalid(`the request cannot be sent: ${what}`));
      return;
    }
    this.#response = new ResponseWriter(method);
    this.#hasAnswered = false;
    const origin = this.#origin;
    if (authority !== '' && authority.toLowerCase() !== origin.authority) {
      headers.push('host', authority);
    }
    if (hasBody && getHeader(headers, 'expect')?.toLowerCase() === '100-continue') {
      this.#send(continueHead);
    }
    const { url, protocol, authority: host } = origin;
    const target: Target = { url, protocol, authority: host, path };
    this.#begin({ target, method, headers, endStream: !hasBody });
  }

  onRequestBody(chunk: Buffer): void {
    if (this.#exchange?.write(chunk) === false) {
      this.#mustWait = true;
    }
  }

  onRequestEnd(trailers: HeaderList | undefined): void {
    this.#exchange?.end(trailers);
  }

  #begin(request: ExchangeRequest): void {
    try {
      const exchange = this.#open(request, this);
      if (exchange === undefined) {
        this.#breakOff(invalid('the configuration does not know this host any more'));
      } else if (this.destroyed) {
        // The answer, already at hand, was none that can be written.
        exchange.cancel();
      } else if (!exchange.isDone) {
        this.#exchange = exchange;
      }
    } catch (error) {
      this.#breakOff(error);
    }
  }

  // The response.

  onHead(status: number, headers: HeaderList, endStream: boolean): void {
    if (this.#response !== undefined) {
      this.#hasAnswered = true;
      this.#send(this.#response.head(status, headers, endStream));
    }
  }

  onData(chunk: Buffer): boolean {
    const pieces = this.#response?.data(chunk);
    if (pieces === undefined) {
      this.#breakOff(undefined);
      return true;
    }
    let canGoOn = true;
    for (const piece of pieces) {
      canGoOn = this.#send(piece);
    }
    return canGoOn;
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#exchange = undefined;
    const pieces = this.#response?.end(trailers);
    if (pieces === undefined) {
      this.#breakOff(undefined);
      return;
    }
    for (const piece of pieces) {
      this.#send(piece);
    }
    this.#response = undefined;
    this.onDrain();
    if (this.writableFinished && this.#deferred === undefined) {
      this.push(null);
    }
  }

  onFailure(error: unknown): void {
    this.#exchange = undefined;
    // Behind a head the client is to find the response cut off, as by any host.
    this.#breakOff(this.#hasAnswered ? undefined : error);
  }

  onDrain(): void {
    this.#mustWait = false;
    const onWritten = this.#onWritten;
    this.#onWritten = undefined;
    onWritten?.();
  }

  #breakOff(error: unknown): void {
    this.#flush();
    this.destroy(error instanceof Error ? error : undefined);
  }

  #send(bytes: Buffer): boolean {
    if (this.#deferred !== undefined) {
      this.#deferred.push(bytes);
      this.#planFlush();
      return true;
    }
    if (this.destroyed) {
      return true;
    }
    this.bytesRead += bytes.length;
    this.#timer?.refresh();
    const canGoOn = this.push(bytes);
    this.#isResponsePaused = !canGoOn;
    return canGoOn;
  }

  /** Answers what has been held back, once the client has had the time to listen. */
  #planFlush(): void {
    if (this.#deferred?.length === 0) {
      this.#deferred = undefined;
    } else if (!this.#isFlushPlanned) {
      this.#isFlushPlanned = true;
      process.nextTick(() => this.#flush());
    }
  }

  #flush(): void {
    const deferred = this.#deferred;
    this.#deferred = undefined;
    this.#isFlushPlanned = false;
    for (const bytes of deferred ?? []) {
      this.#send(bytes);
    }
  }
}
