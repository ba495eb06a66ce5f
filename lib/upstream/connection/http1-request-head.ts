import { isHeaderBytes, isHeaderName } from '../../config/header-text.js';
import type { HeaderList } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';

/** A request head as it goes on the wire, and how its body is framed. */
export interface EncodedRequestHead {
  readonly text: string;
  readonly isChunked: boolean;
}

/**
 * Writes a request head as HTTP/1.1. The framing is ours: a body of known length keeps its
 * `content-length`, any other goes in chunks. Values must already be free of CR, LF and NUL.
 *
 * A `host` among the headers is sent in the place of the authority, which the route was chosen by.
 */
export function encodeRequestHead(head: RequestHead, endStream: boolean): EncodedRequestHead {
  const headers = head.headers;
  let host = head.authority;
  let fields = '';
  let hasLength = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name === 'host') {
      host = headers[i + 1] as string;
      continue;
    }
    if (name === 'content-length') {
      hasLength = true;
    }
    fields += `${name}: ${headers[i + 1]}\r\n`;
  }
  let isChunked = false;
  if (endStream) {
    if (!hasLength && usuallyHasBody(head.method)) {
      // RFC 9110, 8.6: without it, some servers wait for a body or answer 411.
      fields += 'content-length: 0\r\n';
    }
  } else if (!hasLength) {
    isChunked = true;
    fields += 'transfer-encoding: chunked\r\n';
  }
  const text = `${head.method} ${head.path} HTTP/1.1\r\nhost: ${host}\r\n${fields}\r\n`;
  return { text, isChunked };
}

/**
 * Writes the last chunk and the trailers behind it. What would be more than one field, or none, is left
 * out: filters of the application may put anything there, when it is too late to refuse the request.
 */
export function encodeTrailers(trailers: HeaderList): string {
  let text = '0\r\n';
  for (let i = 0; i < trailers.length; i += 2) {
    const name: unknown = trailers[i];
    const value: unknown = trailers[i + 1];
    const isField =
      typeof name === 'string' &&
      typeof value === 'string' &&
      isHeaderName(name) &&
      isHeaderBytes(value);
    if (isField) {
      text += `${name}: ${value}\r\n`;
    }
  }
  return `${text}\r\n`;
}

function usuallyHasBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}
