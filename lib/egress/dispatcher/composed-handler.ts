import type {
  ControllerDispatchHandler,
  DispatchController,
  DispatchHandler,
  LegacyDispatchHandler,
} from './dispatch-handler.js';
import { HandlerFacade } from './handler-facade.js';
import { type HeaderObject, type RawHeader, toRawHeaders } from './raw-headers.js';

/**
 * Returns a handler that an interceptor of either generation can call, as interceptors call the one
 * that they know: undici 7 gives handlers of the earlier generation to its own, of the later one.
 */
export function toComposedHandler(given: object): object {
  // Its methods are called if they are there; that they are of this form is the caller's contract.
  const handler = given as DispatchHandler;
  const hasLater = typeof handler.onRequestStart === 'function';
  const hasEarlier = typeof handler.onConnect === 'function';
  const errorMethod = hasLater ? handler.onResponseError : handler.onError;
  if (hasLater === hasEarlier || typeof errorMethod !== 'function') {
    return given;
  }
  const upgradeMethod = hasLater ? handler.onRequestUpgrade : handler.onUpgrade;
  // One without such a method must not seem to have one: it could not be given the connection.
  const Handler = typeof upgradeMethod === 'function' ? UpgradableHandler : ComposedHandler;
  return hasLater
    ? new Handler(handler, handler, new HandlerFacade(handler))
    : new Handler(handler, new ControllerFacade(handler), handler);
}

/** The events of the request that both generations have alike. */
type CommonEvents = 'onResponseStarted' | 'onBodySent' | 'onRequestSent';
type LaterFace = Omit<ControllerDispatchHandler, CommonEvents>;
type EarlierFace = Omit<LegacyDispatchHandler, CommonEvents | 'onUpgrade'> & {
  readonly onUpgrade?: LegacyDispatchHandler['onUpgrade'] | undefined;
};

/** The two faces of one handler. Whoever calls it uses one of them. */
class ComposedHandler implements LegacyDispatchHandler, ControllerDispatchHandler {
  readonly #handler: Pick<DispatchHandler, CommonEvents>;
  protected readonly later: LaterFace;
  protected readonly earlier: EarlierFace;

  constructor(
    handler: Pick<DispatchHandler, CommonEvents>,
    later: LaterFace,
    earlier: EarlierFace,
  ) {
    this.#handler = handler;
    this.later = later;
    this.earlier = earlier;
  }

  onConnect(abort: (reason?: unknown) => void, context: unknown): void {
    this.earlier.onConnect?.(abort, context);
  }

  onHeaders(status: number, headers: RawHeader[], resume: () => void, statusText: string): unknown {
    return this.earlier.onHeaders?.(status, headers, resume, statusText);
  }

  onData(chunk: Buffer): unknown {
    return this.earlier.onData?.(chunk);
  }

  onComplete(trailers: RawHeader[]): void {
    this.earlier.onComplete?.(trailers);
  }

  onError(error: unknown): void {
    this.earlier.onError?.(error);
  }

  onRequestStart(controller: DispatchController, context: unknown): void {
    this.later.onRequestStart?.(controller, context);
  }

  onResponseStart(
    controller: DispatchController,
    status: number,
    headers: HeaderObject,
    statusText: string,
  ): void {
    this.later.onResponseStart?.(controller, status, headers, statusText);
  }

  onResponseData(controller: DispatchController, chunk: Buffer): void {
    this.later.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: DispatchController, trailers: HeaderObject): void {
    this.later.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: DispatchController | null, error: unknown): void {
    this.later.onResponseError?.(controller, error);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onBodySent(chunk: Uint8Array): void {
    this.#handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }
}

/** That of a handler that can be given a connection that has changed its protocol. */
class UpgradableHandler extends ComposedHandler {
  onUpgrade(status: number, headers: RawHeader[], socket: unknown): void {
    this.earlier.onUpgrade?.(status, headers, socket);
  }

  onRequestUpgrade(
    controller: DispatchController,
    status: number,
    headers: HeaderObject,
    socket: unknown,
  ): void {
    this.later.onRequestUpgrade?.(controller, status, headers, socket);
  }
}

/** Shows a handler of the earlier generation to whoever knows the later one only. */
class ControllerFacade implements LaterFace {
  readonly #handler: LegacyDispatchHandler;

  constructor(handler: LegacyDispatchHandler) {
    this.#handler = handler;
  }

  onRequestStart(controller: DispatchController, context: unknown): void {
    this.#handler.onConnect?.((reason) => controller.abort(reason), context);
  }

  onResponseStart(
    controller: DispatchController,
    status: number,
    headers: HeaderObject,
    statusText: string,
  ): void {
    const resume = () => controller.resume();
    if (this.#handler.onHeaders?.(status, toRaw(headers), resume, statusText) === false) {
      controller.pause();
    }
  }

  onResponseData(controller: DispatchController, chunk: Buffer): void {
    if (this.#handler.onData?.(chunk) === false) {
      controller.pause();
    }
  }

  onResponseEnd(_controller: DispatchController, trailers: HeaderObject): void {
    this.#handler.onComplete?.(toRaw(trailers));
  }

  onRequestUpgrade(
    _controller: DispatchController,
    status: number,
    headers: HeaderObject,
    socket: unknown,
  ): void {
    this.#handler.onUpgrade?.(status, toRaw(headers), socket);
  }

  onResponseError(_controller: DispatchController | null, error: unknown): void {
    this.#handler.onError?.(error);
  }
}

function toRaw(headers: HeaderObject): Buffer[] {
  return toRawHeaders(
    Object.entries(headers).flatMap(([name, value]) =>
      [value].flat().flatMap((one) => [name, one]),
    ),
  );
}
