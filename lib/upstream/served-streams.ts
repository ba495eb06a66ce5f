import type { HeaderList } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { ServedRequest } from '../http/request-context.js';
import type { ResetReason } from '../http/reset-reason.js';
import type { RequestEncoder, ResponseDecoder } from '../http/stream.js';
import type { ServedDeadline } from './served-deadline.js';

/** A request on its way to the application through a stream in memory. */
export interface ServedStream {
  readonly request: ServedRequest;
  /** As the application sees them. */
  readonly headers: HeaderList;
  readonly deadline: ServedDeadline | undefined;
}

/** Returns the deadline of a request with these headers. */
export type DeadlineOf = (
  request: ServedRequest,
  headers: HeaderList,
) => ServedDeadline | undefined;

/** What both ends of a stream in memory know of. */
interface Passage {
  /** The request that goes through it now: one at a time. */
  stream: ServedStream | undefined;
}

/**
 * Finds, at the far end of a stream in memory, which request it is that has come out of it: what a
 * connection of the pool carries is text, and the same connection carries one request after another.
 */
export class ServedStreams {
  readonly #passages = new WeakMap<object, Passage>();
  readonly #deadlineOf: DeadlineOf;

  constructor(deadlineOf: DeadlineOf) {
    this.#deadlineOf = deadlineOf;
  }

  /** Returns what to send a request with in the place of `decoder`, so that it is found. */
  follow(decoder: ResponseDecoder, request: ServedRequest): ResponseDecoder {
    return new FollowedDecoder(decoder, this, request);
  }

  /** The two ends of a stream in memory have been made. */
  join(near: object, far: object): void {
    const passage: Passage = { stream: undefined };
    this.#passages.set(near, passage).set(far, passage);
  }

  /** A request with these headers is about to be written to the near end of a stream. */
  enter(
    near: object | undefined,
    request: ServedRequest,
    headers: HeaderList,
  ): ServedStream | undefined {
    const passage = near && this.#passages.get(near);
    if (passage !== undefined) {
      passage.stream = { request, headers, deadline: this.#deadlineOf(request, headers) };
    }
    return passage?.stream;
  }

  /** Returns the request that has come out at the far end of a stream. */
  at(far: object): ServedStream | undefined {
    return this.#passages.get(far)?.stream;
  }

  /** The request is over. `isAnswered`: with the response of the application. */
  leave(near: object | undefined, stream: ServedStream, isAnswered: boolean): void {
    stream.deadline?.settle(isAnswered);
    const passage = near && this.#passages.get(near);
    if (passage?.stream === stream) {
      passage.stream = undefined;
    }
  }
}

/** Stands between whoever makes a request and the connection that carries it. */
class FollowedDecoder implements ResponseDecoder, RequestEncoder {
  readonly native: undefined = undefined;
  readonly #decoder: ResponseDecoder;
  readonly #streams: ServedStreams;
  readonly #request: ServedRequest;
  #encoder: RequestEncoder | undefined = undefined;
  #stream: ServedStream | undefined = undefined;

  constructor(decoder: ResponseDecoder, streams: ServedStreams, request: ServedRequest) {
    this.#decoder = decoder;
    this.#streams = streams;
    this.#request = request;
  }

  onConnection(encoder: RequestEncoder, isReused: boolean): void {
    this.#encoder = encoder;
    this.#decoder.onConnection(this, isReused);
  }

  // The request.

  get localAddress(): string {
    return this.#encoder?.localAddress ?? '';
  }

  encodeHead(head: RequestHead, endStream: boolean): void {
    const encoder = this.#encoder;
    this.#stream = this.#streams.enter(encoder?.transport, this.#request, head.headers);
    encoder?.encodeHead(head, endStream);
  }

  encodeData(chunk: Uint8Array, endStream: boolean): boolean {
    return this.#encoder?.encodeData(chunk, endStream) ?? true;
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    this.#encoder?.encodeEnd(trailers);
  }

  setResponsePaused(isPaused: boolean): void {
    this.#encoder?.setResponsePaused(isPaused);
  }

  abort(): void {
    this.#leave(false);
    this.#encoder?.abort();
  }

  // The response.

  decodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void {
    if (endStream) {
      this.#leave(true);
    }
    this.#decoder.decodeHead(head, endStream, moreFollows);
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    if (endStream) {
      this.#leave(true);
    }
    this.#decoder.decodeData(chunk, endStream);
  }

  decodeEnd(trailers: HeaderList | undefined): void {
    this.#leave(true);
    this.#decoder.decodeEnd(trailers);
  }

  onReset(reason: ResetReason, hadResponse: boolean): void {
    this.#leave(false);
    this.#decoder.onReset(reason, hadResponse);
  }

  onRequestWritable(): void {
    this.#decoder.onRequestWritable();
  }

  #leave(isAnswered: boolean): void {
    const stream = this.#stream;
    if (stream !== undefined) {
      this.#stream = undefined;
      this.#streams.leave(this.#encoder?.transport, stream, isAnswered);
    }
  }
}
