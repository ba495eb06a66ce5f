/** Something of the v1 schema that we know and do not support yet. All texts are clauses. */
export interface UnsupportedFeature {
  /** Why it is refused: what is not there yet. */
  readonly reason: string;
  /** What to do in its place; without it the advice is to remove what stands there. */
  readonly instead?: string;
  /**
   * The enclosing thing that goes too when this is left out, because without it that thing would
   * do something else than the file says, or let through what the file forbids.
   */
  readonly leavesOut?: string;
  /** What follows when it is left out. */
  readonly without: string;
  /** Whether a value asks for nothing, as the default does, and so is accepted. */
  readonly isHarmless?: (value: unknown) => boolean;
}

/** The unsupported keys of one object. */
export type UnsupportedKeys = Readonly<Record<string, UnsupportedFeature>>;

const isFalse = (value: unknown): boolean => value === false;
const isZero = (value: unknown): boolean => value === 0;
const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

const addsHeaders = 'headers are not added or removed';
const noRuntime = 'there are no runtime values';
const noRateLimits = 'there is no rate limit service';
const noStatsSink = 'statistics are not sent anywhere';
const noThreads = 'a library has no threads to watch';
const fallsThrough = 'and its requests fall to the routes after it';

/** At the top of the document. */
export const unsupportedDocumentKeys: UnsupportedKeys = {
  lds: {
    reason: 'listeners are not discovered',
    instead: 'list them under "listeners"',
    without: 'only the listeners of the file are opened',
  },
  flags_path: { reason: 'flag files are not read', without: 'no flag is set' },
  statsd_udp_ip_address: {
    reason: noStatsSink,
    without: 'statistics are only on the admin server',
  },
  statsd_tcp_cluster_name: {
    reason: noStatsSink,
    without: 'statistics are only on the admin server',
  },
  stats_flush_interval_ms: { reason: noStatsSink, without: 'nothing is flushed' },
  watchdog_miss_timeout_ms: { reason: noThreads, without: 'nothing is watched' },
  watchdog_megamiss_timeout_ms: { reason: noThreads, without: 'nothing is watched' },
  watchdog_kill_timeout_ms: {
    reason: noThreads,
    without: 'the process is never killed',
    isHarmless: isZero,
  },
  watchdog_multikill_timeout_ms: {
    reason: noThreads,
    without: 'the process is never killed',
    isHarmless: isZero,
  },
  tracing: {
    reason: 'spans are not sent to Zipkin or LightStep',
    without: 'no spans are sent there',
    isHarmless: isEmpty,
  },
  rate_limit_service: { reason: noRateLimits, without: 'no request is limited' },
  runtime: { reason: noRuntime, without: 'every runtime key has its default' },
};

export const unsupportedListenerKeys: UnsupportedKeys = {
  ssl_context: {
    reason: 'listeners take plain text only, no TLS',
    instead: 'let something in front of it end the TLS',
    leavesOut: 'the listener',
    without: 'as it would take plain text',
  },
  use_proxy_proto: {
    reason: 'the PROXY protocol is not read',
    leavesOut: 'the listener',
    without: 'as it would take the PROXY line for a bad request',
    isHarmless: isFalse,
  },
  use_original_dst: {
    reason: 'redirected connections are not handed to other listeners',
    without: 'the listener handles every connection itself',
    isHarmless: isFalse,
  },
  transparent: {
    reason: 'transparent sockets are not supported',
    leavesOut: 'the listener',
    without: 'as it would not see the connections meant for it',
    isHarmless: isFalse,
  },
};

export const unsupportedConnectionManagerKeys: UnsupportedKeys = {
  rds: {
    reason: 'route tables are not discovered',
    instead: 'write the table under "route_config"',
    leavesOut: 'the listener',
    without: 'as it has no routes',
  },
  tracing: { reason: 'requests are not traced', without: 'no spans are made' },
  http1_settings: {
    reason: 'its settings are not followed',
    without: 'a request target with scheme and host is refused',
    isHarmless: isEmpty,
  },
  http2_settings: {
    reason: 'listeners speak HTTP/1.1 only',
    without: 'there is no HTTP/2 that it could set',
    isHarmless: isEmpty,
  },
  idle_timeout_s: {
    reason: 'idle connections are not timed',
    without: 'idle connections stay until the client closes them',
  },
  drain_timeout_ms: {
    reason: 'listeners speak HTTP/1.1 only, which has no GOAWAY',
    without: 'connections end with "Connection: close"',
  },
  set_current_client_cert_details: {
    reason: 'listeners take plain text only, no TLS',
    without: 'there is no client certificate to tell of',
  },
};

export const unsupportedAccessLogKeys: UnsupportedKeys = {
  format: {
    reason: 'only the default format is written',
    without: 'the lines have the default format',
  },
  filter: { reason: 'access logs are not filtered', without: 'every request is logged' },
};

export const unsupportedRouteConfigKeys: UnsupportedKeys = {
  response_headers_to_add: { reason: addsHeaders, without: 'responses go without them' },
  response_headers_to_remove: { reason: addsHeaders, without: 'responses keep them' },
  request_headers_to_add: { reason: addsHeaders, without: 'requests go without them' },
};

