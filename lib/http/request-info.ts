import type { HeaderList } from './headers.js';
import type { RequestHead } from './message.js';

/** What happened to one request, gathered on its way, for the access log. */
export interface RequestInfo {
  /** Wall clock, milliseconds since 1970. */
  readonly startWallMs: number;
  /** Milliseconds from the first byte of the request head to the last byte of the response. */
  readonly durationMs: number;
  readonly requestHead: RequestHead;
  /** The client as `FilterCallbacks` has it, without a port; empty if there is none. */
  readonly clientAddress: string;
  /** Its port; 0 if only the address is known, from a header say. */
  readonly clientPort: number;
  /** `ip:port` that the client is connected to; empty if there is no connection. */
  readonly localAddress: string;
  /** Whether the HTTP filter `health_check` marked it as a health check. */
  readonly isHealthCheck: boolean;
  /** One whole number in [0, 2^32) for all that is drawn for this request. */
  readonly stableRandom: number;
  /** `undefined` when no response was started. */
  readonly responseHeaders: HeaderList | undefined;
  /** 0 when no response was started. */
  readonly responseCode: number;
  /** Bits of `responseFlag`. */
  readonly responseFlags: number;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  /** Body bytes from downstream. */
  readonly bytesReceived: number;
  /** Body bytes to downstream. */
  readonly bytesSent: number;
  /** `ip:port` of the host that was tried last. */
  readonly upstreamHost: string | undefined;
  readonly upstreamCluster: string | undefined;
  /** Set if an access log shows them. */
  readonly details: RequestDetails | undefined;
}

/** What few access logs show. It is gathered only for those, since it costs every request. */
export class RequestDetails {
  /** Milliseconds from the start to the last byte of the request; `undefined` if that never came. */
  requestMs: number | undefined = undefined;
  /** Milliseconds from the start to the head of the response, if it is one from upstream. */
  responseMs: number | undefined = undefined;
  /** `ip:port` of our end of the connection to `upstreamHost`; empty if it has none. */
  upstreamLocalAddress = '';
}
