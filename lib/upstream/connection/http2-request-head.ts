import type { OutgoingHttpHeaders } from 'node:http2';
import { isHeaderBytes, isHeaderName } from '../../config/header-text.js';
import { type HeaderList, lowerCaseName } from '../../http/headers.js';
import { removeConnectionHeaders, toRecord } from '../../http/http2-headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';

/**
 * Writes a request head as `node:http2` takes it. `joins`: as that of `toRecord`.
 *
 * A `host` among the headers is sent in the place of the authority, which the route was chosen by.
 */
export function encodeHttp2Head(
  head: RequestHead,
  scheme: string,
  joins: boolean,
): OutgoingHttpHeaders {
  let authority = head.authority;
  const headers: HeaderList = [];
  let takesTrailers = false;
  for (let i = 0; i < head.headers.length; i += 2) {
    const name = head.headers[i] as string;
    const value = head.headers[i + 1] as string;
    if (name === 'host') {
      authority = value;
    } else if (name === 'te') {
      takesTrailers ||= trailersCoding.test(value);
    } else {
      headers.push(name, value);
    }
  }
  removeConnectionHeaders(headers);
  const record = toRecord(headers, joins);
  if (takesTrailers) {
    // The one value that HTTP/2 allows, which gRPC insists on.
    record['te'] = 'trailers';
  }
  record[':method'] = head.method;
  record[':scheme'] = scheme;
  record[':authority'] = authority;
  record[':path'] = head.path;
  return record;
}

const trailersCoding = /(?:^|[,\s])trailers(?:$|[,;\s])/i;

/** Writes trailers likewise, without what would be none: filters may put anything there. */
export function encodeHttp2Trailers(trailers: HeaderList | undefined): OutgoingHttpHeaders {
  const fields: HeaderList = [];
  for (let i = 0; trailers !== undefined && i < trailers.length; i += 2) {
    const name: unknown = trailers[i];
    const value: unknown = trailers[i + 1];
    if (
      typeof name === 'string' &&
      typeof value === 'string' &&
      isHeaderName(name) &&
      isHeaderBytes(value)
    ) {
      fields.push(name, value);
    }
  }
  removeConnectionHeaders(fields);
  return toRecord(fields, true);
}

/** Reads the head of a response from names and values in turn. */
export function readHttp2ResponseHead(raw: readonly string[]): ResponseHead {
  const head: ResponseHead = { status: 0, headers: [] };
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name === ':status') {
      head.status = Number(raw[i + 1]);
    } else {
      head.headers.push(lowerCaseName(name), raw[i + 1] as string);
    }
  }
  return head;
}

/** Reads the trailers of a response; `undefined` if there are none. */
export function readHttp2Trailers(raw: readonly string[]): HeaderList | undefined {
  const { headers } = readHttp2ResponseHead(raw);
  return headers.length === 0 ? undefined : headers;
}

/** Whether a response to `method` may have a body: RFC 9110, 6.4.1. */
export function mayHaveBody(status: number, method: string): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}
