import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../lib/config/config.js';
import { parseConfig } from '../../lib/config/parse-config.js';
import { defaultCluster } from '../support/config-defaults.js';
import {
  clustersDocument,
  type JsonObject,
  problemsOf,
  staticCluster,
  warningsOf,
} from '../support/config-documents.js';

const backend = staticCluster();

/** A document with the cluster "backend" and these parts. */
function documentWith(parts: JsonObject): JsonObject {
  return { ...clustersDocument([backend]), ...parts };
}

function parse(parts: JsonObject): Config {
  return parseConfig(documentWith(parts), { source: 'test', unsupported: 'warn' }).config;
}

function problemsWith(parts: JsonObject): string[] {
  return problemsOf(documentWith(parts), 'warn');
}

test('lds names its cluster, and asks every 30 seconds by default', () => {
  assert.deepEqual(parse({ lds: { cluster: 'backend' } }).lds, {
    cluster: 'backend',
    refreshDelayMs: 30_000,
  });
  assert.deepEqual(parse({ lds: { cluster: 'backend', refresh_delay_ms: 1 } }).lds, {
    cluster: 'backend',
    refreshDelayMs: 1,
  });
  assert.deepEqual(problemsWith({ lds: {} }), [
    'lds: the key "cluster" is missing; add it, for example "cluster": "lds"',
  ]);
});

test('cds defines its cluster, and asks every 30 seconds by default in the protocol of v1', () => {
  const hosts = [{ kind: 'tcp', host: '127.0.0.1', port: 5000 }] as const;
  const cluster = { ...defaultCluster, name: 'cds', discovery: { type: 'static', hosts } };
  const cds = (parts: JsonObject): unknown =>
    parse(clustersDocument([], { cds: { cluster: staticCluster({ name: 'cds' }), ...parts } }))
      .clusterManager.cds;
  assert.deepEqual(cds({}), { cluster, refreshDelayMs: 30_000, apiType: 'REST_LEGACY' });
  assert.deepEqual(cds({ refresh_delay_ms: 5, api_type: 'GRPC' }), {
    cluster,
    refreshDelayMs: 5,
    apiType: 'GRPC',
  });
});

test('an api_type of v2 is known and not supported', () => {
  const cluster = staticCluster({ name: 'cds' });
  for (const apiType of ['REST', 'GRPC']) {
    const document = clustersDocument([], { cds: { cluster, api_type: apiType } });
    assert.equal(
      problemsOf(document)[0],
      'cluster_manager.cds.api_type: known but not supported yet (discovery services are asked in ' +
        'the protocol of v1 only); write "REST_LEGACY", or set unsupported: \'warn\' (--unsupported warn) ' +
        'and accept that the service is asked in the protocol of v1',
    );
  }
  const legacy = clustersDocument([], { cds: { cluster, api_type: 'REST_LEGACY' } });
  assert.deepEqual(warningsOf(legacy), []);
  assert.deepEqual(
    problemsOf(clustersDocument([], { cds: { cluster, api_type: 'SOAP' } }), 'warn'),
    ['cluster_manager.cds.api_type: expected "REST_LEGACY", "REST" or "GRPC", found "SOAP"'],
  );
});

test('the cluster of cds may be discovered by sds, if there is one', () => {
  const cds = {
    cluster: staticCluster({ name: 'cds', type: 'sds', service_name: 'a', hosts: undefined }),
  };
  const sds = { cluster: staticCluster({ name: 'sds' }), refresh_delay_ms: 1 };
  assert.deepEqual(problemsOf(clustersDocument([], { cds, sds }), 'warn'), []);
  const [problem = '', ...rest] = problemsOf(clustersDocument([], { cds }), 'warn');
  assert.match(
    problem,
    /^cluster_manager\.cds\.cluster\.type: a cluster of type "sds" needs a disc/,
  );
  assert.deepEqual(rest, []);
});

