import { SidecarError } from '../base/errors.js';
import type { HeaderList } from '../http/headers.js';
import type { BodyPump, BodySink } from './body-pump.js';
import type { ActiveCall, CallOwner } from './call-owner.js';
import { type BodySource, OutboundBody } from './outbound-body.js';
import { OutboundResponse } from './outbound-response.js';

/**
 * One call of the application, from its request to the last byte of its response: the promise, the
 * signal, the body. How the request gets to a host is the business of those who extend this.
 *
 * The process is held while the caller waits for the head, a reader for a piece of the body, or a
 * streamed request body for its end. A response that nobody reads does not hold it, and is given up
 * after a while, so that it does not hold its connection for ever either.
 */
export abstract class OutboundCall implements ActiveCall, BodySource, BodySink {
  previous: ActiveCall | undefined = undefined;
  next: ActiveCall | undefined = undefined;
  readonly #owner: CallOwner;
  readonly #resolve: (response: OutboundResponse) => void;
  readonly #reject: (error: unknown) => void;
  #response: OutboundResponse | undefined = undefined;
  #isDone = false;
  #pump: BodyPump | undefined = undefined;
  #signal: AbortSignal | undefined = undefined;
  #onAbort: (() => void) | undefined = undefined;

  constructor(
    owner: CallOwner,
    resolve: (response: OutboundResponse) => void,
    reject: (error: unknown) => void,
  ) {
    this.#owner = owner;
    this.#resolve = resolve;
    this.#reject = reject;
    owner.onCallStart(this);
    owner.onWaitStart();
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

  /** Sends a streamed body. */
  startPump(pump: BodyPump): void {
    if (this.#isDone) {
      pump.stop();
      return;
    }
    this.#pump = pump;
    this.#owner.onWaitStart();
    pump.start(this);
  }

  /** The caller gives up; whoever waits for the response or its body gets `reason`. */
  abort(reason: unknown): void {
    if (!this.#isDone) {
      this.#finish();
      this.giveUp();
      this.#fail(reason);
    }
  }

  /** Gives the response up if it has had no reader for too long. */
  growOlder(): void {
    const neglect = this.#isDone ? undefined : this.#response?.body.growOlder();
    if (neglect !== undefined) {
      this.onNeglected();
      this.abort(new SidecarError('SIDECAR_BODY_ABORTED', `the body was given up: ${neglect}`));
    }
  }

  // The request body.

  abstract writeBody(chunk: Buffer): boolean;

  abstract endBody(): void;

  onBodyFailed(error: unknown): void {
    this.abort(error);
  }

  onBodyDone(): void {
    this.#owner.onWaitEnd();
  }

  // The response body.

  abstract onBodyWanted(): void;

  onBodyUnwanted(): void {
    this.abort(new SidecarError('SIDECAR_BODY_ABORTED', 'the body was given up by its reader'));
  }

  onReaderWaiting(): void {
    this.#owner.onWaitStart();
  }

  onReaderServed(): void {
    this.#owner.onWaitEnd();
  }

  /** Stops whatever brings the response. */
  protected abstract giveUp(): void;

  /** The response is given up, as nobody reads it. */
  protected onNeglected(): void {}

  /** The head is there. `endStream`: there is no body. */
  protected respond(status: number, headers: HeaderList, endStream: boolean): void {
    const body = new OutboundBody(this);
    this.#response = new OutboundResponse(status, headers, body);
    this.#owner.onWaitEnd();
    if (endStream) {
      this.endResponse(undefined);
    }
    this.#resolve(this.#response);
  }

  /** A piece of the body. Returns false when nobody reads it for now. */
  protected pushBody(chunk: Buffer): boolean {
    return this.#response?.body.push(chunk) ?? true;
  }

  /** The response is complete. */
  protected endResponse(trailers: HeaderList | undefined): void {
    const response = this.#response;
    if (response !== undefined && !this.#isDone) {
      if (trailers !== undefined) {
        response.setTrailers(trailers);
      }
      this.#finish();
      response.body.end();
    }
  }

  /** The call has failed without the caller's doing. */
  protected failCall(error: unknown): void {
    if (!this.#isDone) {
      this.#finish();
      this.#fail(error);
    }
  }

  /** There is room for more of the request body. */
  protected resumePump(): void {
    this.#pump?.resume();
  }

  #fail(error: unknown): void {
    if (this.#response === undefined) {
      this.#owner.onWaitEnd();
      this.#reject(error);
    } else {
      this.#response.body.fail(error);
    }
  }

  #finish(): void {
    this.#isDone = true;
    this.#owner.onCallEnd(this);
    this.#pump?.stop();
    if (this.#onAbort !== undefined) {
      this.#signal?.removeEventListener('abort', this.#onAbort);
    }
  }
}

/** Returns the error for a response that ended in the middle. */
export function brokenOff(cause?: unknown): SidecarError {
  return new SidecarError(
    'SIDECAR_BODY_ABORTED',
    'the response broke off before it was complete',
    cause === undefined ? undefined : { cause },
  );
}
