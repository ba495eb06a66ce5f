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
 */
export function encodeRequestHead(head: RequestHead, endStream: boolean): EncodedRequestHead {
  const headers = head.headers;
  let text = `${head.method} ${head.path} HTTP/1.1\r\nhost: ${head.authority}\r\n`;
  let hasLength = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name === 'content-length') {
      hasLength = true;
    }
    text += `${name}: ${headers[i + 1]}\r\n`;
  }
  if (endStream) {
    if (!hasLength && usuallyHasBody(head.method)) {
      // RFC 9110, 8.6: without it, some servers wait for a body or answer 411.
      text += 'content-length: 0\r\n';
    }
  } else if (!hasLength) {
    return { text: `${text}transfer-encoding: chunked\r\n\r\n`, isChunked: true };
  }
  return { text: `${text}\r\n`, isChunked: false };
}

/** Writes the last chunk and the trailers behind it. */
export function encodeTrailers(trailers: HeaderList): string {
  let text = '0\r\n';
  for (let i = 0; i < trailers.length; i += 2) {
    text += `${trailers[i]}: ${trailers[i + 1]}\r\n`;
  }
  return `${text}\r\n`;
}

function usuallyHasBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}
