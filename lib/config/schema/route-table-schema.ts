import { virtualHostCorsSchema } from './cors-schemas.js';
import { headersToAdd } from './header-schemas.js';
import { rateLimitSchema } from './rate-limit-schema.js';
import { routeSchema } from './route-schema.js';
import type { ObjectSchema } from './schema.js';
import { flag, listOf, object, oneOf, text, texts } from './values.js';

/** The values of a virtual host's `require_ssl`. */
export const sslRequirements = ['all', 'external_only'] as const;

const virtualClusterSchema: ObjectSchema = {
  noun: 'a virtual cluster',
  typeName: 'VirtualCluster',
  description: 'Requests that are counted on their own.',
  reference: '2.4.2',
  isOpen: true,
  keys: {
    pattern: {
      value: text,
      isRequired: true,
      example: '"/users/\\\\d+"',
      description: 'Regular expression that must match the whole path, with its query string.',
      test: 'virtual-clusters',
    },
    name: {
      value: text,
      isRequired: true,
      example: '"user"',
      description: 'Part of the names of the statistics.',
      test: 'virtual-clusters',
    },
    method: {
      value: text,
      example: '"GET"',
      description: 'Method of the request; default any.',
      test: 'virtual-clusters',
    },
    priority: {
      value: oneOf('default', 'high'),
      description: 'Of releases before 1.3, and without effect since.',
      test: 'virtual-clusters',
    },
  },
};

const virtualHostSchema: ObjectSchema = {
  noun: 'a virtual host',
  typeName: 'VirtualHost',
  description: 'The routes of some domains.',
  reference: '2.4',
  keys: {
    name: {
      value: text,
      isRequired: true,
      example: '"backend"',
      description: 'Name of the virtual host; at most 60 bytes.',
      test: 'local-replies',
    },
    domains: {
      value: texts,
      isRequired: true,
      example: '["*"]',
      description:
        'The hosts whose requests it serves: whole names, `*.example.com`, `*-bar.example.com`, or `*`.',
      difference:
        'Compared without regard to case, as later releases of Envoy do; so `Foo.com` and `foo.com` are ' +
        'the same domain and may not both stand in a table. A suffix that stands twice, and a `*` ' +
        'elsewhere than at the beginning, earn a warning.',
      test: 'cluster-configuration',
    },
    routes: {
      value: listOf(object(routeSchema)),
      isRequired: true,
      example: '[{ "prefix": "/", "cluster": "backend" }]',
      description: 'The routes; the first match wins.',
      test: 'route-matching',
    },
    require_ssl: {
      value: oneOf(...sslRequirements),
      description: 'Whether requests over plain text are redirected to https.',
      test: 'route-actions',
    },
    virtual_clusters: {
      value: listOf(object(virtualClusterSchema), { minItems: 1 }),
      example: '[{ "pattern": ..., "name": ... }]',
      description: 'Requests that are counted on their own; the first match wins.',
      test: 'virtual-clusters',
    },
    rate_limits: {
      value: listOf(object(rateLimitSchema)),
      description: 'Rate limits of all routes that have none.',
      test: 'rate-limit',
    },
    request_headers_to_add: headersToAdd('Headers that are added to requests.', {
      test: 'header-rules',
    }),
    cors: {
      value: object(virtualHostCorsSchema),
      description: 'Which pages of other origins may read the responses.',
      test: 'cors',
    },
  },
};

/** `route_config`. */
export const routeTableSchema: ObjectSchema = {
  noun: 'a route_config',
  typeName: 'RouteConfig',
  description: 'A route table.',
  reference: '2.3',
  keys: {
    virtual_hosts: {
      value: listOf(object(virtualHostSchema)),
      isRequired: true,
      example: '[{ "name": ..., "domains": ..., "routes": ... }]',
      description: 'The virtual hosts; may be empty.',
      test: 'cluster-configuration',
    },
    validate_clusters: {
      value: flag,
      default: true,
      description:
        'Whether a cluster that does not exist is an error; else its requests are answered with 404.',
      difference:
        'The cluster of `cluster_manager.sds` counts as existing: Envoy loads it beside the others.',
      test: 'local-replies',
    },
    internal_only_headers: {
      value: texts,
      example: '["x-internal-user"]',
      description: 'Headers that are removed from requests that are not internal.',
      difference: 'Each must be the name of a header.',
      test: 'request-headers',
    },
    response_headers_to_add: headersToAdd('Headers that are added to responses.', {
      difference: 'To all responses, local replies included, as releases before 1.6 did.',
      test: 'header-rules',
    }),
    response_headers_to_remove: {
      value: texts,
      example: '["x-powered-by"]',
      description: 'Headers that are removed from responses.',
      difference: 'Each must be the name of a header.',
      test: 'header-rules',
    },
    request_headers_to_add: headersToAdd('Headers that are added to requests.', {
      test: 'header-rules',
    }),
  },
};
