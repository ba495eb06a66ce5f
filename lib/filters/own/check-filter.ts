import type { FilterStatus, HttpFilter, ResponseFilterStatus } from '../../http/filter.js';
import { type OwnCallbacks, toBuffer } from './own-callbacks.js';
import { swallowPromise } from './swallow-promise.js';

type RequestStatus = FilterStatus | undefined;
const requestStatuses: ReadonlySet<unknown> = new Set(['continue', 'stop', 'buffer', 'answer']);
const responseStatuses: ReadonlySet<unknown> = new Set(['continue', 'stop', 'buffer']);

/**
 * Returns a filter that passes everything on to one of the application's, and throws if that returns
 * what it must not. It has the methods that the other has, so that what nobody looks at costs nothing.
 */
export function checkFilter(name: string, filter: HttpFilter, callbacks: OwnCallbacks): HttpFilter {
  const check = new ReturnCheck(name, callbacks);
  const checked: HttpFilter = {
    ...(filter.readsBody === undefined ? {} : { readsBody: filter.readsBody }),
    onDestroy: () => swallowPromise(filter.onDestroy?.()),
  };
  if (filter.decodeHead !== undefined) {
    checked.decodeHead = (head, endStream) =>
      check.request(() => filter.decodeHead?.(head, endStream));
  }
  if (filter.decodeData !== undefined) {
    checked.decodeData = (chunk, endStream) =>
      check.bytes('decodeData', filter.decodeData?.(chunk, endStream));
  }
  if (filter.decodeEnd !== undefined) {
    checked.decodeEnd = (trailers) => check.bytes('decodeEnd', filter.decodeEnd?.(trailers));
  }
  if (filter.encodeHead !== undefined) {
    checked.encodeHead = (head, endStream) =>
      check.response(() => filter.encodeHead?.(head, endStream));
  }
  if (filter.encodeData !== undefined) {
    checked.encodeData = (chunk, endStream) =>
      check.bytes('encodeData', filter.encodeData?.(chunk, endStream));
  }
  if (filter.encodeEnd !== undefined) {
    checked.encodeEnd = (trailers) => check.bytes('encodeEnd', filter.encodeEnd?.(trailers));
  }
  if (filter.onResponsePaused !== undefined) {
    checked.onResponsePaused = (isPaused) => swallowPromise(filter.onResponsePaused?.(isPaused));
  }
  return checked;
}

/** Looks at what one filter returns. */
class ReturnCheck {
  readonly #name: string;
  readonly #callbacks: OwnCallbacks;

  constructor(name: string, callbacks: OwnCallbacks) {
    this.#name = name;
    this.#callbacks = callbacks;
  }

  request(ask: () => RequestStatus): FilterStatus {
    const { decoding } = this.#callbacks;
    decoding.open();
    const status: unknown = ask() ?? 'continue';
    decoding.answer(status !== 'continue');
    if (this.#callbacks.hasReplied) {
      // Whatever it says, the request goes no further.
      swallowPromise(status);
      return 'stop';
    }
    if (this.#callbacks.isAnswering) {
      swallowPromise(status);
      return 'answer';
    }
    this.#checkStatus('decodeHead', status, requestStatuses, 'continueDecoding');
    // It is one of them.
    return status as FilterStatus;
  }

  response(ask: () => RequestStatus): ResponseFilterStatus {
    const { encoding } = this.#callbacks;
    encoding.open();
    const status: unknown = ask() ?? 'continue';
    encoding.answer(status !== 'continue');
    this.#checkStatus('encodeHead', status, responseStatuses, 'continueEncoding');
    // It is one of them.
    return status as ResponseFilterStatus;
  }

  bytes(method: string, result: unknown): Buffer | undefined {
    if (result === undefined) {
      return undefined;
    }
    if (result instanceof Uint8Array) {
      return toBuffer(result);
    }
    swallowPromise(result);
    throw new TypeError(
      `httpFilters.${this.#name}: ${method} returned ${typeof result}, not bytes`,
    );
  }

  #checkStatus(
    method: string,
    status: unknown,
    statuses: ReadonlySet<unknown>,
    remedy: string,
  ): void {
    if (statuses.has(status)) {
      return;
    }
    const isPromise = swallowPromise(status);
    throw new TypeError(
      isPromise
        ? `httpFilters.${this.#name}: ${method} returned a promise; return 'stop' and call ${remedy} later`
        : `httpFilters.${this.#name}: ${method} returned ${String(status)}, which is no status`,
    );
  }
}
