import { headerMatcherSchema } from './header-schemas.js';
import { requestType } from './request-type.js';
import type { KeySchema, ObjectSchema } from './schema.js';
import {
  count,
  flag,
  integer,
  listOf,
  map,
  object,
  oneOf,
  percent,
  positive,
  positiveNumber,
  text,
} from './values.js';

/** A filter whose `config` has no keys. */
function emptySchema(name: string, typeName: string, description: string): ObjectSchema {
  return {
    noun: `the config of ${name}`,
    typeName,
    description: `${description} It has no keys.`,
    reference: '6.1',
    isOpen: true,
    keys: {},
  };
}

export const routerSchema: ObjectSchema = {
  noun: 'the config of the router',
  typeName: 'Router',
  description: 'Sends requests to the hosts of clusters.',
  reference: '3.1',
  keys: {
    dynamic_stats: {
      value: flag,
      default: true,
      description: 'Whether clusters count responses by status.',
      test: 'configuration-keys',
    },
    start_child_span: {
      value: flag,
      default: false,
      description: 'Whether every attempt has a span of its own.',
      test: 'tracing',
    },
  },
};

export const bufferSchema: ObjectSchema = {
  noun: 'the config of buffer',
  typeName: 'Buffer',
  description: 'Holds requests until they are complete.',
  reference: '6.1.2',
  keys: {
    max_request_bytes: {
      value: count,
      isRequired: true,
      example: '1048576',
      description: 'Larger requests are answered with 413.',
      difference: 'Negative numbers, which the schema lets pass, are refused.',
      test: 'buffer-filter',
    },
    max_request_time_s: {
      value: count,
      isRequired: true,
      example: '10',
      description: 'Requests that take longer to arrive, in seconds, are answered with 408.',
      difference: 'Negative numbers, which the schema lets pass, are refused.',
      test: 'buffer-filter',
    },
  },
};

export const corsFilterSchema: ObjectSchema = emptySchema(
  'cors',
  'Cors',
  'Answers preflight requests by the policies of virtual hosts and routes.',
);
export const grpcBridgeSchema: ObjectSchema = emptySchema(
  'grpc_http1_bridge',
  'GrpcHttp1Bridge',
  'Lets HTTP/1.1 clients make gRPC calls.',
);
export const grpcWebSchema: ObjectSchema = emptySchema(
  'grpc_web',
  'GrpcWeb',
  'Lets browsers make gRPC calls.',
);
export const dynamoSchema: ObjectSchema = emptySchema(
  'http_dynamo_filter',
  'HttpDynamo',
  'Keeps statistics of DynamoDB operations.',
);

/** The documentation of Envoy says otherwise; its code does this. */
const drawnTwice =
  'Drawn a second time, for `fault.http.<downstream-cluster>`, if the caller names its cluster in ' +
  '`x-envoy-downstream-service-cluster`: one hit of the two is enough, as in the code of Envoy.';

const abortSchema: ObjectSchema = {
  noun: 'the abort of fault',
  typeName: 'FaultAbort',
  description: 'Requests that are answered with an error.',
  reference: '6.1.4',
  keys: {
    abort_percent: {
      value: percent,
      isRequired: true,
      description: 'Share of the requests.',
      difference: drawnTwice,
      test: 'fault',
    },
    http_status: {
      value: integer(0, 599),
      isRequired: true,
      example: '503',
      description: 'The status of the answer.',
      difference:
        'Below 200, which no response has as its status, the answer is 500, with a warning. 204, ' +
        '205 and 304 have no body.',
      test: 'fault',
    },
  },
};

const delaySchema: ObjectSchema = {
  noun: 'the delay of fault',
  typeName: 'FaultDelay',
  description: 'Requests that are held back.',
  reference: '6.1.4',
  keys: {
    type: {
      value: oneOf('fixed'),
      isRequired: true,
      description: 'The kind of delay.',
      test: 'fault',
    },
    fixed_delay_percent: {
      value: percent,
      isRequired: true,
      description: 'Share of the requests.',
      difference: drawnTwice,
      test: 'fault',
    },
    fixed_duration_ms: {
      value: positive,
      isRequired: true,
      example: '100',
      description: 'How long they are held back.',
      test: 'fault',
    },
  },
};

export const faultSchema: ObjectSchema = {
  noun: 'the config of fault',
  typeName: 'Fault',
  description: 'Injects delays and errors.',
  reference: '6.1.4',
  keys: {
    abort: {
      value: object(abortSchema),
      description: 'Requests that are answered with an error.',
      test: 'fault',
    },
    delay: {
      value: object(delaySchema),
      description: 'Requests that are held back.',
      test: 'fault',
    },
    upstream_cluster: {
      value: text,
      description: 'Only requests to this cluster are concerned.',
      test: 'fault',
    },
    headers: {
      value: listOf(object(headerMatcherSchema), { minItems: 1 }),
      example: '[{ "name": ... }]',
      description: 'Only requests with these headers are concerned.',
      test: 'fault',
    },
    downstream_nodes: {
      value: listOf(text, { minItems: 1 }),
      example: '["edge-1"]',
      description: 'Only requests from these service nodes are concerned.',
      test: 'fault',
    },
  },
};

