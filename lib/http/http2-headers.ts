import type { OutgoingHttpHeaders } from 'node:http2';
import { type HeaderList, removeHeaders } from './headers.js';

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

/** Removes from the headers of a message what HTTP/2 has no place for, in place. */
export function removeConnectionHeaders(headers: HeaderList): void {
  removeHeaders(headers, connectionHeaders);
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
