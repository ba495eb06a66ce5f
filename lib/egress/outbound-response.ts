import type { HeaderList } from '../http/headers.js';
import type { OutboundBody } from './outbound-body.js';

/** Header names in lower case; a name that occurs several times has a list. */
export type HeaderRecord = Record<string, string | string[]>;

/** What `sidecar.request` resolves with. */
export class OutboundResponse {
  readonly statusCode: number;
  readonly body: OutboundBody;
  readonly #headerList: HeaderList;
  #headers: HeaderRecord | undefined = undefined;
  #trailerList: HeaderList = [];

  constructor(statusCode: number, headers: HeaderList, body: OutboundBody) {
    this.statusCode = statusCode;
    this.#headerList = headers;
    this.body = body;
  }

  get headers(): HeaderRecord {
    this.#headers ??= toRecord(this.#headerList);
    return this.#headers;
  }

  /** Complete when the body is. */
  get trailers(): HeaderRecord {
    return toRecord(this.#trailerList);
  }

  /** Called by the stream, at the end of the body. */
  setTrailers(trailers: HeaderList): void {
    this.#trailerList = trailers;
  }
}

function toRecord(list: HeaderList): HeaderRecord {
  // Without a prototype, since a peer chooses the names.
  const record: HeaderRecord = Object.create(null);
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] as string;
    const value = list[i + 1] as string;
    const existing = record[name];
    if (existing === undefined) {
      record[name] = value;
    } else if (Array.isArray(existing)) {
      existing.push(value);
    } else {
      record[name] = [existing, value];
    }
  }
  return record;
}
