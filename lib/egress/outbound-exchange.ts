import { SidecarError } from '../base/errors.js';
import type { ActiveStream } from '../downstream/active-stream.js';
import { continueExpectation } from '../downstream/forwarded-headers.js';
import { getHeader, type HeaderList } from '../http/headers.js';
import type { ResponseHead } from '../http/message.js';
import type { ResponseEncoder } from '../http/stream.js';
import type { ActiveCall, CallOwner } from './call-owner.js';
import { brokenOff } from './outbound-call.js';
import type { OutboundUpgrade } from './outbound-upgrade.js';
import type { Target } from './request-options.js';
import { describeNeglect } from './unread-bodies.js';

/** A request of a client library that comes through the sidecar, checked by that library. */
export interface ExchangeRequest {
  readonly target: Target;
  readonly method: string;
  /** Names in lower case. `host` may be there, and is sent instead of the URL's own. */
  readonly headers: HeaderList;
  /** There is no body. */
  readonly endStream: boolean;
  /** Set if the request is a WebSocket handshake that can be agreed to. */
  readonly rawConnection?: OutboundUpgrade | undefined;
}

/**
 * Hears of the response. Nothing is called after `onEnd`, `onFailure`, or the client's own `cancel`.
 * Calls may come before `open` has returned.
 */
export interface ExchangeObserver {
  /**
   * Whether anybody has begun to read the response, which is then waited for longer. Left out by
   * those who cannot know.
   */
  readonly hasReader?: boolean;
  /** The body is wanted: the request has `expect: 100-continue`. */
  onContinue?(): void;
  /**
   * A host has agreed to the handshake; what the request's `OutboundUpgrade` carries begins with the
   * head of that. The headers are complete when that head has come. `onEnd` follows with the end
   * of the tunnel.
   */
  onUpgrade?(headers: HeaderList): void;
  /** `endStream`: there is no body; `onEnd` follows nevertheless. */
  onHead(status: number, headers: HeaderList, endStream: boolean): void;
  /** A piece of the body, which belongs to the receiver. After `false` none comes until `resume`. */
  onData(chunk: Buffer): boolean;
  onEnd(trailers: HeaderList | undefined): void;
  /** The response broke off, nobody has read it for too long, or the sidecar was closed. */
  onFailure(error: unknown): void;
  /** There is room for more of the request body, after `write` has returned false. */
  onDrain(): void;
}

/**
 * One request and its response on the data path, for adapters of client libraries: what a codec is
 * for a listener, this is for a library.
 *
 * The process is held while it is under way, unless the response waits for a reader. One that waits
 * for too long is given up, so that it does not hold its connection for ever.
 */
export class OutboundExchange implements ActiveCall, ResponseEncoder {
  previous: ActiveCall | undefined = undefined;
  next: ActiveCall | undefined = undefined;
  readonly nativeExchange: undefined = undefined;
  readonly rawConnection: OutboundUpgrade | undefined;
  readonly #observer: ExchangeObserver;
  readonly #owner: CallOwner;
  /** The request half; set before the request begins. */
  #stream: ActiveStream | undefined = undefined;
  #isRequestEnded = false;
  #isRequestPaused = false;
  /** The client has said that it takes no more of the response for now. */
  #isResponsePaused = false;
  /** Since then. */
  #idleSteps = 0;
  #isTunnel = false;
  #isDone = false;

  constructor(
    observer: ExchangeObserver,
    owner: CallOwner,
    rawConnection: OutboundUpgrade | undefined,
  ) {
    this.#observer = observer;
    this.#owner = owner;
    this.rawConnection = rawConnection;
    owner.onCallStart(this);
    owner.onWaitStart();
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Sends the head. Called once, by whoever has made the stream. */
  start(stream: ActiveStream, { target, method, headers, endStream }: ExchangeRequest): void {
    this.#stream = stream;
    this.#isRequestEnded = endStream;
    if (this.rawConnection !== undefined) {
      this.rawConnection.record = stream;
      this.rawConnection.socket.on('close', () => this.cancel());
    }
    const { authority, path } = target;
    if (continueExpectation.test(getHeader(headers, 'expect') ?? '')) {
      // At once, as by a listener: the client does not wait for the filters.
      stream.chargeContinue();
      this.#observer.onContinue?.();
    }
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

  /** Ends the request body. Has no effect if there is none. */
  end(trailers?: HeaderList): void {
    // A second end would start the time-outs a second time, and the first ones would never be stopped.
    if (!(this.#isDone || this.#isRequestEnded)) {
      this.#isRequestEnded = true;
      this.#stream?.decodeEnd(trailers);
    }
  }

  /** There is room for more of the response body. */
  resume(): void {
    if (!this.#isDone) {
      this.#pauseResponse(false);
      this.#stream?.onResponseWritable();
    }
  }

  /** Gives up: the host is told, the observer is not. Ends a tunnel. Idempotent. */
  cancel(): void {
    if (this.#isDone) {
      return;
    }
    if (this.#isTunnel) {
      // Who has borrowed the connection hears that it is gone, and ends the stream.
      this.rawConnection?.onClosed?.();
    } else {
      this.#finish();
      this.#stream?.onDownstreamReset();
    }
  }

  /** As `cancel`, and the observer hears why; that of a tunnel hears of its end. */
  abort(reason: unknown): void {
    if (!this.#isDone) {
      this.cancel();
      if (!this.#isTunnel) {
        this.#observer.onFailure(reason);
      }
    }
  }

  /** Gives the response up if it has had no reader for too long. */
  growOlder(): void {
    if (!this.#isResponsePaused || this.#isDone) {
      return;
    }
    this.#idleSteps++;
    const neglect = describeNeglect(this.#idleSteps, this.#observer.hasReader ?? true);
    if (neglect !== undefined) {
      this.#stream?.chargeIdleTimeout();
      this.abort(new SidecarError('SIDECAR_BODY_ABORTED', `the body was given up: ${neglect}`));
    }
  }

  // The response, from the connection manager.

  encodeHead({ status, headers }: ResponseHead, endStream: boolean): void {
    if (this.#isDone) {
      return;
    }
    if (status === 101 && this.rawConnection !== undefined) {
      // Who has borrowed the connection writes it.
      this.#isTunnel = true;
      this.#stream?.chargeTunnel(true);
      this.#observer.onUpgrade?.(headers);
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
    } else if (!canGoOn && !this.#isDone) {
      this.#pauseResponse(true);
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

  #pauseResponse(isPaused: boolean): void {
    if (isPaused !== this.#isResponsePaused) {
      this.#isResponsePaused = isPaused;
      this.#idleSteps = 0;
      if (isPaused) {
        this.#owner.onWaitEnd();
      } else {
        this.#owner.onWaitStart();
      }
    }
  }

  #finish(): void {
    this.#isDone = true;
    if (!this.#isResponsePaused) {
      this.#owner.onWaitEnd();
    }
    this.#owner.onCallEnd(this);
    if (this.#isTunnel) {
      this.#stream?.chargeTunnel(false);
    }
    this.rawConnection?.cut();
  }
}
