import type { CorsConfig } from '../config/cors-config.js';
import type { HeaderList } from './headers.js';
import type { RequestHead, ResponseHead } from './message.js';
import type { NativeExchange } from './native-exchange.js';
import type { RateLimitPolicy } from './rate-limit.js';
import type { RequestDeadline } from './request-context.js';
import type { RequestDetails } from './request-info.js';
import type { RequestTrace } from './request-trace.js';

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
  /** The policy that the filter cors acts by, if the route has one: reference 6.1.3. */
  readonly cors?: CorsConfig | undefined;
  /** What the filter rate_limit asks about, if anything limits the route: reference 2.8. */
  readonly rateLimits?: RateLimitPolicy | undefined;
  /** What the span of a request is called, as a byte string: `decorator`, reference 5.9. */
  readonly decoratorOperation?: string | undefined;
  /** What the route says to filters of your own: `opaque_config`, reference 2.6.4. */
  readonly opaqueConfig?: ReadonlyMap<string, string> | undefined;
}

/**
 * What a filter answers to a request head.
 *
 * - `continue`, or nothing: the next filter has its turn.
 * - `stop`: what comes next waits, the body included, until `continueDecoding`. A filter that has
 *   replied by itself answers this as well.
 * - `buffer`: the same, but the body goes on arriving. This filter sees each piece, and all of them
 *   are kept for the filters behind it. At more than `requestBufferLimit` bytes the request is
 *   answered with status 413.
 * - `answer`: this filter brings the response, as the router does. It gets the body as it comes, and
 *   the filters behind it get nothing.
 */
export type FilterStatus = 'continue' | 'stop' | 'buffer' | 'answer';

/**
 * What a filter answers to a response head: as for a request head, with `continueEncoding`. At more
 * than `responseBufferLimit` bytes in a buffer the response is replaced by status 500.
 */
export type ResponseFilterStatus = Exclude<FilterStatus, 'answer'>;

/**
 * One step on the way of a request and its response. An instance serves one request, and every
 * method may be left out.
 *
 * Requests meet the filters in the configured order. Responses meet them in the same order, not
 * reversed, as in every release that read v1: reference 2.1.1. So do local replies.
 *
 * No method may return a promise: who has to wait answers `stop`, and goes on later.
 */
export interface HttpFilter {
  /**
   * Whether it looks at bodies of requests or responses, so that a mounted application must not read
   * and write them by itself. Default: whether it has one of the methods for bodies.
   */
  readonly readsBody?: boolean;
  /** The head may be changed in place. `endStream`: the request has no body. */
  decodeHead?(head: RequestHead, endStream: boolean): FilterStatus | undefined;
  /**
   * A piece of the body. Returns the bytes that take its place, or `undefined` for the piece itself;
   * an empty buffer holds it back. While this filter buffers, what it returns has no effect.
   */
  decodeData?(chunk: Buffer, endStream: boolean): Buffer | undefined;
  /**
   * The request is complete, if no earlier call said so. The trailers may be changed in place.
   * Returns bytes that are still to be sent in front of the end, if there are any.
   */
  decodeEnd?(trailers: HeaderList | undefined): Buffer | undefined;
  /** The head may be changed in place. `endStream`: the response has no body. */
  encodeHead?(head: ResponseHead, endStream: boolean): ResponseFilterStatus | undefined;
  /** As `decodeData`. */
  encodeData?(chunk: Buffer, endStream: boolean): Buffer | undefined;
  /** As `decodeEnd`. */
  encodeEnd?(trailers: HeaderList | undefined): Buffer | undefined;
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
  /**
   * `host:port` that the request would have gone to without us, as in the application's own URL;
   * `undefined` if that is not known, as of all requests that come in by a listener.
   */
  readonly originalDestination?: string | undefined;
  /** Set if it is a call of the application, made for a request that has a deadline. */
  readonly deadline?: RequestDeadline | undefined;
  /** Set by the filter health_check; such requests are kept out of statistics of requests. */
  isHealthCheck: boolean;
  /**
   * How many bytes of a request body are kept, by a filter that buffers or for another try: the
   * listener's `per_connection_buffer_limit_bytes` unless a filter sets it. 0 for no limit.
   */
  requestBufferLimit: number;
  /** How many bytes of a response body a filter may buffer. 0 for no limit. */
  responseBufferLimit: number;
  /** The route chosen when the request came in, or `undefined` if none matched. */
  readonly route: MatchedRoute | undefined;
  /** `ip:port` of the host tried last, for the access log. */
  upstreamHost: string | undefined;
  /** Name of the cluster chosen, for the access log. */
  upstreamCluster: string | undefined;
  /** Set if an access log shows more of the request than the fields above. */
  readonly details?: RequestDetails | undefined;
  /** Set if the request has a span, for the router. */
  readonly trace?: RequestTrace | undefined;
  /** Chooses the route anew, for a filter that has changed what a route is chosen by. */
  refreshRoute(): void;
  /** Adds bits of `responseFlag`. */
  setResponseFlag(flag: number): void;
  /**
   * Goes on after `stop` or `buffer`, with the filter behind the one that stopped. `body` takes the
   * place of what was buffered, once the whole body has arrived.
   */
  continueDecoding(body?: Buffer): void;
  /** The same for a response. */
  continueEncoding(body?: Buffer): void;
  /**
   * Answers the request from here. An empty `body` means headers only; bytes are sent without a
   * content type. Has no effect once a response has begun to be sent.
   */
  sendLocalReply(status: number, body: string | Buffer, headers?: HeaderList): void;
  /** The response, from the filter that gets it from upstream. */
  encodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void;
  /** Returns false when downstream is full; `onResponsePaused(false)` tells when to go on. */
  encodeData(chunk: Buffer, endStream: boolean): boolean;
  encodeEnd(trailers: HeaderList | undefined): void;
  /** The response has begun and cannot be completed. */
  resetStream(): void;
  /**
   * Ends the request as if the filter had thrown this: with status 500, or by a reset if the response
   * has begun. For what goes wrong while the filter is not being asked.
   */
  fail(error: unknown): void;
  /** Stops or goes on reading the request body. */
  setRequestPaused(isPaused: boolean): void;
}

/** Makes the filter instances of one entry of the chain, one for each request. */
export type FilterFactory = (callbacks: FilterCallbacks) => HttpFilter;
