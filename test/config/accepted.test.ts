import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import type { Config } from '../../lib/config/config.js';
import { parseConfig, parseConfigText } from '../../lib/config/parse-config.js';
import {
  defaultCluster,
  defaultDns,
  defaultListener,
  defaultManager,
  defaultRoute,
  defaultRouteTable,
  defaultVirtualHost,
} from '../support/config-defaults.js';
import { type JsonObject, minimalDocument, readSeed } from '../support/config-documents.js';

/** What a document has beyond listeners, admin and clusters, of which it says nothing. */
const nothingElse = {
  lds: undefined,
  flagsPath: undefined,
  stats: { statsdUdpAddress: undefined, statsdTcpCluster: undefined, flushIntervalMs: 5000 },
  watchdog: {
    missTimeoutMs: 200,
    megamissTimeoutMs: 1000,
    killTimeoutMs: 0,
    multikillTimeoutMs: 0,
  },
  tracingDriver: undefined,
  rateLimitCluster: undefined,
  runtime: undefined,
};

function parse(document: unknown): Config {
  return parseConfig(document, { source: 'test', unsupported: 'error' }).config;
}

function assertDeeplyFrozen(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) {
    return;
  }
  assert.ok(Object.isFrozen(value), `${path} is frozen`);
  for (const [key, member] of Object.entries(value)) {
    assertDeeplyFrozen(member, `${path}.${key}`);
  }
}

test('the edge seed is accepted as it is, with every default filled in', () => {
  const parsed = parseConfigText(readSeed('edge-envoy'), { source: 'test', unsupported: 'error' });
  const serviceName = 'flask-app-envoy-service.default.svc.cluster.local';
  const manager = {
    ...defaultManager,
    routeConfig: {
      ...defaultRouteTable,
      virtualHosts: [
        {
          ...defaultVirtualHost,
          name: 'backend',
          domains: ['foo.com'],
          routes: [defaultRoute(serviceName, {}, { timeoutMs: 0 })],
        },
      ],
    },
    accessLogs: [{ path: '/dev/stdout', format: undefined, filter: undefined }],
  };
  const listener = {
    ...defaultListener(manager),
    name: 'tcp://0.0.0.0:80',
    address: { kind: 'tcp', host: '0.0.0.0', port: 80 },
  };
  const host = { kind: 'tcp', host: 'kubernetes-envoy-sds.kube-system', port: 80 };
  const sds = {
    ...defaultCluster,
    name: 'kubernetes-envoy-sds.kube-system',
    discovery: { type: 'logical_dns', host, ...defaultDns },
  };
  const config = {
    listeners: [listener],
    admin: {
      accessLogPath: '/dev/stdout',
      address: { kind: 'tcp', host: '0.0.0.0', port: 8001 },
      profilePath: '/var/log/envoy/envoy.prof',
    },
    clusterManager: {
      clusters: [{ ...defaultCluster, name: serviceName, discovery: { type: 'sds', serviceName } }],
      sds: { cluster: sds, refreshDelayMs: 1000 },
      cds: undefined,
      localClusterName: undefined,
      outlierEventLogPath: undefined,
    },
    ...nothingElse,
  };
  assert.deepEqual(parsed, { config, warnings: [] });
});

test('the application seed is accepted as it is', () => {
  const { config, warnings } = parseConfigText(readSeed('flask-app-envoy'), {
    source: 'test',
    unsupported: 'error',
  });
  const hosts = [{ kind: 'tcp', host: '127.0.0.1', port: 5000 }];
  assert.deepEqual(config.clusterManager.clusters, [
    { ...defaultCluster, name: 'local_service', discovery: { type: 'static', hosts } },
  ]);
  assert.equal(config.clusterManager.sds, undefined);
  assert.deepEqual(config.listeners[0]?.connectionManager.accessLogs, []);
  assert.deepEqual(warnings, []);
});

test('a seed parsed as an object gives the same as its text', () => {
  const text = readSeed('edge-envoy').toString();
  const options = { source: 'test', unsupported: 'error' } as const;
  assert.deepEqual(parseConfig(JSON.parse(text), options), parseConfigText(text, options));
});

test('the result is frozen to its leaves and is not the input', () => {
  const document: JsonObject = JSON.parse(readSeed('edge-envoy').toString());
  const parsed = parseConfig(document, { source: 'test', unsupported: 'error' });
  assertDeeplyFrozen(parsed, 'parsed');
  assert.ok(!Object.isFrozen(document));
});

test('keys with the value undefined count as absent', () => {
  const document = minimalDocument({ lds: undefined, unheard_of: undefined, listeners: [] });
  assert.deepEqual(parse(document).listeners, []);
});

test('objects without a prototype and objects of another realm are read', () => {
  const bare: unknown = Object.assign(Object.create(null), minimalDocument());
  assert.deepEqual(parse(bare).listeners, []);
  const foreign: unknown = runInNewContext(`(${JSON.stringify(minimalDocument())})`);
  assert.deepEqual(parse(foreign).listeners, []);
});

test('a route may send requests to the cluster of cluster_manager.sds', () => {
  const document: JsonObject = JSON.parse(
    readSeed('edge-envoy')
      .toString()
      .replace(
        '"cluster": "flask-app-envoy-service.default.svc.cluster.local"',
        '"cluster": "kubernetes-envoy-sds.kube-system"',
      ),
  );
  assert.equal(parse(document).listeners.length, 1);
});