export const rateLimitFilterSchema: ObjectSchema = {
  noun: 'the config of rate_limit',
  typeName: 'HttpRateLimit',
  description: 'Asks the rate limit service about requests.',
  reference: '6.1.5',
  keys: {
    domain: {
      value: text,
      isRequired: true,
      description: 'Domain of the rate limit configuration.',
      test: 'rate-limit',
    },
    stage: {
      value: integer(0, 10),
      default: 0,
      description: 'Which rate limits of the routes are applied: those of the same stage.',
      test: 'rate-limit',
    },
    request_type: { ...requestType, test: 'rate-limit' },
    timeout_ms: {
      value: positive,
      default: 20,
      description: 'Time in which the service must answer; then the request is allowed.',
      test: 'rate-limit-service',
    },
  },
};

export const healthCheckFilterSchema: ObjectSchema = {
  noun: 'the config of health_check',
  typeName: 'HealthCheckResponder',
  description: 'Answers health checks.',
  reference: '6.1.6',
  keys: {
    pass_through_mode: {
      value: flag,
      isRequired: true,
      example: 'false',
      description: 'Whether health checks are sent on.',
      test: 'health-check-filter',
    },
    endpoint: {
      value: text,
      isRequired: true,
      example: '"/healthcheck"',
      description: 'The path that is a health check.',
      test: 'health-check-filter',
    },
    cache_time_ms: {
      value: count,
      description: 'How long the answer to a health check is kept (pass-through only).',
      test: 'health-check-filter',
    },
  },
};

export const luaSchema: ObjectSchema = {
  noun: 'the config of lua',
  typeName: 'Lua',
  description: 'Runs a Lua script on requests and responses.',
  reference: '6.1.8',
  keys: {
    inline_code: {
      value: text,
      isRequired: true,
      description: 'The script. It is loaded when the sidecar starts.',
      test: 'lua',
    },
  },
};

const printOption = (description: string): KeySchema => ({
  value: flag,
  default: false,
  description,
  test: 'grpc-json-transcoder',
});

const printOptionsSchema: ObjectSchema = {
  noun: 'the print_options of grpc_json_transcoder',
  typeName: 'PrintOptions',
  description: 'How JSON is written.',
  reference: '6.1.9',
  keys: {
    add_whitespace: printOption('Whether it has spaces and line ends.'),
    always_print_primitive_fields: printOption('Whether fields with default values are written.'),
    always_print_enums_as_ints: printOption('Whether enums are written as numbers.'),
    preserve_proto_field_names: printOption('Whether names of fields are kept as they are.'),
  },
};

export const transcoderSchema: ObjectSchema = {
  noun: 'the config of grpc_json_transcoder',
  typeName: 'GrpcJsonTranscoder',
  description: 'Lets JSON clients make gRPC calls.',
  reference: '6.1.9',
  keys: {
    proto_descriptor: {
      value: text,
      isRequired: true,
      example: '"/etc/envoy/services.pb"',
      description: 'File with the descriptors of the services.',
      test: 'grpc-json-transcoder',
    },
    services: {
      value: listOf(text, { minItems: 1, uniqueItems: true }),
      isRequired: true,
      example: '["bookstore.Bookstore"]',
      description: 'The services.',
      test: 'grpc-json-transcoder',
    },
    print_options: {
      value: object(printOptionsSchema),
      description: 'How JSON is written.',
      test: 'grpc-json-transcoder',
    },
  },
};

export const squashSchema: ObjectSchema = {
  noun: 'the config of squash',
  typeName: 'Squash',
  description: 'Attaches a debugger to requests that ask for it.',
  reference: '6.1.10',
  keys: {
    cluster: {
      value: text,
      isRequired: true,
      description: 'Name of the cluster of the server.',
      test: 'squash',
    },
    attachment_template: {
      value: map,
      isRequired: true,
      description: 'What is posted to the server; `{{ NAME }}` is a variable of the environment.',
      test: 'squash',
    },
    attachment_timeout_ms: {
      value: positiveNumber,
      default: 60000,
      description: 'How long a request is held at most.',
      test: 'squash',
    },
    attachment_poll_period_ms: {
      value: positiveNumber,
      default: 1000,
      description: 'How often the server is asked whether the debugger is attached.',
      test: 'squash',
    },
    request_timeout_ms: {
      value: positiveNumber,
      default: 1000,
      description: 'Time in which the server must answer.',
      test: 'squash',
    },
  },
};
