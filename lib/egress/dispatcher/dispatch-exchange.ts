import type { HeaderList } from '../../http/headers.js';
import { BodyPump, type BodySink } from '../body-pump.js';
import { brokenOff } from '../outbound-call.js';
import type { ExchangeObserver, OutboundExchange } from '../outbound-exchange.js';
import { OutboundUpgrade } from '../outbound-upgrade.js';
import type { OutboundClient } from '../request.js';
import { invalid } from '../request-options.js';
import { announcedLength } from './dispatch-body.js';
import type { DispatchController } from './dispatch-handler.js';
import type { DispatchListener } from './dispatch-listener.js';
import type { DispatchedRequest } from './dispatch-options.js';
import { toRawHeaders } from './raw-headers.js';
import { takeHead } from './take-head.js';
import { UndiciError } from './undici-error.js';

/**
 * One dispatched request on the data path, and what its handler steers it with.
 *
 * The handler hears nothing of the response while it is paused, and nothing before `dispatch` has
 * returned: callers of undici count on that, and an answer of the sidecar's own is there at once.
 * What comes meanwhile is kept. Whatever the handler throws ends the request and is reported to the
 * handler itself, as undici does; it never reaches the data path.
 */
export class DispatchExchange implements DispatchController, ExchangeObserver, BodySink {
  readonly #listener: DispatchListener;
  readonly #onDone: (exchange: DispatchExchange) => void;
  #exchange: OutboundExchange | undefined = undefined;
  #pump: BodyPump | undefined = undefined;
  /** Set if the request is a WebSocket handshake. */
  #upgrade: OutboundUpgrade | undefined = undefined;
  /** What the handler has not heard yet, in order. */
  #kept: (() => void)[] = [];
  #isStarting = true;
  /** An event of the list is being told; the handler may resume in the midst of it. */
  #isDelivering = false;
  /** The data path sends no more of the body until it is told to. */
  #isHeldBack = false;
  #isPaused = false;
  /** The handler has asked for what comes, at some time. */
  #hasResumed = false;
  /** A host has agreed to change the protocol; there is no response but that. */
  #isSwitching = false;
  #isAborted = false;
  #isDone = false;
  #reason: unknown = null;
  #headers: HeaderList | undefined = undefined;
  #trailers: HeaderList | undefined = undefined;
  #hasTrailers = false;

  constructor(listener: DispatchListener, onDone: (exchange: DispatchExchange) => void) {
    this.#listener = listener;
    this.#onDone = onDone;
  }

  /** Sends the request. Called once. */
  start(client: OutboundClient, request: DispatchedRequest): void {
    const { target, method, headers, body, isUpgrade } = request;
    if (body !== undefined && !Buffer.isBuffer(body)) {
      this.#pump = new BodyPump(body, announcedLength(headers));
    }
    this.#guard(() => this.#listener.onStart(this));
    if (this.#isDone) {
      return;
    }
    const endStream = body === undefined;
    const rawConnection =
      isUpgrade && endStream ? OutboundUpgrade.forRequest(method, headers) : undefined;
    this.#upgrade = rawConnection;
    try {
      this.#exchange = client.open({ target, method, headers, endStream, rawConnection }, this);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#exchange === undefined) {
      this.#fail(invalid('the configuration has lost this host in the meantime'));
      return;
    }
    if (Buffer.isBuffer(body)) {
      this.writeBody(body);
      this.endBody();
    } else if (body === undefined) {
      this.#guard(() => this.#listener.onRequestSent());
    } else {
      this.#pump?.start(this);
    }
    queueMicrotask(() => {
      this.#isStarting = false;
      this.#deliver();
    });
  }

  // The handler's side.

  get aborted(): boolean {
    return this.#isAborted;
  }

  get paused(): boolean {
    return this.#isPaused;
  }

  get reason(): unknown {
    return this.#reason;
  }

  get rawHeaders(): Buffer[] | null {
    return this.#headers === undefined ? null : toRawHeaders(this.#headers);
  }

  get rawTrailers(): Buffer[] | null {
    return this.#hasTrailers ? toRawHeaders(this.#trailers) : null;
  }

