import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EnvoyV1AccessLogFilter } from '../../lib/config/envoy-v1/access-log.js';
import type { EnvoyV1Cluster } from '../../lib/config/envoy-v1/cluster.js';
import type { EnvoyV1HttpFilter } from '../../lib/config/envoy-v1/http-filter.js';
import type { EnvoyV1Route } from '../../lib/config/envoy-v1/route.js';
import type { EnvoyV1Config } from '../../lib/config/envoy-v1-config.js';
import { readSeed } from '../support/config-documents.js';

// The compiler is the test here: this file does not compile if the types let too much or too
// little pass.

const edge: EnvoyV1Config = {
  listeners: [
    {
      address: 'tcp://0.0.0.0:80',
      filters: [
        {
          type: 'read',
          name: 'http_connection_manager',
          config: {
            access_log: [
              {
                path: '/dev/stdout',
              },
            ],
            codec_type: 'auto',
            stat_prefix: 'ingress_http',
            route_config: {
              virtual_hosts: [
                {
                  name: 'backend',
                  domains: ['foo.com'],
                  routes: [
                    {
                      timeout_ms: 0,
                      prefix: '/',
                      cluster: 'flask-app-envoy-service.default.svc.cluster.local',
                    },
                  ],
                },
              ],
            },
            filters: [
              {
                type: 'decoder',
                name: 'router',
                config: {},
              },
            ],
          },
        },
      ],
    },
  ],
  admin: {
    access_log_path: '/dev/stdout',
    address: 'tcp://0.0.0.0:8001',
  },
  cluster_manager: {
    clusters: [
      {
        name: 'flask-app-envoy-service.default.svc.cluster.local',
        connect_timeout_ms: 250,
        type: 'sds',
        lb_type: 'round_robin',
        service_name: 'flask-app-envoy-service.default.svc.cluster.local',
      },
    ],
    sds: {
      cluster: {
        name: 'kubernetes-envoy-sds.kube-system',
        type: 'logical_dns',
        connect_timeout_ms: 250,
        lb_type: 'round_robin',
        hosts: [
          {
            url: 'tcp://kubernetes-envoy-sds.kube-system:80',
          },
        ],
      },
      refresh_delay_ms: 1000,
    },
  },
};

const flaskApp = {
  listeners: [
    {
      address: 'tcp://0.0.0.0:80',
      filters: [
        {
          type: 'read',
          name: 'http_connection_manager',
          config: {
            codec_type: 'auto',
            stat_prefix: 'ingress_http',
            route_config: {
              virtual_hosts: [
                {
                  name: 'local_service',
                  domains: ['foo.com'],
                  routes: [
                    {
                      timeout_ms: 0,
                      prefix: '/',
                      cluster: 'local_service',
                    },
                  ],
                },
              ],
            },
            filters: [
              {
                type: 'decoder',
                name: 'router',
                config: {},
              },
            ],
          },
        },
      ],
    },
  ],
  admin: {
    access_log_path: '/dev/stdout',
    address: 'tcp://0.0.0.0:8001',
  },
  cluster_manager: {
    clusters: [
      {
        name: 'local_service',
        connect_timeout_ms: 250,
        type: 'static',
        lb_type: 'round_robin',
        hosts: [
          {
            url: 'tcp://127.0.0.1:5000',
          },
        ],
      },
    ],
  },
} as const satisfies EnvoyV1Config;

test('the seeds are documents, as literals and as constants', () => {
  const assigned: EnvoyV1Config = flaskApp;
  assert.deepEqual(edge, JSON.parse(readSeed('edge-envoy').toString()));
  assert.deepEqual(assigned, JSON.parse(readSeed('flask-app-envoy').toString()));
});

const cluster: EnvoyV1Cluster = {
  name: 'backend',
  type: 'static',
  connect_timeout_ms: 250,
  lb_type: 'round_robin',
};

test('wrong documents do not compile', () => {
  // @ts-expect-error: `admin` is missing.
  const incomplete: EnvoyV1Config = { listeners: [], cluster_manager: { clusters: [] } };
  const misspelt: EnvoyV1Cluster = {
    ...cluster,
    // @ts-expect-error: there is no such key.
    max_request_per_connection: 1,
  };
  const quoted: EnvoyV1Cluster = {
    ...cluster,
    // @ts-expect-error: a number is expected.
    connect_timeout_ms: '250',
  };
  const unknown: EnvoyV1Cluster = {
    ...cluster,
    // @ts-expect-error: this is no load balancer.
    lb_type: 'ring',
  };
  const nested: EnvoyV1Route = {
    prefix: '/',
    // @ts-expect-error: `weight` is missing.
    weighted_clusters: { clusters: [{ name: 'backend' }] },
  };
  assert.ok([incomplete, misspelt, quoted, unknown, nested].every((value) => value !== undefined));
});

test('the tag of a filter decides about its config', () => {
  const buffer: EnvoyV1HttpFilter = {
    name: 'buffer',
    config: { max_request_bytes: 1024, max_request_time_s: 1 },
  };
  const router: EnvoyV1HttpFilter = {
    name: 'router',
    // @ts-expect-error: this is the config of another filter.
    config: { max_request_bytes: 1024, max_request_time_s: 1 },
  };
  // @ts-expect-error: v1 has no such filter.
  const gzip: EnvoyV1HttpFilter = { name: 'gzip', config: {} };
  assert.ok([buffer, router, gzip].every((value) => value !== undefined));
});

test('filters of access logs can stand in each other', () => {
  const filter: EnvoyV1AccessLogFilter = {
    type: 'logical_and',
    filters: [
      { type: 'logical_or', filters: [{ type: 'not_healthcheck' }, { type: 'runtime', key: 'a' }] },
      { type: 'duration', op: '>=', value: 1000 },
    ],
  };
  const wrong: EnvoyV1AccessLogFilter = {
    type: 'logical_and',
    // @ts-expect-error: the inner filter has an operator that v1 does not have.
    filters: [{ type: 'duration', op: '<', value: 1000 }],
  };
  assert.ok([filter, wrong].every((value) => value !== undefined));
});
