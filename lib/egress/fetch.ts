import { SidecarError } from '../base/errors.js';
import type { SidecarDispatcher } from './dispatcher/sidecar-dispatcher.js';
import { refuseUsedBody } from './used-body.js';

/** As it was when this was loaded: an application may replace it, and by something that calls us. */
const builtInFetch = globalThis.fetch;

/** Sends a request with the standard fetch, over `dispatcher`; see `Sidecar.fetch`. */
export function fetchThrough(
  dispatcher: SidecarDispatcher,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<Response> {
  try {
    const body: unknown = init?.body;
    if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body) {
      // The standard refuses it, too, but with a message that does not say why.
      refuseUsedBody(body);
    }
    if (init === undefined || isPlain(init)) {
      return builtInFetch(input, { ...init, dispatcher });
    }
    // Properties of a class cannot be copied, so whoever may read them does it first.
    return builtInFetch(new Request(input, init), { dispatcher });
  } catch (error) {
    // Of looking at the arguments: the standard rejects for that, too.
    return Promise.reject(
      error instanceof SidecarError ? new TypeError('fetch failed', { cause: error }) : error,
    );
  }
}

function isPlain(init: RequestInit): boolean {
  if (init === null) {
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(init);
  return prototype === Object.prototype || prototype === null;
}
