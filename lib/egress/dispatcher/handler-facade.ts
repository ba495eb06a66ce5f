import type { ControllerDispatchHandler, DispatchController } from './dispatch-handler.js';
import { parseRawHeaders, type RawHeader } from './raw-headers.js';

/**
 * Shows a handler of the later generation to a dispatcher that knows the earlier one only, such as
 * that of Node.js 20 and 22.
 */
export class HandlerFacade {
  readonly #handler: ControllerDispatchHandler;
  readonly onBodySent: ((chunk: Uint8Array) => void) | undefined;
  readonly onRequestSent: (() => void) | undefined;
  /** Not there if the handler has none: dispatchers ask before they send a handshake. */
  readonly onUpgrade: ((status: number, headers: RawHeader[], socket: unknown) => void) | undefined;
  #controller: FacadeController | null = null;

  constructor(handler: ControllerDispatchHandler) {
    this.#handler = handler;
    this.onBodySent = handler.onBodySent?.bind(handler);
    this.onRequestSent = handler.onRequestSent?.bind(handler);
    this.onUpgrade =
      typeof handler.onRequestUpgrade === 'function'
        ? (status, headers, socket) => this.#tellUpgrade(status, headers, socket)
        : undefined;
  }

  onConnect(abort: (reason?: unknown) => void, context: unknown): void {
    // Anew for each connection that the request is begun on.
    this.#controller = new FacadeController(abort);
    this.#handler.onRequestStart?.(this.#controller, context);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onHeaders(status: number, headers: RawHeader[], resume: () => void, statusText: string): boolean {
    return this.#tell((controller) => {
      controller.rawHeaders = headers;
      controller.onResume = resume;
      this.#handler.onResponseStart?.(controller, status, parseRawHeaders(headers), statusText);
    });
  }

  onData(chunk: Buffer): boolean {
    return this.#tell((controller) => this.#handler.onResponseData?.(controller, chunk));
  }

  onComplete(trailers: RawHeader[]): void {
    this.#tell((controller) => {
      controller.rawTrailers = trailers;
      this.#handler.onResponseEnd?.(controller, parseRawHeaders(trailers));
    });
  }

  #tellUpgrade(status: number, headers: RawHeader[], socket: unknown): void {
    this.#tell((controller) => {
      controller.rawHeaders = headers;
      this.#handler.onRequestUpgrade?.(controller, status, parseRawHeaders(headers), socket);
    });
  }

  onError(error: unknown): void {
    this.#handler.onResponseError?.(this.#controller, error);
  }

  /** Returns whether more may come. */
  #tell(event: (controller: FacadeController) => void): boolean {
    const controller = this.#controller;
    if (controller === null) {
      return true;
    }
    event(controller);
    return !controller.paused;
  }
}

class FacadeController implements DispatchController {
  readonly #abort: (reason?: unknown) => void;
  rawHeaders: RawHeader[] | null = null;
  rawTrailers: RawHeader[] | null = null;
  onResume: (() => void) | undefined = undefined;
  aborted = false;
  paused = false;
  reason: unknown = null;

  constructor(abort: (reason?: unknown) => void) {
    this.#abort = abort;
  }

  abort(reason?: unknown): void {
    if (!this.aborted) {
      this.aborted = true;
      this.reason = reason;
      this.#abort(reason);
    }
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (this.paused) {
      this.paused = false;
      this.onResume?.();
    }
  }
}
