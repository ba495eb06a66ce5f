import { refreshDelayKey } from './discovery-keys.js';
import type { ObjectSchema } from './schema.js';
import { object, oneOf, text, union } from './values.js';

/** `lds`. */
export const ldsSchema: ObjectSchema = {
  noun: 'the lds',
  typeName: 'Lds',
  description: 'The service that listeners are found by.',
  reference: '1.3',
  keys: {
    cluster: {
      value: text,
      isRequired: true,
      example: '"lds"',
      description: 'Name of the cluster of the discovery service.',
      difference: 'A cluster of the file, of any supported type but `sds`.',
      test: 'listener-discovery',
    },
    refresh_delay_ms: { ...refreshDelayKey, test: 'listener-discovery' },
  },
};

/** `runtime`. */
export const runtimeSchema: ObjectSchema = {
  noun: 'the runtime',
  typeName: 'Runtime',
  description: 'A tree of files with values that can change while the process runs.',
  reference: '1.7',
  keys: {
    symlink_root: {
      value: text,
      isRequired: true,
      example: '"/srv/runtime/current"',
      description: 'Symbolic link to the tree. Replacing it loads the tree again.',
      difference:
        'A tree that cannot be read in full leaves the values as they were. A folder that cannot be ' +
        'watched is a warning, and no error.',
      test: 'runtime',
    },
    subdirectory: {
      value: text,
      isRequired: true,
      example: '"envoy"',
      description: 'Folder in the tree that holds the values.',
      difference: 'Names that begin with a dot are no keys. A number with a sign is none.',
      test: 'runtime',
    },
    override_subdirectory: {
      value: text,
      description: 'Folder whose child named like the service cluster overrides single values.',
      difference: 'Without a service cluster nothing is overridden.',
      test: 'runtime',
    },
  },
};

const collectorCluster = {
  value: text,
  isRequired: true,
  example: '"collector"',
  description: 'Name of the cluster of the collectors.',
} as const;

const lightstepConfigSchema: ObjectSchema = {
  noun: 'the config of the driver lightstep',
  typeName: 'LightstepConfig',
  description: 'Where LightStep is.',
  reference: '1.8',
  keys: {
    access_token_file: {
      value: text,
      isRequired: true,
      example: '"/etc/lightstep/token"',
      description: 'File with the access token.',
    },
    collector_cluster: collectorCluster,
  },
};

const zipkinConfigSchema: ObjectSchema = {
  noun: 'the config of the driver zipkin',
  typeName: 'ZipkinConfig',
  description: 'Where Zipkin is.',
  reference: '1.8',
  keys: {
    collector_cluster: collectorCluster,
    collector_endpoint: {
      value: text,
      default: '/api/v1/spans',
      description: 'Path that spans are posted to.',
    },
  },
};

function driverSchema(type: string, typeName: string, config: ObjectSchema): ObjectSchema {
  return {
    noun: `the driver ${type}`,
    typeName,
    description: `The tracing driver ${type}.`,
    reference: '1.8',
    keys: {
      type: { value: oneOf(type), isRequired: true, description: 'Which driver it is.' },
      config: { value: object(config), isRequired: true, description: 'Settings of the driver.' },
    },
  };
}

const httpTracingSchema: ObjectSchema = {
  noun: 'the http of tracing',
  typeName: 'HttpTracing',
  description: 'Tracing of HTTP requests.',
  reference: '1.8',
  keys: {
    driver: {
      value: union({
        tag: 'type',
        noun: 'a tracing driver',
        variants: {
          lightstep: {
            object: driverSchema('lightstep', 'LightstepDriver', lightstepConfigSchema),
          },
          zipkin: { object: driverSchema('zipkin', 'ZipkinDriver', zipkinConfigSchema) },
        },
      }),
      description: 'What the spans are sent with.',
    },
  },
};

/** `tracing` of the document. */
export const tracingSchema: ObjectSchema = {
  noun: 'the tracing',
  typeName: 'Tracing',
  description: 'Where spans are sent to.',
  reference: '1.8',
  isOpen: true,
  keys: {
    http: { value: object(httpTracingSchema), description: 'Tracing of HTTP requests.' },
  },
};

const grpcServiceSchema: ObjectSchema = {
  noun: 'the config of the rate_limit_service',
  typeName: 'RateLimitServiceConfig',
  description: 'Where the rate limit service is.',
  reference: '1.9',
  keys: {
    cluster_name: {
      value: text,
      isRequired: true,
      example: '"ratelimit"',
      description: 'Name of the cluster of the service.',
      difference:
        'The package `@grpc/grpc-js` connects to its hosts: neither the limits nor the ' +
        'statistics of the cluster know of these connections.',
      test: 'rate-limit-service',
    },
  },
};

/** `rate_limit_service`. */
export const rateLimitServiceSchema: ObjectSchema = {
  noun: 'the rate_limit_service',
  typeName: 'RateLimitService',
  description: 'The service that decides about rate limits.',
  reference: '1.9',
  keys: {
    type: {
      value: oneOf('grpc_service'),
      isRequired: true,
      description: 'How it is asked: by gRPC.',
      test: 'rate-limit-service',
    },
    config: {
      value: object(grpcServiceSchema),
      isRequired: true,
      example: '{ "cluster_name": "ratelimit" }',
      description: 'Where it is.',
      test: 'rate-limit-service',
    },
  },
};
