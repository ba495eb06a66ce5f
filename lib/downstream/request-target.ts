import type { RequestHead } from '../http/message.js';

/** A target with scheme and host. What the host may be is checked as for every request. */
const absoluteForm = /^https?:\/\/([^/?]+)([/?].*)?$/i;

/**
 * Splits a target in absolute form into host and path; its host takes the place of the header
 * `Host` (RFC 9112, 3.2.2). Returns false if the target is no URL of HTTP.
 *
 * The scheme has no effect: what is said of the connection that the request came by, such as in
 * `x-forwarded-proto`, is not for the client to say.
 */
export function resolveAbsoluteForm(head: RequestHead): boolean {
  const match = absoluteForm.exec(head.path);
  if (match === null) {
    return false;
  }
  const [, authority = '', path = '/'] = match;
  head.authority = authority;
  head.path = path.startsWith('/') ? path : `/${path}`;
  return true;
}
