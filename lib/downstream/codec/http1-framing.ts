import { type HeaderList, lowerCaseName, removeHeader } from '../../http/headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';

/** How the body of a request is framed: its length in bytes, `chunked` or `unknownCoding`. */
export type BodyLength = number;
export const chunked: BodyLength = -1;
/** The body is coded in a way that the next hop would not be told of. */
export const unknownCoding: BodyLength = -2;

/**
 * Fills `head` with the headers as they came, and returns how the body is framed. The host stands
 * by itself; two of them are as good as none (RFC 9112, 3.2).
 */
export function readRequestHeaders(raw: readonly string[], head: RequestHead): BodyLength {
  const headers = head.headers;
  let hosts = 0;
  let bodyLength: BodyLength = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = lowerCaseName(raw[i] as string);
    const value = raw[i + 1] as string;
    if (name === 'host') {
      hosts++;
      head.authority = value;
      continue;
    }
    if (name === 'transfer-encoding') {
      // It is of this connection, and the chunks are all of it that we undo.
      const isPlain = bodyLength >= 0 && value.toLowerCase() === 'chunked';
      bodyLength = isPlain ? chunked : unknownCoding;
    } else if (name === 'content-length' && bodyLength >= 0) {
      bodyLength = Number(value);
    }
    headers.push(name, value);
  }
  if (hosts > 1) {
    head.authority = '';
  }
  return bodyLength;
}

/** Whether a response to `method` may have a body: RFC 9112, 6.3. */
export function hasBody(status: number, method: string | undefined): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304 && status >= 200;
}

/**
 * Makes the headers of a response say of its body what is true on our connection. An empty body
 * is announced, but not where there can be none; trailers are announced only where there can be.
 */
export function fitResponseHeaders(
  head: ResponseHead,
  method: string | undefined,
  endStream: boolean,
): void {
  const { status, headers } = head;
  let hasLength = false;
  let hasTrailer = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (name === 'content-length') {
      hasLength = true;
    } else if (name === 'trailer') {
      hasTrailer = true;
    }
  }
  const mayHaveBody = hasBody(status, method);
  if (hasLength && status === 204) {
    // RFC 9110, 8.6: it never has one. Some clients would wait for that body.
    removeHeader(headers, 'content-length');
  } else if (endStream && mayHaveBody && !hasLength) {
    headers.push('content-length', '0');
  }
  if (hasTrailer && (hasLength || endStream || !mayHaveBody)) {
    // Only chunks have trailers, and `node:http` throws at an announcement of others.
    removeHeader(headers, 'trailer');
  }
}

/**
 * What a trailer must not say, lest a host that merges trailers into the headers believes it: where
 * a message ends, where it goes and where it comes from (RFC 9110, 6.5.1).
 */
const forbiddenTrailers: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Returns the trailers of a request as they are handed on, or `undefined` if there are none. */
export function readTrailers(raw: readonly string[]): HeaderList | undefined {
  const trailers: HeaderList = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = lowerCaseName(raw[i] as string);
    const isForbidden =
      forbiddenTrailers.has(name) || name.startsWith('x-envoy-') || name.startsWith('x-forwarded-');
    if (!isForbidden) {
      trailers.push(name, raw[i + 1] as string);
    }
  }
  return trailers.length === 0 ? undefined : trailers;
}
