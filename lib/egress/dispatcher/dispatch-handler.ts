import type { HeaderObject, RawHeader } from './raw-headers.js';

/** How a handler steers its request, from `onRequestStart` on. */
export interface DispatchController {
  readonly aborted: boolean;
  readonly paused: boolean;
  /** What it was aborted with. */
  readonly reason: unknown;
  /** The headers of the response as bytes, names and values in turn; `null` before they are there. */
  readonly rawHeaders: readonly RawHeader[] | null;
  readonly rawTrailers: readonly RawHeader[] | null;
  /** Ends the request; the handler gets `reason` as its error. */
  abort(reason?: unknown): void;
  /** No piece of the body comes until `resume`. */
  pause(): void;
  resume(): void;
}

/** The handler of undici 6 and earlier, which undici 7 takes, too. */
export interface LegacyDispatchHandler {
  onConnect?(abort: (reason?: unknown) => void, context: unknown): void;
  onResponseStarted?(): void;
  /** `false` pauses until `resume` is called. */
  onHeaders?(status: number, headers: RawHeader[], resume: () => void, statusText: string): unknown;
  /** `false` pauses. */
  onData?(chunk: Buffer): unknown;
  onComplete?(trailers: RawHeader[]): void;
  onUpgrade?(status: number, headers: RawHeader[], socket: unknown): void;
  onError?(error: unknown): void;
  onBodySent?(chunk: Uint8Array): void;
  onRequestSent?(): void;
}

/** The handler of undici 7 and later. */
export interface ControllerDispatchHandler {
  onRequestStart?(controller: DispatchController, context: unknown): void;
  onResponseStarted?(): void;
  onResponseStart?(
    controller: DispatchController,
    status: number,
    headers: HeaderObject,
    statusText: string,
  ): void;
  onResponseData?(controller: DispatchController, chunk: Buffer): void;
  onResponseEnd?(controller: DispatchController, trailers: HeaderObject): void;
  onRequestUpgrade?(
    controller: DispatchController,
    status: number,
    headers: HeaderObject,
    socket: unknown,
  ): void;
  onResponseError?(controller: DispatchController | null, error: unknown): void;
  onBodySent?(chunk: Uint8Array): void;
  onRequestSent?(): void;
}

/** A handler of either generation. One with `onRequestStart` is of the later one. */
export type DispatchHandler = LegacyDispatchHandler & ControllerDispatchHandler;
