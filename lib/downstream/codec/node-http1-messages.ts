import {
  type IncomingHttpHeaders,
  IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
} from 'node:http';
import { type HeaderList, lowerCaseName } from '../../http/headers.js';
import { appendHeaderValue, HeaderStoreResponse } from './header-store-response.js';
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

/** How `node:http` makes the record. */
const original = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'headers');

// `headers` is an accessor of `IncomingMessage`, declared as a property; TypeScript would not let a
// class override it. Making the record costs more than routing the request, so it is made when a
// mounted application asks for it.
Object.defineProperty(DownstreamRequest.prototype, 'headers', {
  configurable: true,
  enumerable: true,
  get(this: DownstreamRequest): IncomingHttpHeaders {
    if (this.nativeRecord === undefined) {
      if (this.nativeHeaders === undefined) {
        // Not ours yet: `node:http` and instrumentations of it look at the request first.
        return original?.get?.call(this);
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
 * A response of `node:http`. A mounted application writes to it as to any other; what it writes as
 * its head takes the way of every response through the filters before it is sent.
 */
export class DownstreamResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends HeaderStoreResponse<Request> {
  observer: MessageObserver | undefined = undefined;
  /** Body bytes that a mounted application has written. */
  nativeBodyBytes = 0;
  /** We have answered in the application's stead: what it still writes goes nowhere. */
  isAbandoned = false;

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
    super.writeHead(status, headers);
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
    return this.isAbandoned ? this : super.setHeader(name, value);
  }

  override appendHeader(name: string, value: string | readonly string[]): this {
    return this.isAbandoned ? this : super.appendHeader(name, value);
  }

  override removeHeader(name: string): void {
    if (!this.isAbandoned) {
      super.removeHeader(name);
    }
  }

  // The overloads of the two cannot be repeated here; what they are given is passed on untouched.

  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (this.isAbandoned) {
      return true;
    }
    this.nativeBodyBytes += sizeOf(chunk, encoding);
    return super.write(chunk, encoding as BufferEncoding, callback as () => void);
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    if (this.isAbandoned) {
      return this;
    }
    this.nativeBodyBytes += sizeOf(chunk, encoding);
    return super.end(chunk, encoding as BufferEncoding, callback as () => void);
  }

  /** Gathers what was set before and what `writeHead` got, which wins. */
  #collectHeaders(given: HeadersArgument): HeaderList {
    const list: HeaderList = [];
    if (given !== undefined) {
      appendGiven(list, given);
    }
    this.addStoredTo(list);
    return list;
  }
}

function appendGiven(list: HeaderList, given: OutgoingHttpHeaders | OutgoingHttpHeader[]): void {
  if (!Array.isArray(given)) {
    for (const name of Object.keys(given)) {
      appendHeaderValue(list, lowerCaseName(name), given[name]);
    }
  } else if (Array.isArray(given[0])) {
    // Pairs: `[[name, value], ...]`, which `writeHead` takes too.
    for (const [name, value] of given as unknown as [string, OutgoingHttpHeader][]) {
      appendHeaderValue(list, lowerCaseName(name), value);
    }
  } else {
    for (let i = 0; i < given.length; i += 2) {
      appendHeaderValue(list, lowerCaseName(String(given[i])), given[i + 1]);
    }
  }
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as 'utf8') : 'utf8');
  }
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
