import { healthCheckSchema } from './health-check-schema.js';
import { http2SettingsSchema } from './http-settings-schemas.js';
import { outlierDetectionSchema } from './outlier-detection-schema.js';
import type { KeySchema, ObjectSchema } from './schema.js';
import { clusterTlsSchema } from './tls-schemas.js';
import { count, flag, listOf, nonEmptyText, object, oneOf, positive, text } from './values.js';

/** The values of a cluster's `type`. */
export const discoveryTypes = [
  'static',
  'strict_dns',
  'logical_dns',
  'sds',
  'original_dst',
] as const;

/** The values of a cluster's `lb_type`. */
export const lbTypes = [
  'round_robin',
  'least_request',
  'random',
  'ring_hash',
  'original_dst_lb',
] as const;

/** The values of `dns_lookup_family`. */
export const dnsLookupFamilies = ['v4_only', 'v6_only', 'auto'] as const;

function limit(description: string, value: number, test = 'circuit-breakers'): KeySchema {
  return {
    value: count,
    default: value,
    description,
    difference: 'Negative numbers, which the schema lets pass, are refused.',
    test,
  };
}

const circuitBreakerSchema: ObjectSchema = {
  noun: 'the circuit breaker of a priority',
  typeName: 'CircuitBreaker',
  description: 'Limits of one routing priority.',
  reference: '1.6.2',
  keys: {
    max_connections: limit('Connections to all hosts of the cluster.', 1024),
    max_pending_requests: limit('Requests that wait for a connection.', 1024),
    max_requests: limit(
      'Requests that are being served; of HTTP/2 only, as in Envoy.',
      1024,
      'cluster-http2',
    ),
    max_retries: limit('Retries that are being served.', 3, 'resend'),
  },
};

const circuitBreakersSchema: ObjectSchema = {
  noun: 'the circuit_breakers of a cluster',
  typeName: 'CircuitBreakers',
  description: 'Limits of a cluster, by routing priority.',
  reference: '1.6.2',
  keys: {
    default: {
      value: object(circuitBreakerSchema),
      description: 'Limits of the routes of default priority.',
      test: 'circuit-breakers',
    },
    high: {
      value: object(circuitBreakerSchema),
      description: 'Limits of the routes of high priority.',
      test: 'circuit-breakers',
    },
  },
};

const hostSchema: ObjectSchema = {
  noun: 'a host of a cluster',
  typeName: 'Host',
  description: 'A host of a cluster.',
  reference: '1.6',
  keys: {
    url: {
      value: text,
      isRequired: true,
      example: '"tcp://127.0.0.1:8080"',
      description: 'Where the host is. Static: tcp://ip:port or unix://path; DNS: tcp://name:port.',
      test: 'logical-dns',
    },
  },
};

const ringHashSchema: ObjectSchema = {
  noun: 'the ring_hash_lb_config',
  typeName: 'RingHashLbConfig',
  description: 'Settings of the load balancer ring_hash.',
  reference: '1.6',
  isOpen: true,
  keys: {
    minimum_ring_size: {
      value: count,
      default: 1024,
      description: 'Least number of entries of the ring.',
      difference: 'More than 131,072 are as good as that many: a ring is made on the event loop.',
      test: 'ring-hash',
    },
    use_std_hash: {
      value: flag,
      default: true,
      description: 'Whether the hash of the C++ standard library is used, or xxHash.',
      difference:
        'xxHash is used in any case, as the other is not the same on any two machines. So `false` ' +
        "chooses the same hosts as Envoy's.",
      test: 'ring-hash',
    },
  },
};

