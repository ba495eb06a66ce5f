import {
  type IncomingHttpHeaders,
  IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';
import { type HeaderList, lowerCaseName } from '../../http/headers.js';
import { toIncomingHeaders } from './incoming-headers.js';

/** What the messages tell the stream that they belong to. */
export interface MessageObserver {
  /** Whether the messages have been handed to a mounted application. */
  readonly isNative: boolean;
  onRequestData(chunk: Buffer): void;
  onRequestEnd(): void;
  /** The application writes its head. */
  onNativeWriteHead(status: number, headers: HeaderList): void;
  /** The response is complete, or its connection is gone. */
  onClose(): void;
}

/** What `writeHead` takes. */
type HeadersArgument = OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined;

/** A request of `node:http` that knows its stream. */
export class DownstreamRequest extends IncomingMessage {
  observer: MessageObserver | undefined = undefined;
  /** What a mounted application sees as headers, once it has been handed the request. */
  nativeHeaders: HeaderList | undefined = undefined;
  nativeRecord: IncomingHttpHeaders | undefined = undefined;
}

const noHeaders: IncomingHttpHeaders = Object.freeze({});

// `headers` is an accessor of `IncomingMessage`, declared as a property; TypeScript would not let a
// class override it. Making the record costs more than routing the request, so it is made when a
// mounted application asks for it.
Object.defineProperty(DownstreamRequest.prototype, 'headers', {
  configurable: true,
  enumerable: true,
  get(this: DownstreamRequest): IncomingHttpHeaders {
    if (this.nativeRecord === undefined) {
      if (this.nativeHeaders === undefined) {
        return headersForNode(this.rawHeaders);
      }
      this.nativeRecord = toIncomingHeaders(this.nativeHeaders);
    }
    return this.nativeRecord;
  },
  set(this: DownstreamRequest, record: IncomingHttpHeaders) {
    this.nativeRecord = record;
  },
});

/**
 * Returns the headers as `node:http` itself asks for them before it hands a request out: it looks
 * for nothing but `expect`.
 */
function headersForNode(raw: readonly string[]): IncomingHttpHeaders {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.length === 6 && lowerCaseName(name) === 'expect') {
      return { expect: raw[i + 1] };
    }
  }
  return noHeaders;
}

/**
 * A response of `node:http`. A mounted application writes to it as to any other; what it writes as
 * its head takes the way of every response through the filters before it is sent.
 */
export class DownstreamResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  observer: MessageObserver | undefined = undefined;
  /** Body bytes that a mounted application has written. */
  nativeBodyBytes = 0;
  /** We have answered in the application's stead: what it still writes goes nowhere. */
  isAbandoned = false;
  #hasHeaderStore = false;

  override writeHead(
    statusCode: number,
    reasonOrHeaders?: string | HeadersArgument,
    headers?: HeadersArgument,
  ): this {
    if (this.isAbandoned) {
      return this;
    }
    const isReason = typeof reasonOrHeaders === 'string';
    if (isReason) {
      this.statusMessage = reasonOrHeaders;
    }
    const given = isReason ? headers : (headers ?? reasonOrHeaders);
    if (this.observer?.isNative !== true || this.headersSent) {
      return given === undefined
        ? super.writeHead(statusCode)
        : super.writeHead(statusCode, this.statusMessage, given);
    }
    this.statusCode = statusCode;
    this.observer.onNativeWriteHead(statusCode, this.#collectHeaders(given));
    return this;
  }

  /** Sends the head as it is. */
  writeHeadNow(status: number, headers: HeaderList): void {
    if (!this.#hasHeaderStore) {
      super.writeHead(status, headers);
      return;
    }
    // Once `setHeader` was used, `writeHead` would keep only the last of several equal names.
    for (const name of this.getHeaderNames()) {
      // The framing stays the application's.
      if (name !== 'connection' && name !== 'transfer-encoding') {
        this.removeHeader(name);
      }
    }
    for (let i = 0; i < headers.length; i += 2) {
      super.appendHeader(headers[i] as string, headers[i + 1] as string);
    }
    super.writeHead(status);
  }

  /** Writes a piece of a body that has come through the filters. */
  writeNow(chunk: Buffer): boolean {
    return super.write(chunk);
  }

  /** Ends a response that has come through the filters. */
  endNow(chunk: Buffer | undefined): void {
    super.end(chunk);
  }

  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.#hasHeaderStore = true;
    return this.isAbandoned ? this : super.setHeader(name, value);
  }

  override appendHeader(name: string, value: string | readonly string[]): this {
    this.#hasHeaderStore = true;
    return this.isAbandoned ? this : super.appendHeader(name, value);
  }

  // The two take what `ServerResponse` takes; its overloads cannot be repeated here.
  // biome-ignore lint/suspicious/noExplicitAny: the arguments are passed on untouched
  override write(...args: any[]): boolean {
    if (this.isAbandoned) {
      return true;
    }
    this.nativeBodyBytes += sizeOf(args[0], args[1]);
    // biome-ignore lint/suspicious/noExplicitAny: see above
    return super.write(...(args as [any, any, any]));
  }

  // biome-ignore lint/suspicious/noExplicitAny: the arguments are passed on untouched
  override end(...args: any[]): this {
    if (this.isAbandoned) {
      return this;
    }
    this.nativeBodyBytes += sizeOf(args[0], args[1]);
    // biome-ignore lint/suspicious/noExplicitAny: see above
    return super.end(...(args as [any, any, any]));
  }

  /** Gathers what was set before and what `writeHead` got, which wins. */
  #collectHeaders(given: HeadersArgument): HeaderList {
    const list: HeaderList = [];
    if (given !== undefined) {
      appendGiven(list, given);
    }
    for (const name of this.getHeaderNames()) {
      if (!list.includes(name)) {
        appendValue(list, name, this.getHeader(name));
      }
    }
    return list;
  }
}

function appendGiven(list: HeaderList, given: OutgoingHttpHeaders | OutgoingHttpHeader[]): void {
  if (!Array.isArray(given)) {
    for (const name of Object.keys(given)) {
      appendValue(list, lowerCaseName(name), given[name]);
    }
  } else if (Array.isArray(given[0])) {
    // Pairs: `[[name, value], ...]`, which `writeHead` takes too.
    for (const [name, value] of given as unknown as [string, OutgoingHttpHeader][]) {
      appendValue(list, lowerCaseName(name), value);
    }
  } else {
    for (let i = 0; i < given.length; i += 2) {
      appendValue(list, lowerCaseName(String(given[i])), given[i + 1]);
    }
  }
}

function appendValue(list: HeaderList, name: string, value: OutgoingHttpHeader | undefined): void {
  if (Array.isArray(value)) {
    for (const one of value) {
      list.push(name, one);
    }
  } else if (value !== undefined) {
    list.push(name, String(value));
  }
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as 'utf8') : 'utf8');
  }
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
