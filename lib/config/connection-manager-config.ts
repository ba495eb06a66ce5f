import type { HttpFilterConfig } from './filter-config.js';
import type { RouteTableConfig } from './route-config.js';

/** How a connection's protocol is chosen. */
export type CodecType = 'http1' | 'http2' | 'auto';

/** What happens to `x-forwarded-client-cert`: reference 5.10. */
export type ForwardClientCert =
  | 'forward_only'
  | 'append_forward'
  | 'sanitize'
  | 'sanitize_set'
  | 'always_forward_only';

/** One `access_log` entry: reference 7.1. */
export interface AccessLogConfig {
  readonly path: string;
}

/** `http_connection_manager`: reference 2.1. */
export interface ConnectionManagerConfig {
  readonly codecType: CodecType;
  readonly statPrefix: string;
  readonly routeConfig: RouteTableConfig;
  readonly filters: readonly HttpFilterConfig[];
  readonly addUserAgent: boolean;
  /** Value of the `server` response header. Default `envoy`. */
  readonly serverName: string;
  readonly accessLogs: readonly AccessLogConfig[];
  readonly useRemoteAddress: boolean;
  readonly forwardClientCert: ForwardClientCert;
  readonly generateRequestId: boolean;
}