export const unsupportedVirtualHostKeys: UnsupportedKeys = {
  require_ssl: {
    reason: 'requests are not redirected to https',
    leavesOut: 'the virtual host',
    without: 'as it would answer over plain text; its requests fall to the domain "*"',
  },
  virtual_clusters: { reason: 'they are not counted', without: 'they have no statistics' },
  rate_limits: { reason: noRateLimits, without: 'no request is limited' },
  request_headers_to_add: { reason: addsHeaders, without: 'requests go without them' },
  cors: {
    reason: 'the cors filter is not built',
    without: 'responses get no access-control headers',
  },
};

const routeTargets = 'only "cluster" is a target';

export const unsupportedRouteKeys: UnsupportedKeys = {
  regex: {
    reason: 'only "prefix" and "path" are matched',
    instead: 'write "prefix" or "path" in its place',
    leavesOut: 'the route',
    without: fallsThrough,
  },
  headers: {
    reason: 'routes are not matched by header',
    instead: 'remove the route',
    leavesOut: 'the route',
    without: fallsThrough,
  },
  query_parameters: {
    reason: 'routes are not matched by query parameter',
    instead: 'remove the route',
    leavesOut: 'the route',
    without: fallsThrough,
  },
  runtime: {
    reason: noRuntime,
    instead: 'remove it to match all requests, or remove the route',
    leavesOut: 'the route',
    without: fallsThrough,
  },
  cluster_header: {
    reason: routeTargets,
    instead: 'write "cluster" in its place',
    leavesOut: 'the route',
    without: fallsThrough,
  },
  weighted_clusters: {
    reason: routeTargets,
    instead: 'write "cluster" with one of them',
    leavesOut: 'the route',
    without: fallsThrough,
  },
  host_redirect: {
    reason: 'redirects are not made',
    instead: 'remove the route',
    leavesOut: 'the route',
    without: fallsThrough,
  },
  path_redirect: {
    reason: 'redirects are not made',
    instead: 'remove the route',
    leavesOut: 'the route',
    without: fallsThrough,
  },
  prefix_rewrite: {
    reason: 'paths are not rewritten',
    leavesOut: 'the route',
    without: fallsThrough,
  },
  host_rewrite: {
    reason: 'host names are not rewritten',
    leavesOut: 'the route',
    without: fallsThrough,
  },
  auto_host_rewrite: {
    reason: 'host names are not rewritten',
    leavesOut: 'the route',
    without: fallsThrough,
    isHarmless: isFalse,
  },
  use_websocket: {
    reason: 'upgrades are not passed on',
    without: 'WebSocket requests get status 403',
    isHarmless: isFalse,
  },
  retry_policy: { reason: 'there are no retries', without: 'no request is tried again' },
  shadow: { reason: 'requests are not shadowed', without: 'no copies are sent' },
  rate_limits: { reason: noRateLimits, without: 'no request is limited' },
  include_vh_rate_limits: {
    reason: noRateLimits,
    without: 'no request is limited',
    isHarmless: isFalse,
  },
  hash_policy: {
    reason: '"ring_hash" is not built',
    without: 'requests go to the hosts in turn',
  },
  request_headers_to_add: { reason: addsHeaders, without: 'requests go without them' },
  opaque_config: {
    reason: 'no filter reads it',
    without: 'nothing changes',
    isHarmless: isEmpty,
  },
  decorator: { reason: 'requests are not traced', without: 'no spans are made' },
  cors: {
    reason: 'the cors filter is not built',
    without: 'responses get no access-control headers',
  },
};

export const unsupportedClusterManagerKeys: UnsupportedKeys = {
  local_cluster_name: {
    reason: 'zone-aware routing is not built',
    without: 'requests go to the hosts of all zones alike',
  },
  outlier_detection: {
    reason: 'hosts are not ejected',
    without: 'there are no events to write',
    isHarmless: isEmpty,
  },
  cds: {
    reason: 'clusters are not discovered',
    instead: 'list them under "clusters"',
    without: 'only the clusters of the file exist',
  },
};

export const unsupportedClusterKeys: UnsupportedKeys = {
  ring_hash_lb_config: {
    reason: '"ring_hash" is not built',
    without: 'requests go to the hosts in turn',
    isHarmless: isEmpty,
  },
  health_check: {
    reason: 'hosts are not health-checked',
    without: 'all hosts count as healthy',
  },
  ssl_context: {
    reason: 'clusters speak plain text only, no TLS',
    leavesOut: 'the cluster',
    without: 'as it would send plain text',
  },
  features: {
    reason: 'clusters speak HTTP/1.1 only',
    leavesOut: 'the cluster',
    without: 'as its hosts expect HTTP/2',
  },
  http2_settings: {
    reason: 'clusters speak HTTP/1.1 only, and this key asks for HTTP/2',
    leavesOut: 'the cluster',
    without: 'as its hosts expect HTTP/2',
  },
  cleanup_interval_ms: {
    reason: 'clusters of type "original_dst" are not built',
    without: 'nothing is cleaned up',
  },
  dns_resolvers: {
    reason: 'the resolvers cannot be chosen',
    without: 'those of the system are asked',
  },
  outlier_detection: { reason: 'hosts are not ejected', without: 'every host stays in use' },
};
