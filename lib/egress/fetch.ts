import type { SidecarDispatcher } from './dispatcher/sidecar-dispatcher.js';

/** As it was when this was loaded: an application may replace it, and by something that calls us. */
const builtInFetch = globalThis.fetch;

/** Sends a request with the standard fetch, over `dispatcher`; see `Sidecar.fetch`. */
export function fetchThrough(
  dispatcher: SidecarDispatcher,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<Response> {
  if (init === undefined || isPlain(init)) {
    return builtInFetch(input, { ...init, dispatcher });
  }
  try {
    // Properties of a class cannot be copied, so whoever may read them does it first.
    return builtInFetch(new Request(input, init), { dispatcher });
  } catch (error) {
    return Promise.reject(error);
  }
}

function isPlain(init: RequestInit): boolean {
  if (init === null) {
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(init);
  return prototype === Object.prototype || prototype === null;
}
