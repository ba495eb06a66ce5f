import { accessLogSchema } from './access-log-schema.js';
import { connectionManagerSchema } from './connection-manager-schema.js';
import { httpFilterNames } from './filter-names.js';
import type { ObjectSchema, UnionSchema, UnionVariant } from './schema.js';
import type { UnsupportedFeature } from './unsupported-feature.js';
import { listOf, nonEmptyText, object, oneOf, percent, positive, text, texts } from './values.js';

const statPrefix = {
  value: text,
  isRequired: true,
  example: '"ingress"',
  description: 'First part of the names of its statistics.',
} as const;

const tcpRouteSchema: ObjectSchema = {
  noun: 'a route of tcp_proxy',
  typeName: 'TcpRoute',
  description: 'Where connections are sent, and which.',
  reference: '6.2.2',
  keys: {
    cluster: {
      value: text,
      isRequired: true,
      example: '"backend"',
      description: 'Name of the cluster.',
    },
    destination_ip_list: {
      value: texts,
      description: 'Ranges of addresses that the destination must be in, as ip/length.',
    },
    destination_ports: {
      value: nonEmptyText,
      example: '"1-1024,2048"',
      description: 'Ports that the destination must have.',
    },
    source_ip_list: {
      value: texts,
      description: 'Ranges of addresses that the client must be in, as ip/length.',
    },
    source_ports: {
      value: nonEmptyText,
      example: '"1-1024,2048"',
      description: 'Ports that the client must have.',
    },
  },
};

const tcpRouteConfigSchema: ObjectSchema = {
  noun: 'the route_config of tcp_proxy',
  typeName: 'TcpRouteConfig',
  description: 'The routes of connections.',
  reference: '6.2.2',
  keys: {
    routes: {
      value: listOf(object(tcpRouteSchema)),
      isRequired: true,
      description: 'The routes; the first match wins, and a connection without one is closed.',
    },
  },
};

const tcpProxySchema: ObjectSchema = {
  noun: 'the config of tcp_proxy',
  typeName: 'TcpProxy',
  description: 'Sends the bytes of connections to hosts.',
  reference: '6.2.2',
  keys: {
    stat_prefix: statPrefix,
    route_config: {
      value: object(tcpRouteConfigSchema),
      isRequired: true,
      example: '{ "routes": [] }',
      description: 'Where connections are sent.',
    },
    access_log: { value: listOf(object(accessLogSchema)), description: 'The access logs.' },
  },
};

const descriptorSchema: ObjectSchema = {
  noun: 'an entry of a descriptor',
  typeName: 'RateLimitDescriptorEntry',
  description: 'An entry of a descriptor that the rate limit service is asked about.',
  reference: '6.2.3',
  keys: {
    key: { value: text, isRequired: true, description: 'Key of the entry.' },
    value: { value: text, isRequired: true, description: 'Value of the entry.' },
  },
};

const rateLimitSchema: ObjectSchema = {
  noun: 'the config of the network filter ratelimit',
  typeName: 'NetworkRateLimit',
  description: 'Asks the rate limit service about every connection.',
  reference: '6.2.3',
  keys: {
    stat_prefix: statPrefix,
    domain: {
      value: text,
      isRequired: true,
      description: 'Domain of the rate limit configuration.',
    },
    descriptors: {
      value: listOf(listOf(object(descriptorSchema), { minItems: 1, uniqueItems: true })),
      isRequired: true,
      example: '[[{ "key": ..., "value": ... }]]',
      description: 'The descriptors that the service is asked about.',
    },
    timeout_ms: {
      value: positive,
      default: 20,
      description: 'Time in which the service must answer.',
    },
  },
};

const clientSslAuthSchema: ObjectSchema = {
  noun: 'the config of client_ssl_auth',
  typeName: 'ClientSslAuth',
  description: 'Lets in only clients with an approved certificate.',
  reference: '6.2.4',
  keys: {
    auth_api_cluster: {
      value: text,
      isRequired: true,
      description: 'Name of the cluster that lists the approved certificates.',
    },
    stat_prefix: statPrefix,
    refresh_delay_ms: {
      value: positive,
      default: 60000,
      description: 'How often the list is fetched.',
    },
    ip_white_list: {
      value: listOf(text, { minItems: 1, uniqueItems: true }),
      example: '["10.0.0.0/8"]',
      description: 'Ranges of addresses that need no certificate, as ip/length.',
    },
  },
};

const connPoolSchema: ObjectSchema = {
  noun: 'the conn_pool of redis_proxy',
  typeName: 'RedisConnPool',
  description: 'Settings of the connections to the hosts.',
  reference: '6.2.5',
  keys: {
    op_timeout_ms: {
      value: positive,
      isRequired: true,
      example: '20',
      description: 'Time in which a command must be answered.',
    },
  },
};

