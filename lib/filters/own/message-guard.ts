import type { FilterFactory, FilterStatus, HttpFilter } from '../../http/filter.js';
import { getHeader, type HeaderList, lowerCaseName } from '../../http/headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';

/**
 * Stands behind the filters of the application: in front of the router, and at the end of the chain.
 * What they have made of a message may come from anywhere, and a line break in a header, or a body that
 * is longer than its length, would be a message of its own to whoever reads it.
 *
 * It throws, which ends the request with status 500 and says in the log what was wrong. The lengths of
 * responses are for the codec to look at.
 */
export const createMessageGuard: FilterFactory = () => new MessageGuard();

class MessageGuard implements HttpFilter {
  /** If nobody else reads the body, it is as long as its client says. */
  readonly readsBody = false;
  /** What the head of the request has announced and is still to come. */
  #remainingBytes: number | undefined = undefined;

  decodeHead({ method, path, authority, headers }: RequestHead, endStream: boolean): FilterStatus {
    check(isToken(method), 'the method of a request');
    check(isTarget(path), 'the path of a request');
    check(isAuthority(authority), 'the authority of a request');
    checkHeaders(headers);
    check(getHeader(headers, 'transfer-encoding') === undefined, 'transfer-encoding');
    this.#remainingBytes = contentLengthOf(headers);
    check(!endStream || (this.#remainingBytes ?? 0) === 0, 'content-length, without a body,');
    return 'continue';
  }

  decodeData(chunk: Buffer, endStream: boolean): undefined {
    if (this.#remainingBytes !== undefined) {
      this.#remainingBytes -= chunk.length;
      check(this.#remainingBytes >= 0 && !(endStream && this.#remainingBytes > 0), differentLength);
    }
  }

  decodeEnd(trailers: HeaderList | undefined): undefined {
    check((this.#remainingBytes ?? 0) === 0, differentLength);
    if (trailers !== undefined) {
      checkHeaders(trailers);
    }
  }

  encodeHead({ status, headers }: ResponseHead): FilterStatus & 'continue' {
    check(Number.isInteger(status) && status >= 200 && status <= 999, 'the status of a response');
    checkHeaders(headers);
    contentLengthOf(headers);
    return 'continue';
  }
}

const differentLength = 'a body of another length than its content-length';

function check(isRight: boolean, what: string): void {
  if (!isRight) {
    throw unsendable(what);
  }
}

function unsendable(what: string): Error {
  return new Error(`a filter of httpFilters has made ${what} that cannot be sent`);
}

/** Names become lower case, which everything behind this relies on. */
function checkHeaders(headers: HeaderList): void {
  check(headers.length % 2 === 0, 'a header without a value');
  for (let i = 0; i < headers.length; i += 2) {
    const name: unknown = headers[i];
    const value: unknown = headers[i + 1];
    if (typeof name !== 'string' || !isToken(name)) {
      throw unsendable(`the header ${JSON.stringify(name)}`);
    }
    if (typeof value !== 'string' || !isValue(value)) {
      throw unsendable(`a value of the header ${name}`);
    }
    headers[i] = lowerCaseName(name);
  }
}

/** Returns what `content-length` says; `undefined` without one. */
function contentLengthOf(headers: HeaderList): number | undefined {
  let length: number | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'content-length') {
      const value = headers[i + 1] ?? '';
      check(length === undefined && /^\d{1,15}$/.test(value), 'content-length');
      length = Number(value);
    }
  }
  return length;
}

function isToken(text: unknown): boolean {
  return typeof text === 'string' && /^[!#$%&'*+.^_`|~\w-]+$/.test(text);
}

/**
 * Whether a text can be the value of a header. Each of its characters is sent as one byte, so that one
 * beyond them would become another: U+010A a line break.
 */
function isValue(text: string): boolean {
  return !/[^\t\x20-\x7e\x80-\xff]/.test(text);
}

function isAuthority(text: unknown): boolean {
  return typeof text === 'string' && /^[\x21-\x7e\x80-\xff]*$/.test(text);
}

/** Whether a text can stand in a request line, and says nothing of the host. */
function isTarget(text: unknown): boolean {
  return typeof text === 'string' && /^\/[\x21-\x7e\x80-\xff]*$/.test(text);
}
