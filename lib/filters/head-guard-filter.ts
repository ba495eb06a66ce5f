import { readDecimal } from '../base/decimal.js';
import { isHeaderBytes, isHeaderName } from '../config/header-text.js';
import { isAuthority } from '../http/authority.js';
import type { FilterFactory, FilterStatus, HttpFilter } from '../http/filter.js';
import { getHeader, type HeaderList, lowerCaseName } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';

/**
 * Stands in front of the router in chains with filters of the application: what they put into a
 * head may come from anywhere, and a line break in it, or a body that is longer than the head says,
 * would be a message of its own to whoever reads it. What cannot be sent is a fault of the filter, and
 * is treated as if it had thrown.
 *
 * The lengths of responses are for the codec to look at.
 */
export const createHeadGuard: FilterFactory = () => new HeadGuard();

/** Headers that tell where a message or its connection ends: they are for the codecs to write. */
const framingHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

class HeadGuard implements HttpFilter {
  /** A body that nobody else reads is as long as its client has said. */
  readonly readsBody = false;
  /** What the head of the request has announced and has not come; `undefined` if it says nothing. */
  #missingBytes: number | undefined = undefined;
  #headers: HeaderList = [];

  decodeHead(head: RequestHead, endStream: boolean): FilterStatus {
    refuse('request', requestFault(head, endStream));
    this.#headers = head.headers;
    const length = getHeader(head.headers, 'content-length');
    this.#missingBytes = length === undefined ? undefined : Number(length);
    return 'continue';
  }

  decodeData(chunk: Buffer, endStream: boolean): undefined {
    this.#checkHeaders();
    if (this.#missingBytes !== undefined) {
      this.#missingBytes -= chunk.length;
      this.#checkLength(endStream);
    }
  }

  decodeEnd(): undefined {
    this.#checkHeaders();
    this.#checkLength(true);
  }

  encodeHead({ status, headers }: ResponseHead): FilterStatus & 'continue' {
    const isStatus = Number.isInteger(status) && status >= 200 && status <= 999;
    refuse('response', isStatus ? headersFault(headers, isDisguised) : `status ${status}`);
    return 'continue';
  }

  /**
   * As long as there is no connection, the head has not been sent; a filter that takes something out
   * of the body to put it there is too late by rights, but not always in fact.
   */
  #checkHeaders(): void {
    refuse(
      'request',
      headersFault(this.#headers, () => false),
    );
  }

  #checkLength(isEnded: boolean): void {
    const missingBytes = this.#missingBytes ?? 0;
    if (missingBytes < 0 || (isEnded && missingBytes > 0)) {
      const problem = missingBytes < 0 ? 'more' : 'less';
      refuse('request', `the body has ${problem} than the content-length says`);
    }
  }
}

function refuse(what: string, fault: string | undefined): void {
  if (fault !== undefined) {
    throw new Error(`a filter of the application has left a ${what} that cannot be sent: ${fault}`);
  }
}

function requestFault(
  { method, path, authority, headers }: RequestHead,
  endStream: boolean,
): string | undefined {
  if (!isHeaderName(method) || method === 'CONNECT') {
    return `method ${JSON.stringify(method)}`;
  }
  if (!isPath(path)) {
    return `path ${JSON.stringify(path)}`;
  }
  if (!isAuthority(authority)) {
    return `authority ${JSON.stringify(authority)}`;
  }
  return headersFault(headers, isFraming) ?? (endStream ? bodyFault(headers) : undefined);
}

/**
 * Returns what is wrong with headers; `isRefused` is asked about each name. Names become lower case,
 * which all that comes behind relies on.
 */
function headersFault(
  headers: HeaderList,
  isRefused: (name: string) => boolean,
): string | undefined {
  let lengths = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name: unknown = headers[i];
    const value: unknown = headers[i + 1];
    if (typeof name !== 'string' || !isHeaderName(name) || isRefused(name)) {
      return `header ${JSON.stringify(name)}`;
    }
    const lowerCased = lowerCaseName(name);
    const isLength = lowerCased === 'content-length';
    if (
      typeof value !== 'string' ||
      !isHeaderBytes(value) ||
      (lowerCased === 'host' && !isAuthority(value)) ||
      (isLength && (++lengths > 1 || readDecimal(value) === undefined))
    ) {
      return `header ${name}: ${JSON.stringify(value)}`;
    }
    headers[i] = lowerCased;
  }
  return undefined;
}

/** A host would wait for a body that is announced. */
function bodyFault(headers: HeaderList): string | undefined {
  const length = getHeader(headers, 'content-length') ?? '0';
  return Number(length) === 0 ? undefined : `content-length: ${length}, and no body`;
}

function isFraming(name: string): boolean {
  return framingHeaders.has(lowerCaseName(name));
}

/** In lower case they come from hosts, and the connection manager takes them off. */
function isDisguised(name: string): boolean {
  const lowerCased = lowerCaseName(name);
  return framingHeaders.has(lowerCased) && name !== lowerCased;
}

/** Whether a path can stand in a request line. */
function isPath(path: string): boolean {
  return /^\/[\x21\x22\x24-\x7e\x80-\xff]*$/.test(path);
}
