import type { ClusterConfig } from '../../lib/config/cluster-config.js';
import type { ConnectionManagerConfig } from '../../lib/config/connection-manager-config.js';
import type { ListenerConfig } from '../../lib/config/listener-config.js';
import type { ForwardActionConfig } from '../../lib/config/route-action-config.js';
import type { RouteConfig } from '../../lib/config/route-config.js';
import type { RouteTableConfig, VirtualHostConfig } from '../../lib/config/route-table-config.js';

// The defaults of reference 1 and 2, written out once more: the parsers are held against them.

const limits = { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, maxRetries: 3 };

/** What a cluster has of which its document says nothing. */
export const defaultCluster: Omit<ClusterConfig, 'name' | 'discovery'> = {
  connectTimeoutMs: 250,
  perConnectionBufferLimitBytes: 1048576,
  lbType: 'round_robin',
  ringHash: { minimumRingSize: 1024, useStdHash: true },
  maxRequestsPerConnection: 0,
  circuitBreakers: { default: limits, high: limits },
  healthCheck: undefined,
  outlierDetection: undefined,
  tls: undefined,
  http2: undefined,
};

/** How names are resolved by default. */
export const defaultDns = {
  dnsRefreshRateMs: 5000,
  dnsLookupFamily: 'v4_only',
  dnsResolvers: [],
} as const;

/** `http2_settings` of which nothing is said. */
export const defaultHttp2 = {
  hpackTableSize: 4096,
  maxConcurrentStreams: 1024,
  initialStreamWindowSize: 16777216,
  initialConnectionWindowSize: 25165824,
} as const;

/** A route table of which nothing is said. */
export const defaultRouteTable: RouteTableConfig = {
  virtualHosts: [],
  validateClusters: true,
  internalOnlyHeaders: [],
  requestHeadersToAdd: [],
  responseHeadersToAdd: [],
  responseHeadersToRemove: [],
};

/** A virtual host of which nothing but the name is said. */
export const defaultVirtualHost: Omit<VirtualHostConfig, 'name'> = {
  domains: [],
  routes: [],
  requireSsl: undefined,
  virtualClusters: [],
  rateLimits: [],
  requestHeadersToAdd: [],
  cors: undefined,
};

/** A route that takes everything to the cluster `cluster`. */
export function defaultRoute(
  cluster: string,
  match: Partial<RouteConfig['match']> = {},
  action: Partial<ForwardActionConfig> = {},
): RouteConfig {
  return {
    index: 0,
    match: {
      path: { kind: 'prefix', prefix: '/', caseSensitive: true },
      headers: [],
      queryParameters: [],
      runtime: undefined,
      ...match,
    },
    action: { ...defaultForward, target: { kind: 'cluster', cluster }, ...action },
    requestHeadersToAdd: [],
  };
}

const defaultForward: Omit<ForwardActionConfig, 'target'> = {
  kind: 'forward',
  prefixRewrite: undefined,
  hostRewrite: undefined,
  autoHostRewrite: false,
  useWebsocket: false,
  timeoutMs: 15000,
  retryPolicy: undefined,
  shadow: undefined,
  priority: 'default',
  rateLimits: [],
  includeVhRateLimits: false,
  hashHeader: undefined,
  opaqueConfig: [],
  decoratorOperation: undefined,
  cors: undefined,
};

/** The router of which nothing is said. */
export const defaultRouter = {
  name: 'router',
  config: { dynamicStats: true, startChildSpan: false },
} as const;

/** A connection manager of which no more than what is required is said. */
export const defaultManager: ConnectionManagerConfig = {
  codecType: 'auto',
  statPrefix: 'ingress_http',
  routeConfig: defaultRouteTable,
  rds: undefined,
  filters: [defaultRouter],
  addUserAgent: false,
  tracing: undefined,
  http1Settings: { allowAbsoluteUrl: false },
  http2Settings: defaultHttp2,
  serverName: 'envoy',
  idleTimeoutMs: 0,
  drainTimeoutMs: 5000,
  accessLogs: [],
  useRemoteAddress: false,
  forwardClientCert: 'sanitize',
  currentClientCertDetails: [],
  generateRequestId: true,
};

/** A listener at 127.0.0.1:80 with this connection manager, of which nothing else is said. */
export function defaultListener(manager: ConnectionManagerConfig): ListenerConfig {
  return {
    name: 'tcp://127.0.0.1:80',
    address: { kind: 'tcp', host: '127.0.0.1', port: 80 },
    bindToPort: true,
    perConnectionBufferLimitBytes: 1048576,
    filters: [{ name: 'http_connection_manager', config: manager }],
    connectionManager: manager,
    tls: undefined,
    useProxyProto: false,
    useOriginalDst: false,
    drainType: 'default',
  };
}
