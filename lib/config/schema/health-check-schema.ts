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
    },
  },
};

const threshold = (description: string): KeySchema => ({
  value: positive,
  isRequired: true,
  example: '2',
  description,
});

/** `health_check` of a cluster. */
export const healthCheckSchema: ObjectSchema = {
  noun: 'the health_check of a cluster',
  typeName: 'HealthCheck',
  description: 'How the hosts of a cluster are health-checked.',
  reference: '1.6.1',
  keys: {
    type: { value: oneOf(...healthCheckTypes), isRequired: true, description: 'What is sent.' },
    timeout_ms: {
      value: positive,
      isRequired: true,
      example: '1000',
      description: 'Time in which a host must answer.',
    },
    interval_ms: {
      value: positive,
      isRequired: true,
      example: '10000',
      description: 'Time between two checks of a host.',
    },
    interval_jitter_ms: {
      value: positive,
      description: 'What is added to the interval at random, at most.',
    },
    unhealthy_threshold: threshold('Failures in a row after which a host is unhealthy.'),
    healthy_threshold: threshold('Successes in a row after which a host is healthy again.'),
    path: {
      value: text,
      example: '"/healthcheck"',
      description: 'Path of the request. Required for the type http.',
    },
    send: {
      value: listOf(object(bytesSchema)),
      example: '[{ "binary": "50494e470d0a" }]',
      description: 'What is sent. Required for the type tcp.',
    },
    receive: {
      value: listOf(object(bytesSchema)),
      example: '[{ "binary": "504f4e47" }]',
      description: 'What must be answered; empty for connecting only. Required for the type tcp.',
    },
    reuse_connection: {
      value: flag,
      default: true,
      description: 'Whether the connection is kept open between checks.',
    },
    service_name: {
      value: text,
      description: 'What x-envoy-upstream-healthchecked-cluster must begin with (type http).',
    },
    redis_key: {
      value: text,
      description: 'A key that must not exist (type redis); default a PING.',
    },
  },
};