/** A cluster. */
export const clusterSchema: ObjectSchema = {
  noun: 'a cluster',
  typeName: 'Cluster',
  description: 'A group of hosts that serve the same.',
  reference: '1.6',
  keys: {
    name: {
      value: nonEmptyText,
      isRequired: true,
      example: '"backend"',
      description:
        'Name of the cluster: unique, the one of cluster_manager.sds included, and at most 60 bytes.',
      test: 'cluster-configuration',
    },
    type: {
      value: oneOf(...discoveryTypes),
      isRequired: true,
      description: 'How the hosts are found.',
      difference:
        'The hosts of `sds` may come from the option `registrations`; see kubernetes.md. ' +
        'Names of the form `_service._proto.name` are looked up as services (SRV); see dns.md. ' +
        '`original_dst` is for outbound calls: a request ' +
        'that has come in by a listener is answered with 503.',
      test: 'service-discovery',
    },
    connect_timeout_ms: {
      value: positive,
      isRequired: true,
      example: '250',
      description: 'Time in which a connection to a host must be made, TLS included.',
      test: 'upstream-failures',
    },
    per_connection_buffer_limit_bytes: {
      value: positive,
      default: 1048576,
      description: 'Soft limit of what is buffered for one connection.',
      test: 'back-pressure',
    },
    lb_type: {
      value: oneOf(...lbTypes),
      isRequired: true,
      description: 'How the host of a request is chosen.',
      difference:
        '`original_dst_lb` and the type `original_dst` only go together. Of hosts with different ' +
        'weights `least_request` compares the requests for each unit of weight. See load-balancing.md.',
      test: 'load-balancing',
    },
    ring_hash_lb_config: {
      value: object(ringHashSchema),
      description: 'Settings of ring_hash.',
      test: 'ring-hash',
    },
    hosts: {
      value: listOf(object(hostSchema), { minItems: 1, uniqueItems: true }),
      example: '[{ "url": "tcp://127.0.0.1:8080" }]',
      description:
        'The hosts, or the names that they are found by. Required for static and DNS clusters; ' +
        'exactly one for logical_dns.',
      difference:
        'Ports are 1 to 65535; a slash at the end of a URL is passed over. Not read ' +
        'for `sds`, with a warning.',
      test: 'logical-dns',
    },
    service_name: {
      value: text,
      example: '"backend.default.svc.cluster.local"',
      description: 'What the discovery service is asked for. Required for sds clusters.',
      difference:
        'ASCII without blanks, as it stands in the path of a request. Not read for other types, ' +
        'with a warning.',
      test: 'start-up',
    },
    health_check: {
      value: object(healthCheckSchema),
      description: 'How the hosts are health-checked.',
      difference:
        'Not read for a cluster that an application is mounted for. See health-checks.md.',
      test: 'health-checks',
    },
    max_requests_per_connection: {
      value: positive,
      description: 'Requests that a connection serves before it is closed; default without limit.',
      test: 'connection-limits',
    },
    circuit_breakers: {
      value: object(circuitBreakersSchema),
      description: 'Limits of connections, requests and retries.',
      test: 'circuit-breakers',
    },
    ssl_context: {
      value: object(clusterTlsSchema),
      description: 'TLS of the connections to the hosts.',
      test: 'cluster-tls',
    },
    features: {
      value: oneOf('http2'),
      description: 'The hosts are spoken to in HTTP/2, with prior knowledge.',
      difference: 'Nothing is sent before the host has sent its settings: see http2.md.',
      test: 'cluster-http2',
    },
    http2_settings: {
      value: object(http2SettingsSchema),
      description: 'Settings of HTTP/2; their presence turns it on.',
      test: 'cluster-http2-settings',
    },
    cleanup_interval_ms: {
      value: positive,
      default: 5000,
      description: 'How long an unused host of an original_dst cluster is kept.',
      difference: 'Not read for other types, with a warning.',
      test: 'original-dst',
    },
    dns_refresh_rate_ms: {
      value: positive,
      default: 5000,
      description: 'How often the names of a DNS cluster are resolved.',
      difference:
        'Names are resolved sooner if the time to live of the answer is shorter, but not within a ' +
        'second unless this says so. Not read for other types than DNS, with a warning.',
      test: 'logical-dns',
    },
    dns_lookup_family: {
      value: oneOf(...dnsLookupFamilies),
      default: 'v4_only',
      description: 'Which addresses a name may resolve to; auto asks for IPv6 first.',
      difference: 'Not read for other types than DNS, with a warning.',
      test: 'configuration-keys',
    },
    dns_resolvers: {
      value: listOf(text, { minItems: 1, uniqueItems: true }),
      example: '["10.0.0.2:53"]',
      description: 'The resolvers that are asked, as ip:port; default those of the system.',
      difference: 'Not read for other types than DNS, with a warning.',
      test: 'dns-resolvers',
    },
    outlier_detection: {
      value: object(outlierDetectionSchema),
      description: 'Ejects hosts that answer badly; an empty object turns it on with all defaults.',
      test: 'outlier-detection',
    },
  },
};
