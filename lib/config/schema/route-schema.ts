import { routeCorsSchema } from './cors-schemas.js';
import { headerMatcherSchema, headersToAdd } from './header-schemas.js';
import { rateLimitSchema } from './rate-limit-schema.js';
import {
  decoratorSchema,
  hashPolicySchema,
  queryParameterSchema,
  retryPolicySchema,
  routeRuntimeSchema,
  shadowSchema,
  weightedClustersSchema,
} from './route-parts-schemas.js';
import type { KeySchema, ObjectSchema } from './schema.js';
import { count, flag, listOf, map, object, oneOf, text } from './values.js';

/** The values of a route's `priority`. */
export const routingPriorities = ['default', 'high'] as const;

const matching = 'route-matching';
const acting = 'route-actions';

const matchKeys: Readonly<Record<string, KeySchema>> = {
  prefix: {
    value: text,
    example: '"/"',
    description:
      'What the path begins with, query string included. Exactly one of `prefix`, `path` and `regex`.',
    difference: 'A prefix that no path can have earns a warning.',
    test: matching,
  },
  path: {
    value: text,
    example: '"/index.html"',
    description: 'What the path is, without its query string.',
    difference: 'A path that no request can have earns a warning.',
    test: matching,
  },
  regex: {
    value: text,
    example: '"/users/[0-9]+"',
    description: 'Regular expression that must match the whole path, without its query string.',
    difference: 'Patterns that cannot be matched in linear time are refused.',
    test: matching,
  },
  case_sensitive: {
    value: flag,
    default: true,
    description: 'Whether the case of `prefix` and `path` counts; that of `regex` always does.',
    test: matching,
  },
  headers: {
    value: listOf(object(headerMatcherSchema), { minItems: 1 }),
    example: '[{ "name": ... }]',
    description: 'What headers of the request must be; all of them must match.',
    test: matching,
  },
  query_parameters: {
    value: listOf(object(queryParameterSchema), { minItems: 1 }),
    example: '[{ "name": ... }]',
    description: 'What parameters of the query string must be; all of them must match.',
    test: matching,
  },
  runtime: {
    value: object(routeRuntimeSchema),
    description: 'The share of the requests that the route matches.',
    test: matching,
  },
};

const targetKeys: Readonly<Record<string, KeySchema>> = {
  cluster: {
    value: text,
    example: '"backend"',
    description:
      'The cluster that requests are sent to. Exactly one of `cluster`, `cluster_header` and ' +
      '`weighted_clusters`, or redirects.',
    test: 'local-replies',
  },
  cluster_header: {
    value: text,
    example: '"x-cluster"',
    description: 'The header of the request that holds the name of the cluster.',
    difference: 'Must be the name of a header.',
    test: acting,
  },
  weighted_clusters: {
    value: object(weightedClustersSchema),
    example: '{ "clusters": [ ... ] }',
    description: 'Several clusters, each with its share of the requests.',
    test: acting,
  },
  host_redirect: {
    value: text,
    description: 'Requests are redirected (301) to this host.',
    difference: 'Must be fit for a header.',
    test: acting,
  },
  path_redirect: {
    value: text,
    description: 'Requests are redirected (301) to this path; the query string is dropped.',
    difference: 'Must be fit for a header.',
    test: acting,
  },
  prefix_rewrite: {
    value: text,
    description: 'What takes the place of the matched part of the path.',
    difference: 'Must be fit for the path of a request.',
    test: acting,
  },
  host_rewrite: {
    value: text,
    description: 'The Host that is sent to the host of the cluster.',
    difference: 'Must be fit for a header.',
    test: acting,
  },
  auto_host_rewrite: {
    value: flag,
    default: false,
    description: 'Whether the name that the chosen host was found by is sent as Host.',
    difference:
      'Only hosts of `logical_dns` clusters have a name yet; to others the Host is sent as it is.',
    test: 'auto-host-rewrite',
  },
};

const targets = ['cluster', 'cluster_header', 'weighted_clusters'];

/** What Envoy does not read in a route that redirects: reference 2.6.4. */
const unreadOfRedirects = [
  'prefix_rewrite',
  'host_rewrite',
  'auto_host_rewrite',
  'timeout_ms',
  'retry_policy',
  'shadow',
  'priority',
  'rate_limits',
  'include_vh_rate_limits',
  'hash_policy',
  'request_headers_to_add',
  'opaque_config',
  'decorator',
  'cors',
];

/** One route. */
export const routeSchema: ObjectSchema = {
  noun: 'a route',
  typeName: 'Route',
  description: 'What requests it matches, and where they go.',
  reference: '2.6',
  unreadKeys: (members) => {
    const has = (key: string): boolean => members[key] !== undefined;
    const redirects = has('host_redirect') || has('path_redirect');
    return redirects && !targets.some(has)
      ? { keys: unreadOfRedirects, reason: 'the route redirects' }
      : undefined;
  },
  keys: {
    ...matchKeys,
    ...targetKeys,
    use_websocket: {
      value: flag,
      default: false,
      description: 'Whether requests may be upgraded to WebSocket.',
      test: 'websocket',
    },
    timeout_ms: {
      value: count,
      default: 15000,
      description: 'Time for the whole response, retries included; 0 for no limit.',
      difference: 'Negative numbers, which the schema lets pass, are refused.',
      test: 'upstream-failures',
    },
    retry_policy: {
      value: object(retryPolicySchema),
      description: 'When requests are tried again.',
      test: 'retries',
    },
    shadow: {
      value: object(shadowSchema),
      description: 'Where copies of the requests are sent.',
      difference: 'Where `timeout_ms` is 0 a copy has 15 s; of its response at most 1 MiB is read.',
      test: 'shadow',
    },
    priority: {
      value: oneOf(...routingPriorities),
      default: 'default',
      description: 'Which circuit breakers and connection pools of the cluster are used.',
      test: 'circuit-breakers',
    },
    rate_limits: {
      value: listOf(object(rateLimitSchema)),
      description: 'Rate limits of the route.',
      test: 'rate-limit',
    },
    include_vh_rate_limits: {
      value: flag,
      default: false,
      description: 'Whether the rate limits of the virtual host are applied as well.',
      difference: 'They are in any case if the route has none of its own, as in the code of Envoy.',
      test: 'rate-limit',
    },
    hash_policy: {
      value: object(hashPolicySchema),
      description: 'What ring_hash chooses the host by.',
      test: 'ring-hash',
    },
    request_headers_to_add: headersToAdd('Headers that are added to requests.', {
      test: 'header-rules',
    }),
    opaque_config: {
      value: map,
      example: '{ "key": "value" }',
      description: 'Texts for filters of your own.',
      test: 'own-filters',
    },
    decorator: {
      value: object(decoratorSchema),
      description: 'What the span is called.',
      difference:
        'No spans are made yet: the name is handed on in x-envoy-decorator-operation only.',
      test: 'trace-decisions',
    },
    cors: {
      value: object(routeCorsSchema),
      description: 'Which pages of other origins may read the responses.',
      test: 'cors',
    },
  },
};
