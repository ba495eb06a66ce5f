import { type HeaderList, hasHeader, removeHeader } from '../http/headers.js';
import type { ResponseHead } from '../http/message.js';

/** A response of our own making. `body` is `undefined` if it is headers only. */
export interface LocalReply {
  readonly head: ResponseHead;
  readonly body: Buffer | undefined;
}

/** Statuses that have no body, whatever is said about one: RFC 9110, 15. */
const bodilessStatuses: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Makes a local reply: reference 3.4. Length and type are there only if there is a body; a `HEAD`
 * request gets the headers of the body that it does not get.
 *
 * A `content-type` among the extra headers is that of the body; bytes have no other. The length is ours in any case: with
 * another one, the client would take the end of the body for the next response.
 */
export function createLocalReply(
  status: number,
  body: string | Buffer,
  method: string,
  extraHeaders: HeaderList = [],
): LocalReply {
  const headers = [...extraHeaders];
  removeHeader(headers, 'content-length');
  if (body.length === 0 || bodilessStatuses.has(status)) {
    return { head: { status, headers }, body: undefined };
  }
  const bytes = Buffer.from(body);
  headers.push('content-length', String(bytes.length));
  if (typeof body === 'string' && !hasHeader(headers, 'content-type')) {
    headers.push('content-type', 'text/plain');
  }
  return { head: { status, headers }, body: method === 'HEAD' ? undefined : bytes };
}
