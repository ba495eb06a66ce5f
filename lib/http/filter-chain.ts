import type { FilterCallbacks, FilterFactory, HttpFilter } from './filter.js';
import type { HeaderList } from './headers.js';
import type { RequestHead, ResponseHead } from './message.js';
import { responseFlag } from './response-flag.js';

/** What waits behind a filter that has stopped. */
interface StoppedRequest {
  /** Index of the first filter that has not seen the head. */
  readonly next: number;
  readonly head: RequestHead;
  readonly chunks: Buffer[];
  endStream: boolean;
  trailers: HeaderList | undefined;
}

/** The filters of one request, in their configured order: reference 2.1.1. */
export class FilterChain {
  readonly #filters: HttpFilter[];
  readonly #callbacks: FilterCallbacks;
  #stopped: StoppedRequest | undefined = undefined;
  #isDestroyed = false;

  constructor(factories: readonly FilterFactory[], callbacks: FilterCallbacks) {
    this.#callbacks = callbacks;
    this.#filters = [];
    for (const create of factories) {
      this.#filters.push(create(callbacks));
    }
  }

  decodeHead(head: RequestHead, endStream: boolean): void {
    this.#decodeHeadFrom(0, head, endStream);
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    const stopped = this.#stopped;
    if (stopped !== undefined) {
      stopped.chunks.push(chunk);
      stopped.endStream = endStream;
      // What waits must not grow: the peer is asked to wait too.
      this.#callbacks.setRequestPaused(true);
      return;
    }
    for (const filter of this.#filters) {
      filter.decodeData?.(chunk, endStream);
    }
  }

  decodeEnd(trailers: HeaderList | undefined): void {
    const stopped = this.#stopped;
    if (stopped !== undefined) {
      stopped.endStream = true;
      stopped.trailers = trailers;
      return;
    }
    for (const filter of this.#filters) {
      filter.decodeEnd?.(trailers);
    }
  }

  continueDecoding(): void {
    const stopped = this.#stopped;
    if (stopped === undefined || this.#isDestroyed) {
      return;
    }
    this.#stopped = undefined;
    const { chunks, endStream, trailers } = stopped;
    if (chunks.length > 0 && !endStream) {
      // Whoever is slow behind this filter says so again, below.
      this.#callbacks.setRequestPaused(false);
    }
    const endsWithTrailers = trailers !== undefined;
    const endsWithHead = endStream && chunks.length === 0 && !endsWithTrailers;
    this.#decodeHeadFrom(stopped.next, stopped.head, endsWithHead);
    // Another filter may have stopped in turn; then the pieces wait with it.
    for (let i = 0; i < chunks.length && !this.#isDestroyed; i++) {
      const isLast = endStream && !endsWithTrailers && i === chunks.length - 1;
      this.decodeData(chunks[i] as Buffer, isLast);
    }
    if (endsWithTrailers && !this.#isDestroyed) {
      this.decodeEnd(trailers);
    }
  }

  encodeHead(head: ResponseHead, endStream: boolean): void {
    for (const filter of this.#filters) {
      filter.encodeHead?.(head, endStream);
    }
  }

  onResponsePaused(isPaused: boolean): void {
    for (const filter of this.#filters) {
      filter.onResponsePaused?.(isPaused);
    }
  }

  /** Ends every filter. Idempotent. */
  destroy(): void {
    if (!this.#isDestroyed) {
      this.#isDestroyed = true;
      this.#stopped = undefined;
      for (const filter of this.#filters) {
        filter.onDestroy?.();
      }
    }
  }

  #decodeHeadFrom(first: number, head: RequestHead, endStream: boolean): void {
    const filters = this.#filters;
    for (let i = first; i < filters.length; i++) {
      if (filters[i]?.decodeHead?.(head, endStream) === 'stop') {
        if (i < filters.length - 1) {
          this.#stopped = { next: i + 1, head, chunks: [], endStream, trailers: undefined };
        }
        return;
      }
    }
    // No filter takes the request on, as in a chain without a router, where Envoy lets it hang.
    this.#callbacks.setResponseFlag(responseFlag.noRouteFound);
    this.#callbacks.sendLocalReply(404, '');
  }
}
