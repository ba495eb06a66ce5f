import type { Linked } from '../../base/linked-list.js';
import type { HeaderList } from '../../http/headers.js';
import { BodyPump, type BodySink } from '../body-pump.js';
import { brokenOff } from '../outbound-call.js';
import type { ExchangeObserver, OutboundExchange } from '../outbound-exchange.js';
import { OutboundUpgrade } from '../outbound-upgrade.js';
import type { OutboundClient } from '../request.js';
import { announcedLength } from '../request-body.js';
import { invalid } from '../request-options.js';
import type { DispatchController } from './dispatch-handler.js';
import { type DispatchListener, reportError } from './dispatch-listener.js';
import type { DispatchedRequest } from './dispatch-options.js';
import { toRawHeaders } from './raw-headers.js';
import type { ResponseEvent } from './response-event.js';
import { takeHead } from './take-head.js';
import { UndiciError } from './undici-error.js';

/**
 * One dispatched request on the data path, and what its handler steers it with.
 *
 * The handler hears nothing of the response while it is paused, and nothing before `dispatch` has
 * returned: callers of undici count on that, and an answer of the sidecar's own is there at once.
 * What comes meanwhile is kept. Whatever the handler throws ends the request and is reported to the
 * handler itself, as undici does; it never reaches the data path.
 *
 * Handlers keep this for long: the built-in fetch does until the next major collection of garbage,
 * since it waits for the collection of its responses. So nothing of the data path hangs on it any more
 * once the request is done.
 */
export class DispatchExchange
  implements DispatchController, ExchangeObserver, BodySink, Linked<DispatchExchange>
{
  previous: DispatchExchange | undefined = undefined;
  next: DispatchExchange | undefined = undefined;
  /** `undefined` once there is nothing more to tell. */
  #listener: DispatchListener | undefined;
  readonly #onDone: (exchange: DispatchExchange) => void;
  #exchange: OutboundExchange | undefined = undefined;
  #pump: BodyPump | undefined = undefined;
  /** Set if the request is a WebSocket handshake. */
  #upgrade: OutboundUpgrade | undefined = undefined;
  /** What the handler has not heard yet, in order. Mostly there is nothing. */
  #kept: ResponseEvent[] | undefined = undefined;
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
    try {
      this.#listener?.onStart(this);
      if (this.#listener === undefined) {
        return;
      }
      const endStream = body === undefined;
      const rawConnection =
        isUpgrade && endStream ? OutboundUpgrade.forRequest(method, headers) : undefined;
      this.#upgrade = rawConnection;
      this.#exchange = client.open({ target, method, headers, endStream, rawConnection }, this);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#exchange === undefined) {
      this.#fail(invalid('the configuration has lost this host in the meantime'));
      return;
    }
    this.#sendBody(body);
    if (this.#kept === undefined) {
      this.#isStarting = false;
    } else {
      queueMicrotask(() => {
        this.#isStarting = false;
        this.#deliver();
      });
    }
  }

  #sendBody(body: DispatchedRequest['body']): void {
    if (body === undefined) {
      this.#tellRequestSent();
    } else if (Buffer.isBuffer(body)) {
      this.writeBody(body);
      this.endBody();
    } else {
      this.#pump?.start(this);
    }
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
    if (this.#listener === undefined || this.#hasTrailers) {
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
    if (this.#listener === undefined) {
      return true;
    }
    const canGoOn = this.#exchange?.write(chunk) ?? true;
    try {
      this.#listener?.onBodySent(chunk);
    } catch (error) {
      this.#fail(error);
    }
    return canGoOn;
  }

  endBody(): void {
    if (this.#listener !== undefined) {
      this.#exchange?.end();
      this.#tellRequestSent();
    }
  }

  onBodyFailed(error: unknown): void {
    this.#fail(error);
  }

  onBodyDone(): void {}

  #tellRequestSent(): void {
    try {
      this.#listener?.onRequestSent();
    } catch (error) {
      this.#fail(error);
    }
  }

  // The response, from the data path.

  get hasReader(): boolean {
    return this.#hasResumed;
  }

  onUpgrade(headers: HeaderList): void {
    const socket = this.#upgrade?.clientEnd;
    if (socket !== undefined) {
      this.#isSwitching = true;
      takeHead(socket, () => this.#tell({ kind: 'upgrade', headers, socket }));
    }
  }

  onDrain(): void {
    this.#pump?.resume();
  }

  onHead(status: number, headers: HeaderList): void {
    this.#tell({ kind: 'head', status, headers });
  }

  onData(chunk: Buffer): boolean {
    this.#tell({ kind: 'data', chunk });
    this.#isHeldBack = this.#kept !== undefined || this.#isPaused;
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
    this.#tell({ kind: 'end', trailers });
  }

  onFailure(error: unknown): void {
    this.#pump?.stop();
    if (this.#isStarting) {
      this.#keep({ kind: 'failure', error });
    } else {
      // At once, as by undici: a handler that never resumes would never hear of it.
      this.#fail(error);
    }
  }

  /** Tells the handler now, or once it may hear of it. */
  #tell(event: ResponseEvent): void {
    if (this.#isStarting || this.#isPaused || this.#kept !== undefined) {
      this.#keep(event);
    } else {
      this.#tellNow(event);
    }
  }

  #keep(event: ResponseEvent): void {
    if (this.#listener !== undefined) {
      this.#kept ??= [];
      this.#kept.push(event);
    }
  }

  /**
   * Calls the handler. One that throws has not aborted the request: handlers that retry throw for a
   * response that they do not want, and give up only if they find it aborted.
   */
  #tellNow(event: ResponseEvent): void {
    const listener = this.#listener;
    if (listener === undefined) {
      return;
    }
    try {
      switch (event.kind) {
        case 'head':
          this.#headers = listener.hasController ? event.headers : undefined;
          listener.onHead(this, event.status, event.headers);
          break;
        case 'data':
          listener.onData(this, event.chunk);
          break;
        case 'end':
          this.#trailers = event.trailers;
          this.#hasTrailers = true;
          // A handler that throws even here still hears of it.
          listener.onEnd(this, event.trailers);
          this.#finish();
          break;
        case 'upgrade':
          this.#headers = listener.hasController ? event.headers : undefined;
          listener.onUpgrade(this, event.headers, event.socket);
          // What becomes of the connection is the handler's business from now on.
          this.#finish();
          break;
        case 'failure':
          this.#fail(event.error);
          break;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #deliver(): void {
    const kept = this.#kept;
    if (this.#isDelivering) {
      return;
    }
    if (kept !== undefined) {
      this.#isDelivering = true;
      // The event leaves the list last, so that one that comes meanwhile queues up behind it.
      while (kept.length > 0 && !this.#isPaused) {
        // It is there, as the list is not empty.
        this.#tellNow(kept[0] as ResponseEvent);
        kept.shift();
      }
      this.#isDelivering = false;
      if (kept.length === 0) {
        this.#kept = undefined;
      }
    }
    if (this.#isHeldBack && !this.#isPaused) {
      this.#isHeldBack = false;
      this.#exchange?.resume();
    }
  }

  #fail(error: unknown): void {
    const listener = this.#listener;
    const exchange = this.#exchange;
    const pump = this.#pump;
    if (listener !== undefined) {
      this.#finish();
      exchange?.cancel();
      pump?.stop();
      reportError(listener, this, error);
    }
  }

  #finish(): void {
    if (this.#listener !== undefined) {
      this.#listener = undefined;
      this.#exchange = undefined;
      this.#pump = undefined;
      this.#upgrade = undefined;
      this.#kept = undefined;
      this.#onDone(this);
    }
  }
}
