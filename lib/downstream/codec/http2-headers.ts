import { lowerCaseName } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';

/**
 * Reads the head of a request from names and values in turn, in the words of HTTP/1.1. The scheme
 * has no effect, as in a target in absolute form: it is not for the client to say.
 */
export function readHttp2Head(raw: readonly string[]): RequestHead {
  const head: RequestHead = { method: '', path: '', authority: '', headers: [] };
  let hasAuthority = false;
  let cookieIndex = -1;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    switch (name) {
      case ':method':
        head.method = value;
        break;
      case ':path':
        head.path = value;
        break;
      case ':scheme':
        break;
      case ':authority':
      case 'host':
        // Two that differ are as good as none: hosts could choose either (RFC 9113, 8.3.1).
        head.authority = hasAuthority && head.authority !== value ? '' : value;
        hasAuthority = true;
        break;
      case 'cookie':
        // In HTTP/2 each cookie may have a field of its own, in HTTP/1.1 not (RFC 9113, 8.2.3).
        if (cookieIndex === -1) {
          cookieIndex = head.headers.push(name, value) - 1;
        } else {
          head.headers[cookieIndex] += `; ${value}`;
        }
        break;
      default:
        head.headers.push(lowerCaseName(name), value);
    }
  }
  return head;
}
