import type { ObjectSchema } from './schema.js';
import { count, flag, integer, listOf, object, positive, text } from './values.js';

/** An entry of `query_parameters`. */
export const queryParameterSchema: ObjectSchema = {
  noun: 'a query parameter matcher',
  typeName: 'QueryParameterMatcher',
  description: 'What a parameter of the query string must be.',
  reference: '2.6.1',
  keys: {
    name: {
      value: text,
      isRequired: true,
      example: '"debug"',
      description: 'Name of the parameter.',
      test: 'route-matching',
    },
    value: {
      value: text,
      description: 'What it must equal. Without it, or empty, the parameter must be there.',
      test: 'route-matching',
    },
    regex: {
      value: flag,
      default: false,
      description: 'Whether `value` is a regular expression that must match the whole parameter.',
      difference: 'Patterns that cannot be matched in linear time are refused.',
      test: 'route-matching',
    },
  },
};

/** `runtime` of a route. */
export const routeRuntimeSchema: ObjectSchema = {
  noun: 'the runtime of a route',
  typeName: 'RouteRuntime',
  description: 'A share of requests that a runtime key can change.',
  reference: '2.6.3',
  keys: {
    key: {
      value: text,
      isRequired: true,
      example: '"routing.new_backend"',
      description: 'The runtime key.',
      test: 'route-matching',
    },
    default: {
      value: { type: 'integer', min: Number.MIN_SAFE_INTEGER },
      example: '50',
      isRequired: true,
      description: 'The share in percent while the key has no value.',
      test: 'route-matching',
    },
  },
};

const weightedClusterSchema: ObjectSchema = {
  noun: 'a weighted cluster',
  typeName: 'WeightedCluster',
  description: 'A cluster with its share of the requests.',
  reference: '2.6.5',
  keys: {
    name: {
      value: text,
      isRequired: true,
      example: '"backend"',
      description: 'Name of the cluster.',
      test: 'route-actions',
    },
    weight: {
      value: integer(0, 100),
      isRequired: true,
      example: '50',
      description: 'Its share in percent; all of them add up to 100.',
      test: 'route-actions',
    },
  },
};

/** `weighted_clusters`. */
export const weightedClustersSchema: ObjectSchema = {
  noun: 'the weighted_clusters of a route',
  typeName: 'WeightedClusters',
  description: 'Several clusters, each with its share of the requests.',
  reference: '2.6.5',
  keys: {
    clusters: {
      value: listOf(object(weightedClusterSchema), { minItems: 1 }),
      isRequired: true,
      example: '[{ "name": ..., "weight": ... }]',
      description: 'The clusters.',
      test: 'route-actions',
    },
    runtime_key_prefix: {
      value: text,
      description: 'With a dot and the name of a cluster, the runtime key of its share.',
      test: 'route-actions',
    },
  },
};

/** `retry_policy`. */
export const retryPolicySchema: ObjectSchema = {
  noun: 'the retry_policy of a route',
  typeName: 'RetryPolicy',
  description: 'When requests are tried again.',
  reference: '3.6',
  keys: {
    retry_on: {
      value: text,
      isRequired: true,
      example: '"5xx,connect-failure"',
      description: 'After what, as a list with commas.',
      difference: 'Blanks around the names do not count.',
      test: 'retries',
    },
    num_retries: {
      value: count,
      default: 1,
      description: 'How many times at most.',
      difference: '0 means never. A retry prefers a host that the request has not tried.',
      test: 'retries',
    },
    per_try_timeout_ms: {
      value: positive,
      description: 'Time for one attempt; dropped unless it is shorter than `timeout_ms`.',
      test: 'per-try-timeouts',
    },
  },
};

/** `shadow`. */
export const shadowSchema: ObjectSchema = {
  noun: 'the shadow of a route',
  typeName: 'Shadow',
  description: 'Where copies of the requests are sent.',
  reference: '2.6.6',
  keys: {
    cluster: {
      value: text,
      isRequired: true,
      example: '"backend_next"',
      description: 'Name of the cluster.',
      test: 'shadow',
    },
    runtime_key: {
      value: text,
      description: 'Runtime key with the share of the requests, in hundredths of a percent.',
      test: 'shadow',
    },
  },
};

/** `hash_policy`. */
export const hashPolicySchema: ObjectSchema = {
  noun: 'the hash_policy of a route',
  typeName: 'HashPolicy',
  description: 'What ring_hash chooses the host by.',
  reference: '2.6.4',
  keys: {
    header_name: {
      value: text,
      isRequired: true,
      example: '"x-user"',
      description: 'The header of the request that is hashed.',
      test: 'ring-hash',
    },
  },
};

/** `decorator`. */
export const decoratorSchema: ObjectSchema = {
  noun: 'the decorator of a route',
  typeName: 'Decorator',
  description: 'What the span is called.',
  reference: '5.9',
  keys: {
    operation: {
      value: text,
      isRequired: true,
      description: 'Name of the span.',
      difference: 'Must be fit for a header: no control characters.',
      test: 'trace-decisions',
    },
  },
};
