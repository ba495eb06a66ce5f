import type { FilterCallbacks, MatchedRoute } from '../../http/filter.js';
import { type HeaderList, lowerCaseName } from '../../http/headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';
import type { NativeExchange } from '../../http/native-exchange.js';
import { OwnTurn } from './own-turn.js';

/**
 * What a filter of the application may ask of its request. It is what every filter may ask, but what
 * is out of turn or makes no sense does not get through: such code comes from outside of the library,
 * and mistakes in it must end one request and not spoil another.
 */
export class OwnCallbacks implements FilterCallbacks {
  /** Whether the request waits for this filter. */
  readonly decoding: OwnTurn = new OwnTurn();
  /** The same of the response. */
  readonly encoding: OwnTurn = new OwnTurn();
  readonly #name: string;
  readonly #callbacks: FilterCallbacks;
  /** How far the response is that this filter brings. */
  #answer: 'none' | 'begun' | 'ended' = 'none';
  #hasReplied = false;

  /** `name` is that of the filter, for messages. */
  constructor(name: string, callbacks: FilterCallbacks) {
    this.#name = name;
    this.#callbacks = callbacks;
  }

  /** Whether this filter brings the response, so that the request goes no further. */
  get isAnswering(): boolean {
    return this.#answer !== 'none';
  }

  get hasReplied(): boolean {
    return this.#hasReplied;
  }

  get requestHead(): RequestHead {
    return this.#callbacks.requestHead;
  }

  get stableRandom(): number {
    return this.#callbacks.stableRandom;
  }

  get clientAddress(): string {
    return this.#callbacks.clientAddress;
  }

  get localAddress(): string {
    return this.#callbacks.localAddress;
  }

  get protocol(): FilterCallbacks['protocol'] {
    return this.#callbacks.protocol;
  }

  get isInternal(): boolean {
    return this.#callbacks.isInternal;
  }

  get hasEnvoyHeaders(): boolean {
    return this.#callbacks.hasEnvoyHeaders;
  }

  get nativeExchange(): NativeExchange | undefined {
    return this.#callbacks.nativeExchange;
  }

  get route(): MatchedRoute | undefined {
    return this.#callbacks.route;
  }

  get isHealthCheck(): boolean {
    return this.#callbacks.isHealthCheck;
  }

  set isHealthCheck(value: boolean) {
    this.#callbacks.isHealthCheck = value;
  }

  get requestBufferLimit(): number {
    return this.#callbacks.requestBufferLimit;
  }

  set requestBufferLimit(bytes: number) {
    this.#callbacks.requestBufferLimit = this.#checkLimit(bytes);
  }

  get responseBufferLimit(): number {
    return this.#callbacks.responseBufferLimit;
  }

  set responseBufferLimit(bytes: number) {
    this.#callbacks.responseBufferLimit = this.#checkLimit(bytes);
  }

  get upstreamHost(): string | undefined {
    return this.#callbacks.upstreamHost;
  }

  set upstreamHost(address: string | undefined) {
    this.#callbacks.upstreamHost = address;
  }

  get upstreamCluster(): string | undefined {
    return this.#callbacks.upstreamCluster;
  }

  set upstreamCluster(name: string | undefined) {
    this.#callbacks.upstreamCluster = name;
  }

  refreshRoute(): void {
    this.#callbacks.refreshRoute();
  }

  setResponseFlag(flag: number): void {
    this.#callbacks.setResponseFlag(flag);
  }

  continueDecoding(body?: Buffer): void {
    if (this.decoding.release()) {
      this.#callbacks.continueDecoding(this.#bytesOf('continueDecoding', body));
    }
  }

  continueEncoding(body?: Buffer): void {
    if (this.encoding.release()) {
      this.#callbacks.continueEncoding(this.#bytesOf('continueEncoding', body));
    }
  }

  sendLocalReply(status: number, body: string | Buffer, headers: HeaderList = []): void {
    this.#hasReplied = true;
    this.decoding.close();
    const content: unknown = body;
    const bytes = content instanceof Uint8Array ? toBuffer(content) : content;
    if (
      !isFinalStatus(status) ||
      (typeof bytes !== 'string' && !Buffer.isBuffer(bytes)) ||
      !Array.isArray(headers)
    ) {
      this.#misuse(
        'sendLocalReply takes a status from 200 to 599, a string or bytes, and a list of headers',
      );
      return;
    }
    const lowerCased = headers.map((text, i) => (i % 2 === 0 ? lowerCaseName(String(text)) : text));
    this.#callbacks.sendLocalReply(status, bytes, lowerCased);
  }

  encodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void {
    if (this.#hasReplied) {
      return;
    }
    if (this.isAnswering || !this.decoding.isOpen) {
      this.#misuse('encodeHead was called for a request that is answered already, or has gone on');
      return;
    }
    this.decoding.close();
    this.#answer = endStream ? 'ended' : 'begun';
    this.#callbacks.encodeHead(head, endStream, moreFollows === true);
  }

  encodeData(chunk: Buffer, endStream: boolean): boolean {
    const bytes = this.#takesBody('encodeData') ? this.#bytesOf('encodeData', chunk) : undefined;
    if (bytes === undefined) {
      return true;
    }
    if (endStream) {
      this.#answer = 'ended';
    }
    return this.#callbacks.encodeData(bytes, endStream);
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    if (this.#takesBody('encodeEnd')) {
      this.#answer = 'ended';
      this.#callbacks.encodeEnd(trailers);
    }
  }

  resetStream(): void {
    this.#callbacks.resetStream();
  }

  fail(error: unknown): void {
    this.#hasReplied = true;
    this.decoding.close();
    this.#callbacks.fail(error);
  }

  setRequestPaused(isPaused: boolean): void {
    this.#callbacks.setRequestPaused(isPaused);
  }

  /** Whether this filter is in the middle of a response. */
  #takesBody(method: string): boolean {
    if (this.#answer === 'none' && !this.#hasReplied) {
      this.#misuse(`${method} was called before encodeHead`);
    }
    return this.#answer === 'begun';
  }

  /** Returns bytes as a buffer; what is none ends the request. */
  #bytesOf(method: string, bytes: unknown): Buffer | undefined {
    if (bytes === undefined && method.startsWith('continue')) {
      return undefined;
    }
    if (!(bytes instanceof Uint8Array)) {
      this.#misuse(`${method} takes bytes`);
      return undefined;
    }
    return toBuffer(bytes);
  }

  #checkLimit(bytes: unknown): number {
    if (typeof bytes !== 'number' || !(bytes >= 0)) {
      // Anything else would be no limit at all.
      throw new TypeError(
        `httpFilters.${this.#name}: a buffer limit is a number of bytes, 0 or more`,
      );
    }
    return bytes;
  }

  /** Not thrown: whoever calls may have nobody who catches it. */
  #misuse(what: string): void {
    this.fail(new TypeError(`httpFilters.${this.#name}: ${what}`));
  }
}

/** Returns the same bytes as a buffer. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isFinalStatus(status: unknown): boolean {
  return Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
}
