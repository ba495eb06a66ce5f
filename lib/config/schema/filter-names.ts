/** The HTTP filters of v1. */
export const httpFilterNames = [
  'router',
  'buffer',
  'cors',
  'fault',
  'health_check',
  'rate_limit',
  'ip_tagging',
  'lua',
  'grpc_http1_bridge',
  'grpc_json_transcoder',
  'grpc_web',
  'http_dynamo_filter',
  'squash',
] as const;

/** The network filters of v1. */
export const networkFilterNames = [
  'http_connection_manager',
  'tcp_proxy',
  'redis_proxy',
  'echo',
  'mongo_proxy',
  'ratelimit',
  'client_ssl_auth',
] as const;
