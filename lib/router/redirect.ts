import { toByteString } from '../base/byte-string.js';
import type { RedirectActionConfig } from '../config/route-action-config.js';
import { getHeader } from '../http/headers.js';
import type { RequestHead } from '../http/message.js';

/** Makes the `location` of a redirect: reference 2.6.4. */
export type Redirect = (head: RequestHead) => string;

/** Compiles a redirect of a route. */
export function createRedirect({ host, path }: RedirectActionConfig): Redirect {
  const newHost = host === undefined ? undefined : toByteString(host);
  const newPath = path === undefined ? undefined : toByteString(path);
  return (head) => {
    const proto = getHeader(head.headers, 'x-forwarded-proto') ?? 'http';
    // Envoy takes an empty text for none.
    return `${proto}://${newHost || head.authority}${newPath || head.path}`;
  };
}

/** The redirect of what came over plain text and must not: reference 2.4.1. */
export const sslRedirect: Redirect = ({ authority, path }) => `https://${authority}${path}`;
