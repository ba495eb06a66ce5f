import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HeaderList } from '../../http/headers.js';
import { invalid } from '../request-options.js';
import type {
  ControllerDispatchHandler,
  DispatchController,
  DispatchHandler,
  LegacyDispatchHandler,
} from './dispatch-handler.js';
import { toHeaderObject, toRawHeaders } from './raw-headers.js';

/** A handler of either generation, as the exchange calls it. What the handler throws, it throws. */
export interface DispatchListener {
  /** Whether the handler is given the controller, and not only functions that call it. */
  readonly hasController: boolean;
  onStart(controller: DispatchController): void;
  /** Whether the handler can be given a connection that has changed its protocol. */
  readonly takesUpgrade: boolean;
  onUpgrade(controller: DispatchController, headers: HeaderList, socket: Duplex): void;
  onHead(controller: DispatchController, status: number, headers: HeaderList): void;
  onData(controller: DispatchController, chunk: Buffer): void;
  onEnd(controller: DispatchController, trailers: HeaderList | undefined): void;
  onError(controller: DispatchController | null, error: unknown): void;
  onBodySent(chunk: Buffer): void;
  onRequestSent(): void;
}

/** Returns who calls the handler. Throws `SIDECAR_REQUEST_INVALID` if it could not hear of errors. */
export function createListener(given: object): DispatchListener {
  // Its methods are called if they are there; that they are of this form is the caller's contract.
  const handler = given as DispatchHandler;
  // As undici 7 decides for handlers that have the methods of both generations.
  if (typeof handler.onRequestStart === 'function') {
    checkErrorMethod(handler.onResponseError, 'onResponseError');
    return new ControllerListener(handler);
  }
  checkErrorMethod(handler.onError, 'onError');
  return new LegacyListener(handler);
}

function checkErrorMethod(method: unknown, name: string): void {
  if (typeof method !== 'function') {
    throw invalid(`the handler has no method ${name}`);
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

class ControllerListener implements DispatchListener {
  readonly #handler: ControllerDispatchHandler;

  constructor(handler: ControllerDispatchHandler) {
    this.#handler = handler;
  }

  onStart(controller: DispatchController): void {
    this.#handler.onRequestStart?.(controller, null);
  }

  get hasController(): boolean {
    return true;
  }

  get takesUpgrade(): boolean {
    return typeof this.#handler.onRequestUpgrade === 'function';
  }

  onUpgrade(controller: DispatchController, headers: HeaderList, socket: Duplex): void {
    this.#handler.onRequestUpgrade?.(controller, switching, toHeaderObject(headers), socket);
  }

  onHead(controller: DispatchController, status: number, headers: HeaderList): void {
    const handler = this.#handler;
    handler.onResponseStarted?.();
    handler.onResponseStart?.(controller, status, toHeaderObject(headers), statusText(status));
  }

  onData(controller: DispatchController, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk);
  }

  onEnd(controller: DispatchController, trailers: HeaderList | undefined): void {
    this.#handler.onResponseEnd?.(controller, toHeaderObject(trailers));
  }

  onError(controller: DispatchController | null, error: unknown): void {
    this.#handler.onResponseError?.(controller, error);
  }

  onBodySent(chunk: Buffer): void {
    this.#handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }
}

class LegacyListener implements DispatchListener {
  readonly #handler: LegacyDispatchHandler;

  constructor(handler: LegacyDispatchHandler) {
    this.#handler = handler;
  }

  onStart(controller: DispatchController): void {
    this.#handler.onConnect?.((reason) => controller.abort(reason), null);
  }

  get hasController(): boolean {
    return false;
  }

  get takesUpgrade(): boolean {
    return typeof this.#handler.onUpgrade === 'function';
  }

  onUpgrade(_controller: DispatchController, headers: HeaderList, socket: Duplex): void {
    this.#handler.onUpgrade?.(switching, toRawHeaders(headers), socket);
  }

  onHead(controller: DispatchController, status: number, headers: HeaderList): void {
    const handler = this.#handler;
    handler.onResponseStarted?.();
    const resume = () => controller.resume();
    const raw = toRawHeaders(headers);
    if (handler.onHeaders?.(status, raw, resume, statusText(status)) === false) {
      controller.pause();
    }
  }

  onData(controller: DispatchController, chunk: Buffer): void {
    if (this.#handler.onData?.(chunk) === false) {
      controller.pause();
    }
  }

  onEnd(_controller: DispatchController, trailers: HeaderList | undefined): void {
    this.#handler.onComplete?.(toRawHeaders(trailers));
  }

  onError(_controller: DispatchController | null, error: unknown): void {
    this.#handler.onError?.(error);
  }

  onBodySent(chunk: Buffer): void {
    this.#handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }
}

/** 101, the status of every response that changes the protocol. */
const switching = 101;

/** The data path knows statuses only: the text is the status's own. */
function statusText(status: number): string {
  return STATUS_CODES[status] ?? '';
}
