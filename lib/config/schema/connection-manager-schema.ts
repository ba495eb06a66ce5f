import { accessLogSchema } from './access-log-schema.js';
import { apiTypeKey, refreshDelayKey } from './discovery-keys.js';
import { httpFilterUnion } from './http-filter-union.js';
import { http1SettingsSchema, http2SettingsSchema } from './http-settings-schemas.js';
import { routeTableSchema } from './route-table-schema.js';
import type { ObjectSchema } from './schema.js';
import { count, flag, listOf, object, oneOf, text, union } from './values.js';

/** The values of `codec_type`. */
export const codecTypes = ['auto', 'http1', 'http2'] as const;

/** The values of `forward_client_cert`. */
export const forwardClientCerts = [
  'forward_only',
  'append_forward',
  'sanitize',
  'sanitize_set',
  'always_forward_only',
] as const;

/** The entries of `set_current_client_cert_details`. */
export const clientCertDetails = ['Subject', 'SAN'] as const;

/** The values of `operation_name`. */
export const operationNames = ['ingress', 'egress'] as const;

const tracingSchema: ObjectSchema = {
  noun: 'the tracing of an http_connection_manager',
  typeName: 'ConnectionManagerTracing',
  description: 'Traces the requests; its presence turns tracing on.',
  reference: '2.1.2',
  keys: {
    operation_name: {
      value: oneOf(...operationNames),
      isRequired: true,
      description: 'Whether the spans are those of requests that come in or that go out.',
      test: 'trace-decisions',
    },
    request_headers_for_tags: {
      value: listOf(text, { uniqueItems: true }),
      example: '["x-user"]',
      description: 'Headers of the request that become tags of the span.',
      test: 'tracing',
    },
  },
};

const rdsSchema: ObjectSchema = {
  noun: 'the rds',
  typeName: 'Rds',
  description: 'The service that the route table is found by.',
  reference: '2.2',
  keys: {
    cluster: {
      value: text,
      isRequired: true,
      example: '"rds"',
      description: 'Name of the cluster of the discovery service.',
      test: 'route-discovery',
    },
    route_config_name: {
      value: text,
      isRequired: true,
      example: '"ingress"',
      description: 'Name of the route table.',
      test: 'route-discovery',
    },
    refresh_delay_ms: { ...refreshDelayKey, test: 'route-discovery' },
    api_type: {
      ...apiTypeKey,
      difference: '`REST` and `GRPC`, which are of v2, are refused.',
      test: 'route-discovery',
    },
  },
};

/** The config of an `http_connection_manager`. */
export const connectionManagerSchema: ObjectSchema = {
  noun: 'the config of an http_connection_manager',
  typeName: 'HttpConnectionManager',
  description: 'Reads HTTP requests from connections and routes them.',
  reference: '2.1',
  keys: {
    codec_type: {
      value: oneOf(...codecTypes),
      isRequired: true,
      description: 'The protocol of the connections; auto finds it out.',
      test: 'http2',
    },
    stat_prefix: {
      value: text,
      isRequired: true,
      example: '"ingress_http"',
      description: 'First part of the names of its statistics.',
      test: 'admin',
    },
    rds: {
      value: object(rdsSchema),
      description: 'The service that the route table is found by. Excludes `route_config`.',
      test: 'route-discovery',
    },
    route_config: {
      value: object(routeTableSchema),
      example: '{ "virtual_hosts": [ ... ] }',
      description: 'The route table. Excludes `rds`; one of them is required.',
      test: 'cluster-configuration',
    },
    filters: {
      value: listOf(union(httpFilterUnion), { minItems: 1 }),
      isRequired: true,
      example: '[{ "name": "router", "config": {} }]',
      description: 'The HTTP filters that requests pass, in order.',
      difference:
        'Where no filter answers, as in a chain without `router`, requests get status 404; in Envoy they hang.',
      test: 'start-up',
    },
    add_user_agent: {
      value: flag,
      default: false,
      description: 'Whether the service cluster is written to user-agent.',
      test: 'request-headers',
    },
    tracing: {
      value: object(tracingSchema),
      description: 'Traces the requests.',
      difference:
        'Spans are made by OpenTelemetry and go where the application sends them; its propagators read and write the headers.',
      test: 'tracing',
    },
    http1_settings: {
      value: object(http1SettingsSchema),
      description: 'Settings of HTTP/1.1.',
      test: 'absolute-form',
    },
    http2_settings: {
      value: object(http2SettingsSchema),
      description: 'Settings of HTTP/2.',
      test: 'http2-settings',
    },
    server_name: {
      value: text,
      default: 'envoy',
      description: 'Value of the header server of responses.',
      difference: 'Must be fit for a header: no control characters.',
      test: 'response-headers',
    },
    idle_timeout_s: {
      value: count,
      description: 'Seconds without a request after which a connection is closed.',
      difference: '0 means no limit. Negative numbers, which the schema lets pass, are refused.',
      test: 'idle-timeout',
    },
    drain_timeout_ms: {
      value: count,
      default: 5000,
      description: 'Time between the two GOAWAY frames by which an HTTP/2 connection ends.',
      difference: 'Behind TLS only the last one is sent, at once.',
      test: 'http2-drain',
    },
    access_log: {
      value: listOf(object(accessLogSchema)),
      description: 'The access logs; any number of them.',
      test: 'access-log',
    },
    use_remote_address: {
      value: flag,
      default: false,
      description:
        'Whether the peer is the client: true at the edge, false behind a trusted proxy.',
      test: 'request-headers',
    },
    forward_client_cert: {
      value: oneOf(...forwardClientCerts),
      default: 'sanitize',
      description: 'What happens to x-forwarded-client-cert.',
      test: 'client-certificates',
    },
    set_current_client_cert_details: {
      value: listOf(oneOf(...clientCertDetails), { uniqueItems: true }),
      example: '["SAN"]',
      description: 'What of the client certificate is written to x-forwarded-client-cert.',
      test: 'client-certificates',
    },
    generate_request_id: {
      value: flag,
      default: true,
      description: 'Whether x-request-id is made for requests without it.',
      test: 'request-headers',
    },
  },
};