  abort(reason?: unknown): void {
    // What the handler is just hearing the end of cannot be aborted any more.
    if (this.#isDone || this.#hasTrailers) {
      return;
    }
    this.#isAborted = true;
    this.#reason = reason ?? new UndiciError('UND_ERR_ABORTED', 'Request aborted');
    this.#fail(this.#reason);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#hasResumed = true;
    if (this.#isPaused) {
      this.#isPaused = false;
      if (!this.#isStarting) {
        this.#deliver();
      }
    }
  }

  // The request body, from its pump.

  writeBody(chunk: Buffer): boolean {
    if (this.#isDone) {
      return true;
    }
    const canGoOn = this.#exchange?.write(chunk) ?? true;
    this.#guard(() => this.#listener.onBodySent(chunk));
    return canGoOn;
  }

  endBody(): void {
    if (this.#isDone) {
      return;
    }
    this.#exchange?.end();
    this.#guard(() => this.#listener.onRequestSent());
  }

  onBodyFailed(error: unknown): void {
    this.#fail(error);
  }

  onBodyDone(): void {}

  // The response, from the data path.

  get hasReader(): boolean {
    return this.#hasResumed;
  }

  onUpgrade(headers: HeaderList): void {
    const socket = this.#upgrade?.clientEnd;
    if (socket === undefined) {
      return;
    }
    this.#isSwitching = true;
    takeHead(socket, () => {
      this.#tell(() => {
        this.#headers = headers;
        this.#listener.onUpgrade(this, headers, socket);
        // What becomes of the connection is the handler's business from now on.
        this.#finish();
      });
    });
  }

  onDrain(): void {
    this.#pump?.resume();
  }

  onHead(status: number, headers: HeaderList): void {
    this.#tell(() => {
      this.#headers = headers;
      this.#listener.onHead(this, status, headers);
    });
  }

  onData(chunk: Buffer): boolean {
    this.#tell(() => this.#listener.onData(this, chunk));
    this.#isHeldBack = this.#kept.length > 0 || this.#isPaused;
    return !this.#isHeldBack;
  }

  onEnd(trailers: HeaderList | undefined): void {
    if (this.#isSwitching) {
      // The end of a tunnel, of which only a handler hears that has not been given it yet.
      this.onFailure(brokenOff());
      return;
    }
    // Whoever has answered does not want the rest of the request.
    this.#pump?.stop();
    this.#tell(() => {
      this.#trailers = trailers;
      this.#hasTrailers = true;
      // A handler that throws even here still hears of it.
      this.#listener.onEnd(this, trailers);
      this.#finish();
    });
  }

  onFailure(error: unknown): void {
    this.#pump?.stop();
    if (this.#isStarting) {
      this.#kept.push(() => this.#fail(error));
    } else {
      // At once, as by undici: a handler that never resumes would never hear of it.
      this.#fail(error);
    }
  }

  /** Tells the handler now, or once it may hear of it. */
  #tell(event: () => void): void {
    if (this.#isDone) {
      return;
    }
    if (this.#isStarting || this.#isPaused || this.#kept.length > 0) {
      this.#kept.push(event);
    } else {
      this.#guard(event);
    }
  }

  #deliver(): void {
    if (this.#isDelivering) {
      return;
    }
    this.#isDelivering = true;
    // The event leaves the list last, so that one that comes meanwhile queues up behind it.
    while (this.#kept.length > 0 && !this.#isPaused) {
      // It is there, as the list is not empty.
      this.#guard(this.#kept[0] as () => void);
      this.#kept.shift();
    }
    this.#isDelivering = false;
    if (this.#isHeldBack && !this.#isPaused) {
      this.#isHeldBack = false;
      this.#exchange?.resume();
    }
  }

  /**
   * Runs a piece of the handler's. One that throws has not aborted the request: handlers that retry
   * throw for a response that they do not want, and give up only if they find it aborted.
   */
  #guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#isDone) {
      return;
    }
    this.#finish();
    this.#kept = [];
    this.#exchange?.cancel();
    this.#pump?.stop();
    reportError(this.#listener, this, error);
  }

  #finish(): void {
    if (!this.#isDone) {
      this.#isDone = true;
      this.#onDone(this);
    }
  }
}

/** Tells a handler of its error. What it throws then cannot be told to anybody. */
export function reportError(
  listener: DispatchListener,
  controller: DispatchController | null,
  error: unknown,
): void {
  try {
    listener.onError(controller, error);
  } catch {
    // Neither the data path nor the caller of `dispatch` can help it.
  }
}
