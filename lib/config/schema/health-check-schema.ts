import type { KeySchema, ObjectSchema } from './schema.js';
import { flag, listOf, object, oneOf, positive, text } from './values.js';

/** The values of a health check's `type`. */
export const healthCheckTypes = ['http', 'redis', 'tcp'] as const;

const bytesSchema: ObjectSchema = {
  noun: 'a block of bytes of a health check',
  typeName: 'HealthCheckBytes',
  description: 'Bytes that a TCP health check sends or expects.',
  reference: '1.6.1',
  keys: {
    binary: {
      value: text,
      isRequired: true,
      example: '"50494e470d0a"',
      description: 'The bytes, in hexadecimal.',
      test: 'health-check-types',
    },
  },
};

const threshold = (description: string): KeySchema => ({
  value: positive,
  isRequired: true,
  example: '2',
  description,
  test: 'health-checks',
});

/** `health_check` of a cluster. */
export const healthCheckSchema: ObjectSchema = {
  noun: 'the health_check of a cluster',
  typeName: 'HealthCheck',
  description: 'How the hosts of a cluster are health-checked.',
  reference: '1.6.1',
  keys: {
    type: {
      value: oneOf(...healthCheckTypes),
      isRequired: true,
      description: 'What is sent.',
      test: 'health-check-types',
    },
    timeout_ms: {
      value: positive,
      isRequired: true,
      example: '1000',
      description: 'Time in which a host must be connected and answer.',
      test: 'health-check-timing',
    },
    interval_ms: {
      value: positive,
      isRequired: true,
      example: '10000',
      description:
        'Time from the result of a check to the next. A minute while the cluster has never had a ' +
        'connection for requests.',
      test: 'health-check-timing',
    },
    interval_jitter_ms: {
      value: positive,
      description: 'Below this is what is added to each wait at random.',
      test: 'health-check-timing',
    },
    unhealthy_threshold: threshold(
      'Checks in a row without an answer after which a host is unhealthy; an answer that it is not ' +
        'well counts at once.',
    ),
    healthy_threshold: threshold(
      'Checks in a row that a host must pass to be healthy again; the first check ever is enough.',
    ),
    path: {
      value: text,
      example: '"/healthcheck"',
      description: 'Path of the request. Required for the type http.',
      test: 'health-check-types',
    },
    send: {
      value: listOf(object(bytesSchema)),
      example: '[{ "binary": "50494e470d0a" }]',
      description: 'What is sent. Required for the type tcp.',
      test: 'health-check-types',
    },
    receive: {
      value: listOf(object(bytesSchema)),
      example: '[{ "binary": "504f4e47" }]',
      description:
        'What must be answered, in this order; empty for connecting only, and then nothing is sent. ' +
        'Required for the type tcp.',
      test: 'health-check-types',
    },
    reuse_connection: {
      value: flag,
      default: true,
      description: 'Whether the connection is kept open between checks.',
      test: 'health-check-types',
    },
    service_name: {
      value: text,
      description: 'What x-envoy-upstream-healthchecked-cluster must begin with (type http).',
      test: 'health-check-types',
    },
    redis_key: {
      value: text,
      description: 'A key that must not exist (type redis); default a PING.',
      test: 'health-check-types',
    },
  },
};
