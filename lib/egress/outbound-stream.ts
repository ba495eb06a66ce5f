import { SidecarError } from '../base/errors.js';
import type { ActiveStream } from '../downstream/active-stream.js';
import type { HeaderList } from '../http/headers.js';
import type { ResponseHead } from '../http/message.js';
import type { ResponseEncoder } from '../http/stream.js';
import { type BodySource, OutboundBody } from './outbound-body.js';
import { OutboundResponse } from './outbound-response.js';

/** Hears when a call begins and ends. */
export interface OutboundObserver {
  onCallStart(stream: OutboundStream): void;
  onCallEnd(stream: OutboundStream): void;
}

/** One outbound call: where a codec would write to a socket, it answers the caller. */
export class OutboundStream implements ResponseEncoder, BodySource {
  readonly nativeExchange: undefined = undefined;
  /** The request half; set before the request begins. */
  stream: ActiveStream | undefined = undefined;
  /** Called when a streamed request body may go on, or need not. */
  onRequestResumed: (() => void) | undefined = undefined;
  isRequestPaused = false;
  readonly #observer: OutboundObserver;
  readonly #resolve: (response: OutboundResponse) => void;
  readonly #reject: (error: unknown) => void;
  #response: OutboundResponse | undefined = undefined;
  #isDone = false;
  #signal: AbortSignal | undefined = undefined;
  #onAbort: (() => void) | undefined = undefined;

  constructor(
    observer: OutboundObserver,
    resolve: (response: OutboundResponse) => void,
    reject: (error: unknown) => void,
  ) {
    this.#observer = observer;
    this.#resolve = resolve;
    this.#reject = reject;
    observer.onCallStart(this);
  }

  /** Whether the call is over. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Aborts with the signal from now on. */
  listenTo(signal: AbortSignal): void {
    this.#signal = signal;
    this.#onAbort = () => this.abort(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The caller gives up; whoever waits for the response or its body gets `reason`. */
  abort(reason: unknown): void {
    if (!this.#isDone) {
      this.#finish();
      this.stream?.onDownstreamReset();
      this.#fail(reason);
    }
  }

  encodeHead(head: ResponseHead, endStream: boolean): void {
    const body = new OutboundBody(this);
    this.#response = new OutboundResponse(head.status, head.headers, body);
    if (endStream) {
      this.#end(body);
    }
    this.#resolve(this.#response);
  }

  encodeData(chunk: Buffer, endStream: boolean): boolean {
    const body = this.#response?.body;
    if (body === undefined) {
      return true;
    }
    const canGoOn = body.push(chunk);
    if (endStream) {
      this.#end(body);
    }
    return canGoOn;
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    if (trailers !== undefined) {
      this.#response?.setTrailers(trailers);
    }
    if (this.#response !== undefined) {
      this.#end(this.#response.body);
    }
  }

  reset(): void {
    if (!this.#isDone) {
      this.#finish();
      this.#fail(
        new SidecarError('SIDECAR_BODY_ABORTED', 'the response broke off before it was complete'),
      );
    }
  }

  setRequestPaused(isPaused: boolean): void {
    this.isRequestPaused = isPaused;
    if (!isPaused) {
      this.onRequestResumed?.();
    }
  }

  onBodyWanted(): void {
    this.stream?.onResponseWritable();
  }

  onBodyUnwanted(): void {
    this.abort(new SidecarError('SIDECAR_BODY_ABORTED', 'the body was given up by its reader'));
  }

  #end(body: OutboundBody): void {
    this.#finish();
    body.end();
  }

  #fail(error: unknown): void {
    if (this.#response === undefined) {
      this.#reject(error);
    } else {
      this.#response.body.fail(error);
    }
  }

  #finish(): void {
    this.#isDone = true;
    this.#observer.onCallEnd(this);
    this.onRequestResumed?.();
    if (this.#onAbort !== undefined) {
      this.#signal?.removeEventListener('abort', this.#onAbort);
    }
  }
}
