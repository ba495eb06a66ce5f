import type { OutgoingHttpHeaders } from 'node:http2';
import { type HeaderList, lowerCaseName } from '../../http/headers.js';
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

/** What is of one connection, and malformed in a message of HTTP/2: RFC 9113, 8.2.2. */
const connectionHeaders: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Removes from the headers of a response what HTTP/2 has no place for, in place. */
export function removeConnectionHeaders(headers: HeaderList): void {
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!connectionHeaders.has(name)) {
      headers[kept] = name;
      headers[kept + 1] = headers[i + 1] as string;
      kept += 2;
    }
  }
  headers.length = kept;
}

/**
 * Returns a list as the record that `node:http2` takes. `joins`: several fields of one name become
 * one with commas, which says the same (RFC 9110, 5.3) and is not refused for any name.
 */
export function toRecord(list: HeaderList, joins: boolean): OutgoingHttpHeaders {
  // Without a prototype no name is special.
  const record: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] as string;
    const value = list[i + 1] as string;
    const before = record[name];
    if (before === undefined) {
      record[name] = value;
    } else if (joins && name !== 'set-cookie') {
      record[name] = `${before}, ${value}`;
    } else if (typeof before === 'string') {
      record[name] = [before, value];
    } else {
      before.push(value);
    }
  }
  return record;
}
