import {
  httpListener,
  type JsonObject,
  managerConfig,
  minimalDocument,
  staticCluster,
} from './config-documents.js';

/** A document that is right and has keys of many kinds of objects, those not supported yet too. */
export function createRichDocument(): JsonObject {
  return minimalDocument({
    listeners: [httpListener(manager()), tcpListener()],
    runtime: { symlink_root: '/srv/runtime/current', subdirectory: 'envoy' },
    tracing: {
      http: { driver: { type: 'zipkin', config: { collector_cluster: 'backend' } } },
    },
    cluster_manager: {
      clusters: [cluster(), staticCluster({ name: 'other', health_check: healthCheck() })],
      outlier_detection: { event_log_path: '/var/log/outliers.log' },
    },
  });
}

function manager(): JsonObject {
  return managerConfig({
    access_log: [
      {
        path: '/dev/stdout',
        filter: {
          type: 'logical_or',
          filters: [
            { type: 'status_code', op: '>=', value: 500 },
            {
              type: 'logical_and',
              filters: [{ type: 'not_healthcheck' }, { type: 'duration', op: '=', value: 0 }],
            },
          ],
        },
      },
    ],
    tracing: { operation_name: 'ingress', request_headers_for_tags: ['x-user'] },
    filters: [
      {
        name: 'fault',
        config: { delay: { type: 'fixed', fixed_delay_percent: 1, fixed_duration_ms: 5 } },
      },
      {
        name: 'health_check',
        config: { pass_through_mode: true, endpoint: '/ok', cache_time_ms: 5 },
      },
      { name: 'router', config: { dynamic_stats: false } },
    ],
    route_config: { virtual_hosts: [virtualHost()], internal_only_headers: ['x-internal'] },
  });
}

function virtualHost(): JsonObject {
  return {
    name: 'backend',
    domains: ['*'],
    require_ssl: 'external_only',
    cors: { allow_origin: ['*'], max_age: '60' },
    routes: [
      {
        prefix: '/',
        weighted_clusters: {
          clusters: [
            { name: 'backend', weight: 60 },
            { name: 'other', weight: 40 },
          ],
        },
        headers: [
          { name: 'x-shard', range_match: { start: 0, end: 10 } },
          { name: 'x-user', value: 'a' },
        ],
        retry_policy: { retry_on: '5xx', num_retries: 2, per_try_timeout_ms: 100 },
        rate_limits: [
          {
            stage: 1,
            actions: [{ type: 'remote_address' }, { type: 'generic_key', descriptor_value: 'a' }],
          },
        ],
        request_headers_to_add: [{ key: 'x-a', value: 'b' }],
        runtime: { key: 'a', default: 50 },
      },
      { path: '/moved', host_redirect: 'example.com', case_sensitive: false },
    ],
  };
}

function tcpListener(): JsonObject {
  return {
    address: 'tcp://127.0.0.1:81',
    filters: [
      {
        name: 'tcp_proxy',
        config: { stat_prefix: 'tcp', route_config: { routes: [{ cluster: 'backend' }] } },
      },
    ],
    ssl_context: { cert_chain_file: 'cert.pem', private_key_file: 'key.pem' },
  };
}

function cluster(): JsonObject {
  return staticCluster({
    circuit_breakers: { default: { max_connections: 10 }, high: { max_retries: 1 } },
    ssl_context: { ca_cert_file: 'ca.pem', sni: 'backend' },
    http2_settings: { max_concurrent_streams: 10, initial_stream_window_size: 65_535 },
    outlier_detection: { consecutive_5xx: 5, max_ejection_percent: 50 },
  });
}

function healthCheck(): JsonObject {
  return {
    type: 'tcp',
    timeout_ms: 100,
    interval_ms: 1000,
    unhealthy_threshold: 2,
    healthy_threshold: 1,
    send: [{ binary: '00ff' }],
    receive: [],
  };
}
