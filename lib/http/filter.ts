import type { HeaderList } from './headers.js';
import type { RequestHead, ResponseHead } from './message.js';
import type { NativeExchange } from './native-exchange.js';

/** What routing looks at. */
export interface RoutedRequest {
  readonly requestHead: RequestHead;
  /**
   * One whole number in [0, 2^32) for all that is drawn for this request, so that drawing again
   * gives the same: reference 2.6.3.
   */
  readonly stableRandom: number;
}

/** What a route tells the filters. The routing itself is the business of `router/`. */
export interface MatchedRoute {
  /** The cluster that the request goes to; `undefined` if it goes to none, as with a redirect. */
  clusterFor(request: RoutedRequest): string | undefined;
}

/**
 * What a filter answers. `stop`: what comes next waits here, the request body included, until
 * `continueDecoding`; a filter that has replied by itself also answers `stop`.
 */
export type FilterStatus = 'continue' | 'stop';

/**
 * One step on the way of a request and its response. An instance serves one request.
 *
 * Requests meet the filters in the configured order. Responses meet them in the same order, not
 * reversed, as in every release that read v1: reference 2.1.1. So do local replies.
 */
export interface HttpFilter {
  decodeHead?(head: RequestHead, endStream: boolean): FilterStatus;
  decodeData?(chunk: Buffer, endStream: boolean): void;
  decodeEnd?(trailers: HeaderList | undefined): void;
  encodeHead?(head: ResponseHead, endStream: boolean): void;
  /** Downstream reads too slowly, or reads again. */
  onResponsePaused?(isPaused: boolean): void;
  /** The request is over, however it ended. Called once, last. */
  onDestroy?(): void;
}

/** What a filter may ask of the request it serves. */
export interface FilterCallbacks extends RoutedRequest {
  /** The peer, or whom a trusted peer says it speaks for: reference 5.2. Without a port. */
  readonly clientAddress: string;
  /** `ip:port` that the client is connected to; empty if there is no connection. */
  readonly localAddress: string;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  /** Whether the request came from inside: reference 5.2. */
  readonly isInternal: boolean;
  /** Whether a header `x-envoy-...` came with the request. Without one none need be looked for. */
  readonly hasEnvoyHeaders: boolean;
  /** Set if a mounted application may have the `node:http` objects. */
  readonly nativeExchange: NativeExchange | undefined;
  /** The route chosen when the request came in, or `undefined` if none matched. */
  readonly route: MatchedRoute | undefined;
  /** `ip:port` of the host tried last, for the access log. */
  upstreamHost: string | undefined;
  /** Name of the cluster chosen, for the access log. */
  upstreamCluster: string | undefined;
  /** Adds bits of `responseFlag`. */
  setResponseFlag(flag: number): void;
  /** Goes on after `stop`, with the filter behind the one that stopped. */
  continueDecoding(): void;
  /**
   * Answers the request from here. An empty `body` means headers only. Has no effect once a
   * response has begun.
   */
  sendLocalReply(status: number, body: string, headers?: HeaderList): void;
  /** The response, from the filter that gets it from upstream. */
  encodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void;
  /** Returns false when downstream is full; `onResponsePaused(false)` tells when to go on. */
  encodeData(chunk: Buffer, endStream: boolean): boolean;
  encodeEnd(trailers: HeaderList | undefined): void;
  /** The response has begun and cannot be completed. */
  resetStream(): void;
  /** Stops or goes on reading the request body. */
  setRequestPaused(isPaused: boolean): void;
}

/** Makes the filter instances of one entry of the chain, one for each request. */
export type FilterFactory = (callbacks: FilterCallbacks) => HttpFilter;
