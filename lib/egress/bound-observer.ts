import { AsyncResource } from 'node:async_hooks';
import type { HeaderList } from '../http/headers.js';
import type { ExchangeObserver } from './outbound-exchange.js';

/**
 * Tells an observer in the asynchronous context in which its request was begun. The data path hears
 * of a response in a callback of a connection, which many requests share; and what the observer
 * belongs to may begin another request there and then, as that which follows a redirect does.
 */
export class BoundObserver implements ExchangeObserver {
  readonly #observer: ExchangeObserver;
  readonly #begun: AsyncResource = new AsyncResource('PILLION_EXCHANGE');

  constructor(observer: ExchangeObserver) {
    this.#observer = observer;
  }

  get hasReader(): boolean {
    return this.#observer.hasReader ?? true;
  }

  onContinue(): void {
    this.#begun.runInAsyncScope(() => this.#observer.onContinue?.());
  }

  onUpgrade(headers: HeaderList): void {
    this.#begun.runInAsyncScope(() => this.#observer.onUpgrade?.(headers));
  }

  onHead(status: number, headers: HeaderList, endStream: boolean): void {
    this.#begun.runInAsyncScope(this.#observer.onHead, this.#observer, status, headers, endStream);
  }

  onData(chunk: Buffer): boolean {
    return this.#begun.runInAsyncScope(this.#observer.onData, this.#observer, chunk);
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#begun.runInAsyncScope(this.#observer.onEnd, this.#observer, trailers);
  }

  onFailure(error: unknown): void {
    this.#begun.runInAsyncScope(this.#observer.onFailure, this.#observer, error);
  }

  onDrain(): void {
    this.#begun.runInAsyncScope(this.#observer.onDrain, this.#observer);
  }
}
