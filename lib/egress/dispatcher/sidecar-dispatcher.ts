import { IdleWaiters } from '../../base/idle-waiters.js';
import { LinkedList } from '../../base/linked-list.js';
import { releaseBody } from '../body-pump.js';
import type { OutboundClient } from '../request.js';
import { invalid, type Target } from '../request-options.js';
import { DispatchExchange } from './dispatch-exchange.js';
import { createListener, reportError } from './dispatch-listener.js';
import { type DispatchOptions, parseDispatch, parseOrigin } from './dispatch-options.js';
import { GlobalDispatcher } from './global-dispatcher.js';
import { type CloseCallback, UndiciDispatcher } from './undici-dispatcher.js';
import { UndiciError } from './undici-error.js';

/**
 * The sidecar as a dispatcher of undici: for `fetch(url, { dispatcher })`, built in or of undici 6,
 * 7 and 8, and for undici's own functions.
 *
 * Requests to hosts that the configuration knows take the data path, so the time-outs are those of
 * the route and not `headersTimeout` or `bodyTimeout`. All others go, as they are, to undici's
 * global dispatcher.
 */
export class SidecarDispatcher extends UndiciDispatcher {
  readonly #client: OutboundClient;
  readonly #global: GlobalDispatcher;
  readonly #active: LinkedList<DispatchExchange> = new LinkedList();
  readonly #waiters: IdleWaiters = new IdleWaiters();
  #isClosed = false;
  #isDestroyed = false;

  /** For `Sidecar` only. */
  constructor(client: OutboundClient) {
    super();
    this.#client = client;
    this.#global = new GlobalDispatcher(this);
  }

  /** Whether `close` or `destroy` has been called. */
  override get closed(): boolean {
    return this.#isClosed;
  }

  /** Whether `destroy` has been called, or `close` is done. */
  override get destroyed(): boolean {
    return this.#isDestroyed;
  }

  /** Begins a request. Returns false if there is none, which the handler has been told then. */
  override dispatch(options: DispatchOptions, handler: object): boolean {
    if (typeof handler !== 'object' || handler === null) {
      throw invalid('the handler is not an object');
    }
    const origin = this.#isClosed ? undefined : parseOrigin(options?.origin);
    if (!this.#isClosed && (origin === undefined || !this.#client.claims(origin))) {
      return this.#global.dispatch(options, handler);
    }
    const listener = createListener(handler);
    try {
      this.#checkOpen();
      // It is there: there is none only once this is closed.
      const request = parseDispatch(origin as Target, options);
      if (request.isUpgrade && !listener.takesUpgrade) {
        releaseBody(request.body);
        throw invalid('the handler has no method for a connection that changes its protocol');
      }
      const exchange = new DispatchExchange(listener, this.#onDone);
      this.#active.append(exchange);
      exchange.start(this.#client, request);
      return true;
    } catch (error) {
      reportError(listener, null, error);
      return false;
    }
  }

  override close(): Promise<void>;
  override close(callback: CloseCallback): void;
  override close(callback?: CloseCallback): Promise<void> | void {
    checkCallback(callback);
    this.#isClosed = true;
    const isDone = this.#whenIdle().then(() => {
      this.#isDestroyed = true;
    });
    return report(isDone, callback);
  }

  override destroy(error?: Error | null): Promise<void>;
  override destroy(callback: CloseCallback): void;
  override destroy(error: Error | null, callback: CloseCallback): void;
  override destroy(
    error: Error | null | CloseCallback = null,
    callback?: CloseCallback,
  ): Promise<void> | void {
    const isCallback = typeof error === 'function';
    checkCallback(isCallback ? error : callback);
    this.#isClosed = true;
    this.#isDestroyed = true;
    const reason = (isCallback ? null : error) ?? destroyedError();
    for (const exchange of this.#active.toArray()) {
      exchange.abort(reason);
    }
    return report(this.#whenIdle(), isCallback ? error : callback);
  }

  #checkOpen(): void {
    if (this.#isDestroyed) {
      throw destroyedError();
    }
    if (this.#isClosed) {
      throw new UndiciError('UND_ERR_CLOSED', 'The dispatcher is closed');
    }
  }

  readonly #onDone = (exchange: DispatchExchange): void => {
    this.#active.remove(exchange);
    if (this.#active.size === 0) {
      this.#waiters.release();
    }
  };

  #whenIdle(): Promise<void> {
    return this.#waiters.wait(this.#active.size === 0);
  }
}

function destroyedError(): UndiciError {
  return new UndiciError('UND_ERR_DESTROYED', 'The dispatcher is destroyed');
}

/** Throws what undici throws; later it would be nobody's exception. */
function checkCallback(callback: unknown): void {
  if (callback !== undefined && typeof callback !== 'function') {
    throw new UndiciError('UND_ERR_INVALID_ARG', 'invalid callback');
  }
}

/** Tells the callback, if there is one, and returns the promise otherwise. */
function report(isDone: Promise<void>, callback: CloseCallback | undefined): Promise<void> | void {
  if (callback === undefined) {
    return isDone;
  }
  // A microtask of its own: what the callback throws is the caller's own exception, as in undici.
  // `isDone` itself never rejects.
  isDone.then(() => queueMicrotask(() => callback(null, null))).catch(() => {});
}
