import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHead, ResponseHead } from './message.js';

/**
 * The `node:http` objects behind a downstream request, lent to a mounted application so that it
 * is called without a second parse and without a copy of the body. Implemented by the codec.
 */
export interface NativeExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /**
   * Hands the exchange over: the request object shows `head` from now on, its body is the
   * application's to read, and `observer` hears of the response.
   */
  take(head: RequestHead, observer: NativeObserver): void;
}

/** Hears what a mounted application answers on a native exchange. */
export interface NativeObserver {
  /**
   * Called once, when the application's head is about to be written. It must pass the head on, so
   * that the head comes back to the exchange's encoder, which writes it.
   */
  onNativeHead(head: ResponseHead): void;
  /** Called once, after `onNativeHead`, when the application has ended its response. */
  onNativeEnd(): void;
}
