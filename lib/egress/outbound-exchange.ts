import type { ActiveStream } from '../downstream/active-stream.js';
import type { HeaderList } from '../http/headers.js';
import type { ResponseHead } from '../http/message.js';
import type { RawConnection } from '../http/raw-connection.js';
import type { ResponseEncoder } from '../http/stream.js';
import { brokenOff } from './outbound-call.js';
import type { Target } from './request-options.js';

/** A request of a client library that comes through the sidecar, checked by that library. */
export interface ExchangeRequest {
  readonly target: Target;
  readonly method: string;
  /** Names in lower case. `host` may be there, and is sent instead of the URL's own. */
  readonly headers: HeaderList;
  /** There is no body. */
  readonly endStream: boolean;
  /** The client's end of the connection, if the request may change its protocol. */
  readonly rawConnection?: RawConnection;
}

/**
 * Hears of the response. Nothing is called after `onEnd`, `onFailure`, or the client's own `cancel`.
 * Calls may come before `open` has returned.
 */
export interface ExchangeObserver {
  /** `endStream`: there is no body; `onEnd` follows nevertheless. */
  onHead(status: number, headers: HeaderList, endStream: boolean): void;
  /** A piece of the body, which belongs to the receiver. After `false` none comes until `resume`. */
  onData(chunk: Buffer): boolean;
  onEnd(trailers: HeaderList | undefined): void;
  /** The response broke off, or the sidecar was closed. */
  onFailure(error: unknown): void;
  /** There is room for more of the request body, after `write` has returned false. */
  onDrain(): void;
}

/** Hears when an exchange begins and ends, to hold the process and to end what is under way. */
export interface ExchangeOwner {
  onExchangeStart(exchange: OutboundExchange): void;
  onExchangeEnd(exchange: OutboundExchange): void;
}

/**
 * One request and its response on the data path, for adapters of client libraries: what a codec is
 * for a listener, this is for a library.
 */
export class OutboundExchange implements ResponseEncoder {
  readonly nativeExchange: undefined = undefined;
  readonly rawConnection: RawConnection | undefined;
  readonly #observer: ExchangeObserver;
  readonly #owner: ExchangeOwner;
  /** The request half; set before the request begins. */
  #stream: ActiveStream | undefined = undefined;
  #isRequestPaused = false;
  #isDone = false;

  constructor(
    observer: ExchangeObserver,
    owner: ExchangeOwner,
    rawConnection: RawConnection | undefined,
  ) {
    this.#observer = observer;
    this.#owner = owner;
    this.rawConnection = rawConnection;
    owner.onExchangeStart(this);
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Sends the head. Called once, by whoever has made the stream. */
  start(stream: ActiveStream, { target, method, headers, endStream }: ExchangeRequest): void {
    this.#stream = stream;
    const { authority, path } = target;
    stream.originalDestination = authority;
    stream.decodeHead({ method, path, authority, headers }, endStream);
  }

  // The client's side.

  /** Sends a piece of the body. After `false`, no more should come until `onDrain`. */
  write(chunk: Buffer): boolean {
    if (!this.#isDone) {
      this.#stream?.decodeData(chunk, false);
    }
    return !this.#isRequestPaused;
  }

  /** Ends the request body. */
  end(trailers?: HeaderList): void {
    if (!this.#isDone) {
      this.#stream?.decodeEnd(trailers);
    }
  }

  /** There is room for more of the response body. */
  resume(): void {
    if (!this.#isDone) {
      this.#stream?.onResponseWritable();
    }
  }

  /** Gives up: the host is told, the observer is not. Idempotent. */
  cancel(): void {
    if (!this.#isDone) {
      this.#finish();
      this.#stream?.onDownstreamReset();
    }
  }

  /** As `cancel`, and the observer hears why. */
  abort(reason: unknown): void {
    if (!this.#isDone) {
      this.cancel();
      this.#observer.onFailure(reason);
    }
  }

  // The response, from the connection manager.

  encodeHead({ status, headers }: ResponseHead, endStream: boolean): void {
    if (this.#isDone) {
      return;
    }
    this.#observer.onHead(status, headers, endStream);
    if (endStream) {
      this.encodeEnd(undefined);
    }
  }

  encodeData(chunk: Buffer, endStream: boolean): boolean {
    const canGoOn = this.#isDone || this.#observer.onData(chunk);
    if (endStream) {
      this.encodeEnd(undefined);
    }
    return canGoOn;
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    if (!this.#isDone) {
      this.#finish();
      this.#observer.onEnd(trailers);
    }
  }

  reset(): void {
    if (!this.#isDone) {
      this.#finish();
      this.#observer.onFailure(brokenOff());
    }
  }

  setRequestPaused(isPaused: boolean): void {
    this.#isRequestPaused = isPaused;
    if (!isPaused && !this.#isDone) {
      this.#observer.onDrain();
    }
  }

  #finish(): void {
    this.#isDone = true;
    this.#owner.onExchangeEnd(this);
  }
}
