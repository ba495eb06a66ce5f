import type { HeaderList } from '../http/headers.js';

/**
 * Applies the rules of reference 5.5 and 5.8 to the headers of a response, in place: what is of
 * one connection goes, `date` and `server` are ours on every response.
 *
 * `keep-alive` goes too, which the reference leaves out: it would tell our peer of the time-out of a
 * connection that it does not have (RFC 9110, 7.6.1).
 */
export function applyResponseHeaderRules(
  headers: HeaderList,
  serverName: string,
  date: string,
  isClosing: boolean,
): void {
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    switch (name) {
      case 'connection':
      case 'transfer-encoding':
      case 'keep-alive':
      case 'date':
      case 'server':
        continue;
    }
    headers[kept] = name;
    headers[kept + 1] = headers[i + 1] as string;
    kept += 2;
  }
  if (kept < headers.length) {
    headers.length = kept;
  }
  headers.push('date', date, 'server', serverName);
  if (isClosing) {
    headers.push('connection', 'close');
  }
}
