import type { Duplex } from 'node:stream';
import type {
  ControllerDispatchHandler,
  DispatchController,
  LegacyDispatchHandler,
} from '../../lib/egress/dispatcher/dispatch-handler.js';
import {
  type HeaderObject,
  parseRawHeaders,
  type RawHeader,
} from '../../lib/egress/dispatcher/raw-headers.js';

/** A handler of a dispatched request that notes what it hears; the tests drive it. */
export abstract class HandlerRecorder {
  readonly events: string[] = [];
  status = 0;
  statusText = '';
  headers: HeaderObject = {};
  trailers: HeaderObject = {};
  error: unknown = undefined;
  /** The connection after a change of protocol. */
  socket: Duplex | undefined = undefined;
  byteCount = 0;
  sent = 0;
  isSent = false;
  /** Pauses at each event of this name. */
  pauseAt: string | undefined = undefined;
  throwAt: { readonly event: string; readonly error: Error } | undefined = undefined;
  onStarting: () => void = () => {};
  /** Called at each event but the first. */
  onEvent: () => void = () => {};
  /** Resolves with the end of the response, rejects with the error. */
  readonly done: Promise<void>;
  #chunks: Buffer[] = [];
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A test need not be interested in it.
    this.done.catch(() => {});
  }

  /** The body so far. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  abstract pause(): void;
  abstract resume(): void;
  abstract abort(reason?: unknown): void;

  onBodySent(chunk: Uint8Array): void {
    this.sent += chunk.length;
  }

  onRequestSent(): void {
    this.isSent = true;
  }

  onResponseStarted(): void {
    this.events.push('started');
  }

  /** Returns whether to go on. */
  protected hear(event: string): boolean {
    this.events.push(event);
    if (this.throwAt?.event === event) {
      throw this.throwAt.error;
    }
    if (event !== 'start') {
      this.onEvent();
    }
    return this.pauseAt !== event;
  }

  protected takeChunk(chunk: Buffer): void {
    this.byteCount += chunk.length;
    this.#chunks.push(chunk);
  }

  protected upgrade(status: number, headers: HeaderObject, socket: Duplex): void {
    this.status = status;
    this.headers = headers;
    this.hear('upgrade');
    this.socket = socket;
  }

  protected complete(): void {
    this.#resolve();
  }

  protected fail(error: unknown): void {
    this.events.push('error');
    this.error = error;
    this.#reject(error);
  }
}

/** A handler of undici 6. */
export class LegacyRecorder extends HandlerRecorder implements LegacyDispatchHandler {
  #abort: (reason?: unknown) => void = () => {};
  #resume: () => void = () => {};

  onConnect(abort: (reason?: unknown) => void): void {
    this.#abort = abort;
    this.hear('start');
    this.onStarting();
  }

  onHeaders(status: number, raw: RawHeader[], resume: () => void, statusText: string): boolean {
    this.#resume = resume;
    this.status = status;
    this.statusText = statusText;
    this.headers = parseRawHeaders(raw);
    return this.hear('head');
  }

  onData(chunk: Buffer): boolean {
    this.takeChunk(chunk);
    return this.hear('data');
  }

  onUpgrade(status: number, raw: RawHeader[], socket: Duplex): void {
    this.upgrade(status, parseRawHeaders(raw), socket);
  }

  onComplete(raw: RawHeader[]): void {
    this.trailers = parseRawHeaders(raw);
    this.hear('end');
    this.complete();
  }

  onError(error: unknown): void {
    this.fail(error);
  }

  /** A handler of this generation pauses only by what it returns. */
  override pause(): void {}

  override resume(): void {
    this.#resume();
  }

  override abort(reason?: unknown): void {
    this.#abort(reason);
  }
}

/** A handler of undici 8. */
export class ControllerRecorder extends HandlerRecorder implements ControllerDispatchHandler {
  controller: DispatchController | undefined = undefined;

  onRequestStart(controller: DispatchController): void {
    this.controller = controller;
    this.hear('start');
    this.onStarting();
  }

  onResponseStart(
    controller: DispatchController,
    status: number,
    headers: HeaderObject,
    statusText: string,
  ): void {
    this.status = status;
    this.statusText = statusText;
    this.headers = headers;
    this.#pauseUnless(this.hear('head'), controller);
  }

  onResponseData(controller: DispatchController, chunk: Buffer): void {
    this.takeChunk(chunk);
    this.#pauseUnless(this.hear('data'), controller);
  }

  onRequestUpgrade(
    _controller: DispatchController,
    status: number,
    headers: HeaderObject,
    socket: Duplex,
  ): void {
    this.upgrade(status, headers, socket);
  }

  onResponseEnd(_controller: DispatchController, trailers: HeaderObject): void {
    this.trailers = trailers;
    this.hear('end');
    this.complete();
  }

  onResponseError(_controller: DispatchController | null, error: unknown): void {
    this.fail(error);
  }

  override pause(): void {
    this.controller?.pause();
  }

  override resume(): void {
    this.controller?.resume();
  }

  override abort(reason?: unknown): void {
    this.controller?.abort(reason);
  }

  #pauseUnless(canGoOn: boolean, controller: DispatchController): void {
    if (!canGoOn) {
      controller.pause();
    }
  }
}

/** Dispatches, and waits for the end of the response. */
export async function dispatchAndRecord(
  dispatcher: { dispatch(options: object, handler: object): boolean },
  options: object,
  recorder: HandlerRecorder,
): Promise<void> {
  dispatcher.dispatch(options, recorder);
  await recorder.done;
}
