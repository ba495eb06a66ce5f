import { clusterManagerSchema } from './cluster-manager-schema.js';
import { formerPort, formerStatsdPort } from './former-keys.js';
import { listenerSchema } from './listener-schema.js';
import type { KeySchema, ObjectSchema } from './schema.js';
import {
  ldsSchema,
  rateLimitServiceSchema,
  runtimeSchema,
  tracingSchema,
} from './service-schemas.js';
import { isEmpty, isZero } from './unsupported-feature.js';
import { count, listOf, object, text } from './values.js';

const noStatsSink = 'statistics are not sent anywhere';
const noThreads = 'a library has no threads to watch';

const adminSchema: ObjectSchema = {
  noun: 'the admin server',
  typeName: 'Admin',
  description: 'The local server that shows and changes the state of the process.',
  reference: '1.4',
  foreign: { port: formerPort(8001) },
  keys: {
    access_log_path: {
      value: text,
      isRequired: true,
      example: '"/dev/stdout"',
      description: 'Access log of the admin server; /dev/null for none.',
      test: 'admin',
    },
    address: {
      value: text,
      isRequired: true,
      example: '"tcp://127.0.0.1:8001"',
      description: 'Where the admin server listens, as tcp://ip:port.',
      difference: 'No Unix socket; different from the address of every listener.',
      test: 'admin',
    },
    profile_path: {
      value: text,
      default: '/var/log/envoy/envoy.prof',
      description: 'Where CPU profiles are written to.',
      difference: 'Accepted and not used: profiles are taken with the tools of Node.js.',
      test: 'admin',
    },
  },
};

const watchdog = (description: string, milliseconds: number): KeySchema => ({
  value: count,
  default: milliseconds,
  description,
  unsupported:
    milliseconds === 0
      ? { reason: noThreads, without: 'the process is never killed', isHarmless: isZero }
      : { reason: noThreads, without: 'nothing is watched' },
});

/** A whole document. */
export const documentSchema: ObjectSchema = {
  noun: 'a v1 configuration',
  typeName: 'EnvoyV1Config',
  description: 'A configuration in the v1 schema of Envoy.',
  reference: '1.1',
  foreign: { statsd_local_udp_port: formerStatsdPort },
  keys: {
    $schema: {
      value: text,
      example: '"./node_modules/pillion/envoy-v1.schema.json"',
      description: 'Where editors find the JSON Schema of this file; not read otherwise.',
      difference: 'Of pillion; Envoy refuses it.',
      test: 'configuration-keys',
    },
    listeners: {
      value: listOf(object(listenerSchema)),
      isRequired: true,
      description: 'The listeners; may be empty.',
      test: 'start-up',
    },
    lds: {
      value: object(ldsSchema),
      description: 'The service that listeners are found by.',
      difference: 'Listeners of the file are not touched.',
      test: 'listener-discovery',
    },
    admin: {
      value: object(adminSchema),
      isRequired: true,
      example: '{ "access_log_path": "/dev/null", "address": "tcp://127.0.0.1:8001" }',
      description: 'The admin server.',
      test: 'admin',
    },
    cluster_manager: {
      value: object(clusterManagerSchema),
      isRequired: true,
      example: '{ "clusters": [ ... ] }',
      description: 'The clusters.',
      test: 'start-up',
    },
    flags_path: {
      value: text,
      description: 'Folder that is searched for flag files at start-up.',
      unsupported: { reason: 'flag files are not read', without: 'no flag is set' },
    },
    statsd_udp_ip_address: {
      value: text,
      example: '"127.0.0.1:8125"',
      description: 'Address of a statsd server that statistics are sent to by UDP, as ip:port.',
      unsupported: { reason: noStatsSink, without: 'statistics are only on the admin server' },
    },
    statsd_tcp_cluster_name: {
      value: text,
      description: 'Cluster of statsd servers that statistics are sent to by TCP.',
      unsupported: { reason: noStatsSink, without: 'statistics are only on the admin server' },
    },
    stats_flush_interval_ms: {
      value: count,
      default: 5000,
      description: 'How often statistics are sent.',
      unsupported: { reason: noStatsSink, without: 'nothing is flushed' },
    },
    watchdog_miss_timeout_ms: watchdog('After what time a stuck thread is counted.', 200),
    watchdog_megamiss_timeout_ms: watchdog('After what time it is counted again.', 1000),
    watchdog_kill_timeout_ms: watchdog(
      'After what time a stuck thread ends the process; 0 for never.',
      0,
    ),
    watchdog_multikill_timeout_ms: watchdog(
      'After what time two stuck threads end the process; 0 for never.',
      0,
    ),
    tracing: {
      value: object(tracingSchema),
      description: 'Where spans are sent to.',
      unsupported: {
        reason:
          'spans are sent by the OpenTelemetry SDK of the application, to where it sends its own',
        without: 'no driver of the file sends spans',
        isHarmless: isEmpty,
      },
    },
    rate_limit_service: {
      value: object(rateLimitServiceSchema),
      description: 'The service that decides about rate limits.',
      difference: 'Needs the package `@grpc/grpc-js`.',
      test: 'rate-limit-service',
    },
    runtime: {
      value: object(runtimeSchema),
      description: 'The tree of files with runtime values.',
      test: 'runtime',
    },
  },
};
