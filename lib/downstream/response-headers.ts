import type { RouteTableConfig } from '../config/route-table-config.js';
import { type HeaderList, removeHeaders } from '../http/headers.js';
import { HeaderAdditions, type HeaderVariables } from '../router/header-additions.js';

/**
 * Applies the rules of reference 5.5 and 5.8 to the headers of a response, in place: what is of
 * one connection goes, `date` and `server` are ours on every response.
 *
 * `keep-alive` goes too, which the reference leaves out: it would tell our peer of the time-out of a
 * connection that it does not have (RFC 9110, 7.6.1).
 */
export function applyResponseHeaderRules(
  headers: HeaderList,
  serverName: string,
  date: string,
): void {
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    switch (name) {
      case 'connection':
      case 'transfer-encoding':
      case 'keep-alive':
      case 'date':
      case 'server':
        continue;
    }
    headers[kept] = name;
    headers[kept + 1] = headers[i + 1] as string;
    kept += 2;
  }
  if (kept < headers.length) {
    headers.length = kept;
  }
  headers.push('date', date, 'server', serverName);
}

/**
 * What a route table changes on every response, local replies included: reference 2.9, as releases
 * before 1.6 have it. Removing comes first.
 */
export class CustomResponseHeaders {
  readonly #toRemove: ReadonlySet<string>;
  readonly #toAdd: HeaderAdditions;

  constructor(config: RouteTableConfig) {
    this.#toRemove = new Set(config.responseHeadersToRemove);
    this.#toAdd = new HeaderAdditions(config.responseHeadersToAdd);
  }

  get isEmpty(): boolean {
    return this.#toRemove.size === 0 && this.#toAdd.isEmpty;
  }

  apply(headers: HeaderList, variables: HeaderVariables): void {
    removeHeaders(headers, this.#toRemove);
    this.#toAdd.addTo(headers, variables);
  }
}
