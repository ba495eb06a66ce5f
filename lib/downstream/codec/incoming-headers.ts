import type { IncomingHttpHeaders } from 'node:http';
import type { HeaderList } from '../../http/headers.js';

/** Of these `node:http` keeps the first and drops the rest, as its documentation says. */
const singleHeaders: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

/** Returns headers as `message.headers` of `node:http` would show them. */
export function toIncomingHeaders(list: HeaderList): IncomingHttpHeaders {
  const record: Record<string, string | string[]> = {};
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] as string;
    const value = list[i + 1] as string;
    const existing = Object.hasOwn(record, name) ? record[name] : undefined;
    if (name === 'set-cookie') {
      record[name] = Array.isArray(existing) ? [...existing, value] : [value];
    } else if (existing === undefined) {
      // Defined, not assigned: `__proto__` is a name as good as any.
      define(record, name, value);
    } else if (!singleHeaders.has(name)) {
      define(record, name, `${existing}${name === 'cookie' ? '; ' : ', '}${value}`);
    }
  }
  return record;
}

function define(record: Record<string, string | string[]>, name: string, value: string): void {
  if (name === '__proto__') {
    Object.defineProperty(record, name, { value, enumerable: true, configurable: true });
  } else {
    record[name] = value;
  }
}
