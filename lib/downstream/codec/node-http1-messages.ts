import { IncomingMessage } from 'node:http';
import type { HeaderList } from '../../http/headers.js';
import { HeaderStoreResponse, type HeadersArgument } from './header-store-response.js';
import { connectionOf } from './node-http1-connection.js';
import { isHandshake } from './node-http1-upgrade.js';

/** What the messages tell the stream that they belong to. */
export interface MessageObserver {
  /** Whether the messages have been handed to a mounted application. */
  readonly isNative: boolean;
  onRequestData(chunk: Buffer): void;
  onRequestEnd(): void;
  /** A piece of the request body has come for the application. */
  onNativeRequestData(bytes: number): void;
  /** The application writes its head. */
  onNativeWriteHead(status: number, headers: HeaderList): void;
  /** The application writes a piece of its body. */
  onNativeResponseData(bytes: number): void;
  /** The response is complete, or its connection is gone. */
  onClose(): void;
}

/** A request of `node:http` that knows its stream. */
export class DownstreamRequest extends IncomingMessage {
  observer: MessageObserver | undefined = undefined;
  #parserUpgrades = false;
  #upgrades: boolean | undefined = undefined;

  /**
   * Whether the parser lets go of the connection behind this request. It would for any upgrade, of
   * which Node.js only since 22.21 and 24.9 lets a server choose; but what is no handshake of ours
   * is a request as any other. So is one that has to wait for its turn.
   */
  get upgrade(): boolean {
    if (!this.#parserUpgrades) {
      return false;
    }
    this.#upgrades ??=
      this.method === 'CONNECT' ||
      (isHandshake(this) && connectionOf(this.socket)?.canUpgrade === true);
    return this.#upgrades;
  }

  set upgrade(value: boolean | null) {
    // The constructor that this class extends sets it too, before there is a field of ours.
    if (#parserUpgrades in this) {
      this.#parserUpgrades = value === true;
    }
  }

  /**
   * Lets the stream see the body on its way to a mounted application. As an own property: a
   * framework may give the request another prototype.
   */
  watchBody(): void {
    this.push = pushToApplication;
  }
}

function pushToApplication(this: DownstreamRequest, chunk: Buffer | null): boolean {
  if (chunk === null) {
    this.observer?.onRequestEnd();
  } else {
    this.observer?.onNativeRequestData(chunk.length);
  }
  return IncomingMessage.prototype.push.call(this, chunk);
}

/** What a status line cannot hold. */
const badReason = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * A response of `node:http`. A mounted application writes to it as to any other; what it writes as
 * its head takes the way of every response through the filters before it is sent.
 */
export class DownstreamResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends HeaderStoreResponse<Request> {
  observer: MessageObserver | undefined = undefined;
  /** We have answered in the application's stead: what it still writes goes nowhere. */
  isAbandoned = false;

  /**
   * Makes the methods own properties: a framework may give the response another prototype, and is
   * to find these all the same.
   */
  pinMethods(): void {
    // Declared as `any`; it is the class of this response.
    const own: this = Object.getPrototypeOf(this);
    this.writeHead = own.writeHead;
    this.writeHeadNow = own.writeHeadNow;
    this.write = own.write;
    this.writeNow = own.writeNow;
    this.end = own.end;
    this.endNow = own.endNow;
    this.setHeader = own.setHeader;
    this.appendHeader = own.appendHeader;
    this.getHeader = own.getHeader;
    this.getHeaderNames = own.getHeaderNames;
    this.getRawHeaderNames = own.getRawHeaderNames;
    this.getHeaders = own.getHeaders;
    this.hasHeader = own.hasHeader;
    this.removeHeader = own.removeHeader;
  }

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
    if (this.observer?.isNative !== true) {
      return given === undefined
        ? super.writeHead(statusCode)
        : super.writeHead(statusCode, this.statusMessage, given);
    }
    const status = Math.trunc(statusCode);
    if (
      this.headersSent ||
      !(status >= 100 && status <= 999) ||
      (this.statusMessage !== undefined && badReason.test(this.statusMessage))
    ) {
      // Throws, as it must, before anybody hears of a response.
      return super.writeHead(statusCode);
    }
    this.statusCode = status;
    const list = super.takeHeaders(given);
    this.observer.onNativeWriteHead(status, list);
    if (!this.headersSent) {
      // Nobody waits for it any more, but the application has sent it.
      super.writeHead(status, list);
    }
    return this;
  }

  /** Sends the head as it is. */
  writeHeadNow(status: number, headers: HeaderList): void {
    // It is among the headers, unless the configuration has taken it off.
    this.sendDate = false;
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
      callBack(encoding, callback);
      return true;
    }
    this.#count(chunk, encoding);
    return super.write(chunk, encoding as BufferEncoding, callback as () => void);
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    if (this.isAbandoned) {
      callBack(chunk, encoding, callback);
      return this;
    }
    this.#count(chunk, encoding);
    return super.end(chunk, encoding as BufferEncoding, callback as () => void);
  }

  #count(chunk: unknown, encoding: unknown): void {
    if (!this.writableEnded && !this.destroyed) {
      this.observer?.onNativeResponseData(sizeOf(chunk, encoding));
    }
  }
}

/** Calls the callback among the arguments, so that nobody waits for it in vain. */
function callBack(...args: readonly unknown[]): void {
  const callback = args.find((arg) => typeof arg === 'function');
  if (callback !== undefined) {
    process.nextTick(callback);
  }
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as 'utf8') : 'utf8');
  }
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
