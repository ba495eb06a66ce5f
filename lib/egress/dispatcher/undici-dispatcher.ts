import { EventEmitter } from 'node:events';
import { invalid } from '../request-options.js';
import { toComposedHandler } from './composed-handler.js';
import type { DispatchOptions } from './dispatch-options.js';
import { noteComposed } from './global-dispatcher.js';

/**
 * Begins a request: what interceptors wrap. Taken from a method, since of methods TypeScript compares
 * parameters leniently: undici's interceptors say more about theirs, in each version something else.
 */
export type Dispatch = DispatchMethod['dispatch'];

interface DispatchMethod {
  dispatch(options: DispatchOptions, handler: object): boolean;
}

/** A step before a dispatcher, of the form that all of undici's own have. */
export type DispatchInterceptor = (dispatch: Dispatch) => Dispatch;

/** Called when a dispatcher has closed. */
export type CloseCallback = (error: Error | null, nothing: null) => void;

/**
 * The contract of undici's dispatchers: what its functions and the built-in fetch need of the object
 * that is given to them as `dispatcher`. It is met without undici, of which an application may have
 * several copies or none.
 *
 * It never emits an event: connections belong to clusters, not to dispatchers, and `dispatch` always
 * takes more.
 */
export abstract class UndiciDispatcher extends EventEmitter {
  abstract readonly closed: boolean;
  abstract readonly destroyed: boolean;
  /**
   * Begins a request. The handler hears all that becomes of it, errors too. It is of either
   * generation; undici's versions do not agree on one type for it.
   */
  abstract dispatch(options: DispatchOptions, handler: object): boolean;
  /** Refuses new requests, and resolves when those under way have ended. */
  abstract close(): Promise<void>;
  abstract close(callback: CloseCallback): void;
  /** Ends the requests under way with `error`, and refuses new ones. */
  abstract destroy(error?: Error | null): Promise<void>;
  abstract destroy(callback: CloseCallback): void;
  abstract destroy(error: Error | null, callback: CloseCallback): void;

  /** Returns a dispatcher whose requests pass the interceptors first, the last one outermost. */
  compose(
    ...given: readonly (DispatchInterceptor | readonly DispatchInterceptor[])[]
  ): UndiciDispatcher {
    let dispatch: Dispatch = (options, handler) => this.dispatch(options, handler);
    for (const interceptor of given.flat()) {
      // As undici has it, so that one may be left out by a condition.
      if (interceptor === undefined || interceptor === null) {
        continue;
      }
      if (typeof interceptor !== 'function') {
        throw new TypeError(`invalid interceptor: expected a function, got ${typeof interceptor}`);
      }
      const intercepted = interceptor(dispatch);
      if (typeof intercepted !== 'function' || intercepted.length !== 2) {
        throw new TypeError('invalid interceptor: it has to return a function of two parameters');
      }
      dispatch = (options, handler) => intercepted(options, toComposedHandler(handler));
    }
    return new ComposedDispatcher(this, dispatch);
  }

  /** As every emitter has it; undici wants to be told that these are functions of some arguments. */
  override listeners(event: string | symbol): ((...args: unknown[]) => void)[] {
    // What can be registered is of this form.
    return super.listeners(event) as ((...args: unknown[]) => void)[];
  }

  /** As `listeners`, with the wrappers that `once` makes. */
  override rawListeners(event: string | symbol): ((...args: unknown[]) => void)[] {
    // What can be registered is of this form.
    return super.rawListeners(event) as ((...args: unknown[]) => void)[];
  }

  // Undici's own dispatchers have its functions as methods, too. They are code of undici's, so they
  // are here only to say where to find them.

  /** Not of this dispatcher: use `request(url, { dispatcher })` of undici. */
  request(..._options: unknown[]): never {
    return refuse('request');
  }

  /** Not of this dispatcher: use `stream(url, { dispatcher }, factory)` of undici. */
  stream(..._options: unknown[]): never {
    return refuse('stream');
  }

  /** Not of this dispatcher: use `pipeline(url, { dispatcher }, handler)` of undici. */
  pipeline(..._options: unknown[]): never {
    return refuse('pipeline');
  }

  /** Not of this dispatcher: use `connect(url, { dispatcher })` of undici. */
  connect(..._options: unknown[]): never {
    return refuse('connect');
  }

  /** Not of this dispatcher: use `upgrade(url, { dispatcher })` of undici. */
  upgrade(..._options: unknown[]): never {
    return refuse('upgrade');
  }
}

function refuse(name: string): never {
  throw invalid(
    `a sidecar's dispatcher has no ${name}(); use undici's ${name}(url, { dispatcher })`,
  );
}

/** A dispatcher with interceptors before it. */
class ComposedDispatcher extends UndiciDispatcher {
  readonly #inner: UndiciDispatcher;
  readonly #dispatch: Dispatch;

  constructor(inner: UndiciDispatcher, dispatch: Dispatch) {
    super();
    this.#inner = inner;
    this.#dispatch = dispatch;
    noteComposed(this, inner);
  }

  override get closed(): boolean {
    return this.#inner.closed;
  }

  override get destroyed(): boolean {
    return this.#inner.destroyed;
  }

  override dispatch(options: DispatchOptions, handler: object): boolean {
    return this.#dispatch(options, handler);
  }

  override close(): Promise<void>;
  override close(callback: CloseCallback): void;
  override close(callback?: CloseCallback): Promise<void> | void {
    return callback === undefined ? this.#inner.close() : this.#inner.close(callback);
  }

  override destroy(error?: Error | null): Promise<void>;
  override destroy(callback: CloseCallback): void;
  override destroy(error: Error | null, callback: CloseCallback): void;
  override destroy(
    error: Error | null | CloseCallback = null,
    callback?: CloseCallback,
  ): Promise<void> | void {
    if (typeof error === 'function') {
      return this.#inner.destroy(error);
    }
    return callback === undefined
      ? this.#inner.destroy(error)
      : this.#inner.destroy(error, callback);
  }
}
