import type { UnsupportedFeature, UnsupportedKeys } from './unsupported.js';

/** The values that are known and not supported yet. */
export type UnsupportedValue =
  | 'unixListener'
  | 'noConnectionManager'
  | 'http2Codec'
  | 'startChildSpan'
  | 'strictDns'
  | 'originalDst'
  | 'loadBalancing';

/** What there is to say about each of them. */
export const unsupportedValues: Readonly<Record<UnsupportedValue, UnsupportedFeature>> = {
  unixListener: {
    reason: 'listeners are opened on TCP addresses only',
    instead: 'write an address such as "tcp://127.0.0.1:8080"',
    leavesOut: 'the listener',
    without: 'as it has no place to listen',
  },
  noConnectionManager: {
    reason: 'a listener serves nothing without an "http_connection_manager"',
    instead: 'add one',
    leavesOut: 'the listener',
    without: 'as it would serve nothing',
  },
  http2Codec: {
    reason: 'listeners speak HTTP/1.1 only',
    instead: 'write "auto" if clients may speak HTTP/1.1 as well',
    leavesOut: 'the listener',
    without: 'as its clients expect HTTP/2',
  },
  startChildSpan: {
    reason: 'requests are not traced',
    instead: 'write false',
    without: 'no spans are made',
  },
  strictDns: {
    reason: 'clusters of type "strict_dns" are not built',
    instead: 'with a single host, use "logical_dns"',
    leavesOut: 'the cluster',
    without: 'as its hosts are not found',
  },
  originalDst: {
    reason: 'clusters of type "original_dst" are not built',
    leavesOut: 'the cluster',
    without: 'as its hosts are not found',
  },
  loadBalancing: {
    reason: 'only "round_robin" is built',
    instead: 'write "round_robin"',
    without: 'requests go to the hosts in turn, as with "round_robin"',
  },
};

const notBuiltForTcp = 'of the network filters only http_connection_manager is built';

/** Network filters other than `http_connection_manager`. */
export const unsupportedNetworkFilters: UnsupportedKeys = {
  tcp_proxy: {
    reason: notBuiltForTcp,
    leavesOut: 'the listener',
    without: 'as nothing would answer',
  },
  redis_proxy: {
    reason: notBuiltForTcp,
    leavesOut: 'the listener',
    without: 'as nothing would answer',
  },
  echo: { reason: notBuiltForTcp, leavesOut: 'the listener', without: 'as nothing would answer' },
  mongo_proxy: { reason: notBuiltForTcp, without: 'there are no MongoDB statistics' },
  ratelimit: { reason: notBuiltForTcp, without: 'no connection is limited' },
  client_ssl_auth: {
    reason: notBuiltForTcp,
    leavesOut: 'the listener',
    without: 'as it would let everybody in',
  },
};

const notBuilt = 'of the HTTP filters only the router is built';

/** HTTP filters other than `router`. */
export const unsupportedHttpFilters: UnsupportedKeys = {
  buffer: { reason: notBuilt, without: 'requests are passed on as they arrive' },
  cors: { reason: notBuilt, without: 'responses get no access-control headers' },
  fault: { reason: notBuilt, without: 'no faults are injected' },
  health_check: { reason: notBuilt, without: 'health checks are routed like any request' },
  rate_limit: { reason: notBuilt, without: 'no request is limited' },
  ip_tagging: { reason: notBuilt, without: 'no request is tagged' },
  lua: { reason: notBuilt, without: 'the script does not run' },
  grpc_http1_bridge: { reason: notBuilt, without: 'gRPC calls are not bridged' },
  grpc_json_transcoder: { reason: notBuilt, without: 'JSON is passed on as it is' },
  grpc_web: { reason: notBuilt, without: 'gRPC-Web calls are not bridged' },
  http_dynamo_filter: { reason: notBuilt, without: 'there are no DynamoDB statistics' },
  squash: { reason: notBuilt, without: 'no debugger is attached' },
};
