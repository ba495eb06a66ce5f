import type { FilterCallbacks, FilterFactory, FilterStatus, HttpFilter } from './filter.js';
import { FilterPassage } from './filter-passage.js';
import type { HeaderList } from './headers.js';
import type { RequestHead, ResponseHead } from './message.js';
import { responseFlag } from './response-flag.js';

/** Whose filters they are: the request that passes them, and what becomes of its response. */
export interface FilterChainOwner extends FilterCallbacks {
  /** More of the request has come than may be buffered. */
  onRequestTooLarge(): void;
  /** More of the response has come than may be buffered. */
  onResponseTooLarge(): void;
  /** A response head that has passed the filters. The two below go with it. */
  sendHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void;
  sendData(chunk: Buffer, endStream: boolean): boolean;
  sendEnd(trailers: HeaderList | undefined): void;
}

/** The filters of one request, in their configured order: reference 2.1.1. */
export class FilterChain {
  #filters: HttpFilter[] = [];
  readonly #request: RequestPassage;
  /** `undefined` if no filter looks at responses. */
  readonly #response: ResponsePassage | undefined;
  #readsBody = false;
  #isDestroyed = false;

  constructor(factories: readonly FilterFactory[], owner: FilterChainOwner) {
    let hasEncoder = false;
    for (const create of factories) {
      const filter = this.#create(create, owner);
      if (this.#filters.length === 0) {
        // Mostly the router is alone. To push it would make room for sixteen more.
        this.#filters = [filter];
      } else {
        this.#filters.push(filter);
      }
      this.#readsBody ||= filter.readsBody ?? looksAtBodies(filter);
      hasEncoder ||=
        filter.encodeHead !== undefined ||
        filter.encodeData !== undefined ||
        filter.encodeEnd !== undefined;
    }
    this.#request = new RequestPassage(this.#filters, owner);
    this.#response = hasEncoder ? new ResponsePassage(this.#filters, owner) : undefined;
  }

  /** What responses pass, or `undefined` if they can be sent as they are. */
  get response(): FilterPassage<ResponseHead> | undefined {
    return this.#response;
  }

  /** Whether a filter looks at bodies, or has held the request back. */
  get readsBody(): boolean {
    return this.#readsBody || this.#request.hasHeld;
  }

  decodeHead(head: RequestHead, endStream: boolean): void {
    this.#request.head(head, endStream, false);
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.#request.data(chunk, endStream);
  }

  decodeEnd(trailers: HeaderList | undefined): void {
    this.#request.end(trailers);
  }

  continueDecoding(body?: Buffer): void {
    this.#request.continue(body);
  }

  /** The request goes no further: it is answered from here. What still comes of it is dropped. */
  endRequest(): void {
    this.#request.close();
  }

  onResponsePaused(isPaused: boolean): void {
    for (const filter of this.#filters) {
      filter.onResponsePaused?.(isPaused);
    }
  }

  /** Ends every filter. Idempotent. Throws what one of them has thrown, once all have ended. */
  destroy(): void {
    if (!this.#isDestroyed) {
      this.#isDestroyed = true;
      this.#request.close();
      this.#response?.close();
      this.#destroyFilters();
    }
  }

  /** Makes one filter. If it cannot be made, those in front of it end: nobody else knows them. */
  #create(create: FilterFactory, owner: FilterChainOwner): HttpFilter {
    try {
      return create(owner);
    } catch (error) {
      try {
        this.#destroyFilters();
      } catch {
        // What comes of the first failure is not the one to be told of.
      }
      throw error;
    }
  }

  #destroyFilters(): void {
    const failures: unknown[] = [];
    for (const filter of this.#filters) {
      try {
        filter.onDestroy?.();
      } catch (error) {
        // The filters behind it have timers and connections of their own.
        failures.push(error);
      }
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  }
}

function looksAtBodies(filter: HttpFilter): boolean {
  return (
    filter.decodeData !== undefined ||
    filter.decodeEnd !== undefined ||
    filter.encodeData !== undefined ||
    filter.encodeEnd !== undefined
  );
}

/** The way of a request. It ends at the filter that answers. */
class RequestPassage extends FilterPassage<RequestHead> {
  readonly #owner: FilterChainOwner;

  constructor(filters: readonly HttpFilter[], owner: FilterChainOwner) {
    super(filters);
    this.#owner = owner;
  }

  protected get bufferLimit(): number {
    return this.#owner.requestBufferLimit;
  }

  protected askHead(filter: HttpFilter, head: RequestHead, endStream: boolean): FilterStatus {
    return filter.decodeHead?.(head, endStream) ?? 'continue';
  }

  protected askData(filter: HttpFilter, chunk: Buffer, endStream: boolean): Buffer | undefined {
    return filter.decodeData?.(chunk, endStream);
  }

  protected askEnd(filter: HttpFilter, trailers: HeaderList | undefined): Buffer | undefined {
    return filter.decodeEnd?.(trailers);
  }

  /** No filter answers, as in a chain without a router, where Envoy lets the request hang. */
  protected passHead(): void {
    this.#owner.setResponseFlag(responseFlag.noRouteFound);
    this.#owner.sendLocalReply(404, '');
  }

  protected passData(): boolean {
    return true;
  }

  protected passEnd(): void {}

  protected setPaused(isPaused: boolean): void {
    this.#owner.setRequestPaused(isPaused);
  }

  protected onTooLarge(): void {
    this.#owner.onRequestTooLarge();
  }
}

/** The way of a response, which ends at the codec. */
class ResponsePassage extends FilterPassage<ResponseHead> {
  readonly #filters: readonly HttpFilter[];
  readonly #owner: FilterChainOwner;
  /** Whether a piece of the body that comes in this turn also goes on in this turn. */
  readonly #passesBodyAtOnce: boolean;

  constructor(filters: readonly HttpFilter[], owner: FilterChainOwner) {
    super(filters);
    this.#filters = filters;
    this.#owner = owner;
    this.#passesBodyAtOnce = filters.every((filter) => filter.encodeData === undefined);
  }

  protected get bufferLimit(): number {
    return this.#owner.responseBufferLimit;
  }

  protected askHead(filter: HttpFilter, head: ResponseHead, endStream: boolean): FilterStatus {
    return filter.encodeHead?.(head, endStream) ?? 'continue';
  }

  protected askData(filter: HttpFilter, chunk: Buffer, endStream: boolean): Buffer | undefined {
    return filter.encodeData?.(chunk, endStream);
  }

  protected askEnd(filter: HttpFilter, trailers: HeaderList | undefined): Buffer | undefined {
    return filter.encodeEnd?.(trailers);
  }

  protected passHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void {
    this.#owner.sendHead(head, endStream, moreFollows && this.#passesBodyAtOnce);
  }

  protected passData(chunk: Buffer, endStream: boolean): boolean {
    return this.#owner.sendData(chunk, endStream);
  }

  protected passEnd(trailers: HeaderList | undefined): void {
    this.#owner.sendEnd(trailers);
  }

  /** Tells the filter that brings the response. */
  protected setPaused(isPaused: boolean): void {
    for (const filter of this.#filters) {
      filter.onResponsePaused?.(isPaused);
    }
  }

  protected onTooLarge(): void {
    this.#owner.onResponseTooLarge();
  }
}
