import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DiscoveryConfig,
  type DiscoveryType,
  parseDiscovery,
  type SdsState,
} from '../../lib/config/cluster-discovery.js';
import { clusterSchema } from '../../lib/config/schema/cluster-schema.js';
import { defaultDns } from '../support/config-defaults.js';
import { type JsonObject, type JsonValue, staticCluster } from '../support/config-documents.js';
import { openReader } from '../support/open-reader.js';

interface Discovered {
  readonly config: DiscoveryConfig | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Reads how a cluster finds its hosts; clusters of some types are left out as yet. */
function discover(type: DiscoveryType, parts: JsonObject, sds: SdsState = 'present'): Discovered {
  const { reader, problems, warnings } = openReader(
    staticCluster({ type, ...parts }),
    clusterSchema,
  );
  const config = parseDiscovery(reader, type, sds);
  return { config, problems: problems(), warnings: warnings() };
}

function configOf(type: DiscoveryType, parts: JsonObject): DiscoveryConfig | undefined {
  const { config, problems } = discover(type, parts);
  assert.deepEqual(problems, []);
  return config;
}

function hosts(...urls: string[]): JsonValue {
  return urls.map((url) => ({ url }));
}

const noHosts = { hosts: undefined };

test('a static cluster has its hosts, by IP address or path', () => {
  assert.deepEqual(configOf('static', { hosts: hosts('tcp://10.0.0.1:80', 'unix:///run/a') }), {
    type: 'static',
    hosts: [
      { kind: 'tcp', host: '10.0.0.1', port: 80 },
      { kind: 'unix', path: '/run/a' },
    ],
  });
});

test('a strict_dns cluster has any number of names, and the defaults of DNS', () => {
  assert.deepEqual(
    configOf('strict_dns', { hosts: hosts('tcp://A.example:80', 'tcp://10.0.0.1:81') }),
    {
      type: 'strict_dns',
      hosts: [
        { kind: 'tcp', host: 'a.example', port: 80 },
        { kind: 'tcp', host: '10.0.0.1', port: 81 },
      ],
      ...defaultDns,
    },
  );
});

test('the name of a service is a name', () => {
  for (const type of ['strict_dns', 'logical_dns'] as const) {
    const service = discover(type, { hosts: hosts('tcp://_http._tcp.orders.internal:1') });
    assert.deepEqual([service.problems, service.warnings], [[], []]);
  }
});

test('a logical_dns cluster has one name, and the defaults of DNS', () => {
  assert.deepEqual(configOf('logical_dns', { hosts: hosts('tcp://a:80') }), {
    type: 'logical_dns',
    host: { kind: 'tcp', host: 'a', port: 80 },
    ...defaultDns,
  });
});

test('an sds cluster has the name of its service', () => {
  assert.deepEqual(configOf('sds', { ...noHosts, service_name: 'app' }), {
    type: 'sds',
    serviceName: 'app',
  });
});

test('an original_dst cluster has no hosts, and is cleaned up every five seconds', () => {
  assert.deepEqual(configOf('original_dst', noHosts), {
    type: 'original_dst',
    cleanupIntervalMs: 5000,
  });
  assert.deepEqual(configOf('original_dst', { ...noHosts, cleanup_interval_ms: 1 }), {
    type: 'original_dst',
    cleanupIntervalMs: 1,
  });
  assert.deepEqual(discover('original_dst', {}).problems, [
    'hosts: a cluster of type "original_dst" takes no hosts; remove them',
  ]);
});

test('an sds cluster warns of hosts, and depends on the discovery service', () => {
  const parts = { service_name: 'app' };
  assert.deepEqual(discover('sds', parts).warnings, [
    'hosts: not read, as the hosts of a cluster of type "sds" are discovered',
  ]);
  const type = (state: SdsState): Discovered => discover('sds', { ...noHosts, ...parts }, state);
  assert.match(type('absent').problems.join(), /^type: a cluster of type "sds" needs a discovery/);
  assert.match(
    type('itself').problems.join(),
    /^type: the cluster of the discovery service cannot/,
  );
  assert.deepEqual(type('left out').warnings, [
    'type: the cluster is left out, as cluster_manager.sds is',
  ]);
  assert.equal(type('left out').config, undefined);
});

test('the name of a service can stand in the path of a request', () => {
  for (const name of ['', 'a b', 'a\n', 'é']) {
    assert.deepEqual(discover('sds', { ...noHosts, service_name: name }).problems, [
      `service_name: ${JSON.stringify(name)} cannot stand in the path of a request; ` +
        'use ASCII without blanks',
    ]);
  }
  assert.deepEqual(discover('sds', { ...noHosts, service_name: 'a/b?c' }).problems, []);
});

test('resolvers are IP addresses with a port and without a scheme', () => {
  const resolvers = (...list: string[]): readonly string[] =>
    discover('logical_dns', { hosts: hosts('tcp://a:80'), dns_resolvers: list }).problems;
  const expected = 'expected an IP address and a port, such as "10.0.0.2:53", found';
  assert.deepEqual(resolvers('10.0.0.2:53', '[::1]:53'), []);
  assert.deepEqual(resolvers('tcp://10.0.0.2:53', 'udp://10.0.0.2:53', 'dns:53', '10.0.0.2:0'), [
    `dns_resolvers[0]: ${expected} "tcp://10.0.0.2:53"`,
    `dns_resolvers[1]: ${expected} "udp://10.0.0.2:53"`,
    `dns_resolvers[2]: ${expected} "dns:53"`,
    `dns_resolvers[3]: ${expected} "10.0.0.2:0"`,
  ]);
  assert.deepEqual(resolvers('10.0.0.2'), [
    'dns_resolvers[0]: "10.0.0.2" is not a host and port: the port is missing; write ' +
      '"10.0.0.2:53" with the port you mean',
  ]);
  assert.deepEqual(resolvers(), ['dns_resolvers: expected at least one entry, found 0']);
  assert.deepEqual(resolvers('10.0.0.2:53', '10.0.0.2:53'), [
    'dns_resolvers[1]: the same stands at dns_resolvers[0]; remove one of them',
  ]);
});

test('the keys that only some types read are warned of with the others', () => {
  const all = {
    service_name: 'a',
    dns_refresh_rate_ms: 1,
    dns_lookup_family: 'auto',
    dns_resolvers: ['10.0.0.2:53'],
    cleanup_interval_ms: 1,
  };
  const dns = ['dns_refresh_rate_ms', 'dns_lookup_family', 'dns_resolvers'];
  const unread: Readonly<Record<DiscoveryType, readonly string[]>> = {
    static: ['service_name', ...dns, 'cleanup_interval_ms'],
    strict_dns: ['service_name', 'cleanup_interval_ms'],
    logical_dns: ['service_name', 'cleanup_interval_ms'],
    sds: [...dns, 'cleanup_interval_ms'],
    original_dst: ['service_name', ...dns],
  };
  for (const type of ['static', 'strict_dns', 'logical_dns', 'sds', 'original_dst'] as const) {
    const needsHosts = type !== 'sds' && type !== 'original_dst';
    const parts = needsHosts ? all : { ...all, ...noHosts };
    assert.deepEqual(
      discover(type, parts).warnings,
      unread[type].map(
        (key) => `${key}: not read, as the type of this cluster is "${type}"; remove it`,
      ),
    );
  }
});
