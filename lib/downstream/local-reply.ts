import type { HeaderList } from '../http/headers.js';
import type { ResponseHead } from '../http/message.js';

/** A response of our own making. `body` is `undefined` if it is headers only. */
export interface LocalReply {
  readonly head: ResponseHead;
  readonly body: Buffer | undefined;
}

/**
 * Makes a local reply: reference 3.4. Length and type are there only if there is a body; a `HEAD`
 * request gets the headers of the body that it does not get.
 */
export function createLocalReply(
  status: number,
  body: string,
  method: string,
  extraHeaders: HeaderList = [],
): LocalReply {
  const headers = [...extraHeaders];
  if (body === '') {
    return { head: { status, headers }, body: undefined };
  }
  const bytes = Buffer.from(body);
  headers.push('content-length', String(bytes.length), 'content-type', 'text/plain');
  return { head: { status, headers }, body: method === 'HEAD' ? undefined : bytes };
}
