import type { HeaderList } from './headers.js';
import type { RequestHead } from './message.js';

/** What happened to one request, gathered on its way, for the access log. */
export interface RequestInfo {
  /** Wall clock, milliseconds since 1970. */
  readonly startWallMs: number;
  /** Milliseconds from the first byte of the request head to the last byte of the response. */
  readonly durationMs: number;
  readonly requestHead: RequestHead;
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
}