const redisProxySchema: ObjectSchema = {
  noun: 'the config of redis_proxy',
  typeName: 'RedisProxy',
  description: 'Splits Redis commands over hosts.',
  reference: '6.2.5',
  keys: {
    cluster_name: { value: text, isRequired: true, description: 'Name of the cluster.' },
    stat_prefix: statPrefix,
    conn_pool: {
      value: object(connPoolSchema),
      isRequired: true,
      example: '{ "op_timeout_ms": 20 }',
      description: 'Settings of the connections to the hosts.',
    },
  },
};

const mongoDelaySchema: ObjectSchema = {
  noun: 'the fixed_delay of mongo_proxy',
  typeName: 'MongoFixedDelay',
  description: 'A delay that is injected.',
  reference: '6.2.6',
  keys: {
    percent: {
      value: percent,
      isRequired: true,
      description: 'Share of the operations that are delayed.',
    },
    duration_ms: {
      value: positive,
      isRequired: true,
      example: '10',
      description: 'How long they are delayed.',
    },
  },
};

const mongoFaultSchema: ObjectSchema = {
  noun: 'the fault of mongo_proxy',
  typeName: 'MongoFault',
  description: 'Faults that are injected.',
  reference: '6.2.6',
  keys: {
    fixed_delay: {
      value: object(mongoDelaySchema),
      isRequired: true,
      example: '{ "percent": 1, "duration_ms": 10 }',
      description: 'The delay.',
    },
  },
};

const mongoProxySchema: ObjectSchema = {
  noun: 'the config of mongo_proxy',
  typeName: 'MongoProxy',
  description: 'Keeps statistics of MongoDB operations.',
  reference: '6.2.6',
  keys: {
    stat_prefix: statPrefix,
    access_log: { value: text, description: 'Path of the access log.' },
    fault: { value: object(mongoFaultSchema), description: 'Faults that are injected.' },
  },
};

const echoSchema: ObjectSchema = {
  noun: 'the config of echo',
  typeName: 'Echo',
  description: 'Writes back whatever it reads. It has no keys.',
  reference: '6.2.7',
  isOpen: true,
  keys: {},
};

function entrySchema(name: string, config: ObjectSchema): ObjectSchema {
  return {
    noun: 'a filter of a listener',
    typeName: `${config.typeName}Filter`,
    description: `The network filter ${name}.`,
    reference: '1.2.1',
    keys: {
      name: {
        value: oneOf(name),
        isRequired: true,
        description: 'Which filter it is.',
        test: 'start-up',
      },
      config: {
        value: object(config),
        isRequired: true,
        description: 'Settings of the filter; `{}` if there is nothing to set.',
        test: 'start-up',
      },
      type: {
        value: oneOf('read', 'write', 'both'),
        description: 'Obsolete, and without effect.',
        test: 'start-up',
      },
    },
  };
}

const notBuiltForTcp = 'of the network filters only http_connection_manager is built';

function notBuilt(
  name: string,
  config: ObjectSchema,
  rest: Omit<UnsupportedFeature, 'reason'>,
): UnionVariant {
  return { object: entrySchema(name, config), unsupported: { reason: notBuiltForTcp, ...rest } };
}

const nothingAnswers = { leavesOut: 'the listener', without: 'as nothing would answer' } as const;

/** A filter of a listener. */
export const networkFilterUnion: UnionSchema = {
  tag: 'name',
  noun: 'a network filter',
  describeUnknown: (name) =>
    httpFilterNames.some((known) => known === name)
      ? `"${name}" is an HTTP filter; move it to the "filters" of an http_connection_manager`
      : undefined,
  variants: {
    http_connection_manager: {
      object: entrySchema('http_connection_manager', connectionManagerSchema),
      test: 'start-up',
    },
    tcp_proxy: notBuilt('tcp_proxy', tcpProxySchema, nothingAnswers),
    redis_proxy: notBuilt('redis_proxy', redisProxySchema, nothingAnswers),
    echo: notBuilt('echo', echoSchema, nothingAnswers),
    mongo_proxy: notBuilt('mongo_proxy', mongoProxySchema, {
      without: 'there are no MongoDB statistics',
    }),
    ratelimit: notBuilt('ratelimit', rateLimitSchema, { without: 'no connection is limited' }),
    client_ssl_auth: notBuilt('client_ssl_auth', clientSslAuthSchema, {
      leavesOut: 'the listener',
      without: 'as it would let everybody in',
    }),
  },
};