test('the local cluster and the log of ejections are read', () => {
  const { clusterManager } = parse(
    clustersDocument([backend], {
      local_cluster_name: 'backend',
      outlier_detection: { event_log_path: '/var/log/outliers.log' },
    }),
  );
  assert.equal(clusterManager.localClusterName, 'backend');
  assert.equal(clusterManager.outlierEventLogPath, '/var/log/outliers.log');
  const empty = clustersDocument([backend], { outlier_detection: {} });
  assert.equal(parse(empty).clusterManager.outlierEventLogPath, undefined);
  assert.deepEqual(
    problemsOf(clustersDocument([], { outlier_detection: { event_log_path: '' } }), 'warn'),
    [
      'cluster_manager.outlier_detection.event_log_path: the path is empty; write the path of a ' +
        'file, such as "/var/log/outliers.log"',
    ],
  );
});

test('the runtime has no override unless it is given', () => {
  const runtime = { symlink_root: '/srv/runtime/current', subdirectory: 'envoy' };
  const read = { symlinkRoot: '/srv/runtime/current', subdirectory: 'envoy' };
  assert.deepEqual(parse({ runtime }).runtime, { ...read, overrideSubdirectory: undefined });
  const override = { ...runtime, override_subdirectory: 'envoy_override' };
  assert.deepEqual(parse({ runtime: override }).runtime, {
    ...read,
    overrideSubdirectory: 'envoy_override',
  });
  assert.deepEqual(problemsWith({ runtime: { symlink_root: '' } }), [
    'runtime: the key "subdirectory" is missing; add it, for example "subdirectory": "envoy"',
    'runtime.symlink_root: the path is empty; write the path of a file, such as ' +
      '"/srv/runtime/current"',
  ]);
});

test('zipkin has a default endpoint, and lightstep needs its token', () => {
  const tracing = (type: string, config: JsonObject): JsonObject => ({
    tracing: { http: { driver: { type, config } } },
  });
  const zipkin = { collector_cluster: 'backend' };
  assert.deepEqual(parse(tracing('zipkin', zipkin)).tracingDriver, {
    type: 'zipkin',
    collectorCluster: 'backend',
    collectorEndpoint: '/api/v1/spans',
  });
  const endpoint = { ...zipkin, collector_endpoint: '/spans' };
  assert.deepEqual(parse(tracing('zipkin', endpoint)).tracingDriver, {
    type: 'zipkin',
    collectorCluster: 'backend',
    collectorEndpoint: '/spans',
  });
  const lightstep = { collector_cluster: 'backend', access_token_file: '/token' };
  assert.deepEqual(parse(tracing('lightstep', lightstep)).tracingDriver, {
    type: 'lightstep',
    collectorCluster: 'backend',
    accessTokenFile: '/token',
  });
  const config = 'tracing.http.driver.config';
  assert.deepEqual(problemsWith(tracing('lightstep', zipkin)), [
    `${config}: the key "access_token_file" is missing; add it, for example ` +
      '"access_token_file": "/etc/lightstep/token"',
  ]);
  assert.deepEqual(problemsWith(tracing('jaeger', zipkin)), [
    'tracing.http.driver.type: v1 has no tracing driver "jaeger"; expected "lightstep" or "zipkin"',
  ]);
});

test('tracing without a driver sends spans nowhere', () => {
  for (const tracing of [{}, { http: {} }, { tcp: {} }]) {
    assert.equal(parse({ tracing }).tracingDriver, undefined);
  }
});

test('the rate limit service is a cluster that speaks gRPC', () => {
  const service = { type: 'grpc_service', config: { cluster_name: 'backend' } };
  assert.equal(parse({ rate_limit_service: service }).rateLimitCluster, 'backend');
  assert.deepEqual(problemsWith({ rate_limit_service: { type: 'http', config: {} } }), [
    'rate_limit_service.type: expected "grpc_service", found "http"',
    'rate_limit_service.config: the key "cluster_name" is missing; add it, for example ' +
      '"cluster_name": "ratelimit"',
  ]);
});
