import type { HeaderList } from './headers.js';
import type { RequestHead, ResponseHead } from './message.js';
import type { NativeExchange, NativeObserver } from './native-exchange.js';
import type { RawConnection } from './raw-connection.js';
import type { ServedRequest } from './request-context.js';
import type { ResetReason } from './reset-reason.js';

/**
 * Sends one request on a connection to a host. Implemented by the upstream connections.
 *
 * Calls come in this order: `encodeHead`, any number of `encodeData`, and `encodeEnd` unless the
 * head or a chunk said that it was the last. Nothing may be called after `onReset` of the decoder.
 */
export interface RequestEncoder {
  /** `ip:port` of our end of the connection, if it has one. Looked up when it is read. */
  readonly localAddress?: string;
  /** What it writes to, if that carries one request at a time. */
  readonly transport?: object | undefined;
  /** `endStream`: there is no body. */
  encodeHead(head: RequestHead, endStream: boolean): void;
  /** Returns false when the peer reads too slowly; `onRequestWritable` tells when to go on. */
  encodeData(chunk: Uint8Array, endStream: boolean): boolean;
  /** Ends the body. */
  encodeEnd(trailers: HeaderList | undefined): void;
  /** Stops or goes on reading the response. */
  setResponsePaused(isPaused: boolean): void;
  /** Gives the request up. The decoder hears nothing more. */
  abort(): void;
}

/**
 * Receives what becomes of one attempt. Implemented by whoever makes requests: the router and the
 * asynchronous client. Nothing is called after the end of the response or after `onReset`.
 */
export interface ResponseDecoder {
  /**
   * A connection is there: send the request. `isReused` tells that it has served requests before,
   * and so may be dying of old age at this very moment.
   */
  onConnection(encoder: RequestEncoder, isReused: boolean): void;
  /**
   * The head of the response. `endStream`: there is no body. `moreFollows`: more of the message is
   * at hand and comes in this same turn, so that head and body can leave in one write.
   */
  decodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void;
  /** A piece of the body. It belongs to the receiver. */
  decodeData(chunk: Buffer, endStream: boolean): void;
  /** The response is complete, if no earlier call said so. */
  decodeEnd(trailers: HeaderList | undefined): void;
  /** The attempt has failed. `hadResponse` tells whether any byte of a response came. */
  onReset(reason: ResetReason, hadResponse: boolean): void;
  /** The host reads again after `encodeData` returned false. */
  onRequestWritable(): void;
  /** Set if a mounted application may have the `node:http` objects of the downstream side. */
  readonly native: NativePassage | undefined;
  /** What a mounted application's own calls take over from the request, if there is anything. */
  readonly served?: ServedRequest | undefined;
}

/** A native exchange, and who is to hear of its response. */
export interface NativePassage {
  readonly exchange: NativeExchange;
  readonly observer: NativeObserver;
}

/** The response half of a downstream stream. Implemented by the codecs and by the egress door. */
export interface ResponseEncoder {
  /** `moreFollows` as in `ResponseDecoder.decodeHead`; without it the head leaves at once. */
  encodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void;
  /** Returns false when downstream reads too slowly; `onResponseWritable` tells when to go on. */
  encodeData(chunk: Buffer, endStream: boolean): boolean;
  /** Ends the body. */
  encodeEnd(trailers: HeaderList | undefined): void;
  /** Ends the stream without a complete response; on HTTP/1 that closes the connection. */
  reset(): void;
  /** Stops or goes on reading the request body. */
  setRequestPaused(isPaused: boolean): void;
  /** The `node:http` objects behind this stream, if there are any. */
  readonly nativeExchange: NativeExchange | undefined;
  /** The connection, if the request is a WebSocket handshake that can be agreed to. */
  readonly rawConnection?: RawConnection | undefined;
}

/** The request half of a downstream stream. Implemented by the connection manager's stream. */
export interface RequestDecoder {
  decodeHead(head: RequestHead, endStream: boolean): void;
  /** A piece of the body. It belongs to the receiver. */
  decodeData(chunk: Buffer, endStream: boolean): void;
  /** The request is complete, if no earlier call said so. */
  decodeEnd(trailers: HeaderList | undefined): void;
  /** Downstream went away before the response was complete. */
  onDownstreamReset(): void;
  /** Downstream reads again after `encodeData` returned false. */
  onResponseWritable(): void;
}
