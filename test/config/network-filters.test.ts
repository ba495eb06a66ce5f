import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DocumentScope } from '../../lib/config/document-scope.js';
import { parseNetworkFilter } from '../../lib/config/network-filter-config.js';
import { networkFilterUnion } from '../../lib/config/schema/network-filter-schemas.js';
import type { JsonObject } from '../support/config-documents.js';
import { openReader } from '../support/open-reader.js';

// Listeners with most of these filters are left out as yet, so the filters are read on their own.

interface ParsedFilter {
  readonly config: unknown;
  readonly problems: readonly string[];
}

function parse(name: string, config: JsonObject): ParsedFilter {
  const schema = networkFilterUnion.variants[name]?.object;
  assert.ok(schema);
  const { reader, problems } = openReader({ name, config }, schema, name);
  const parsed = parseNetworkFilter(reader, new DocumentScope(reader.collector));
  return { config: parsed && 'config' in parsed ? parsed.config : parsed, problems: problems() };
}

function configOf(name: string, config: JsonObject): unknown {
  const parsed = parse(name, config);
  assert.deepEqual(parsed.problems, []);
  return parsed.config;
}

function tcpRoute(route: JsonObject): ParsedFilter {
  return parse('tcp_proxy', { stat_prefix: 'tcp', route_config: { routes: [route] } });
}

const route = 'config.route_config.routes[0]';

test('a tcp_proxy may have no routes, and logs nothing by default', () => {
  assert.deepEqual(configOf('tcp_proxy', { stat_prefix: 'tcp', route_config: { routes: [] } }), {
    statPrefix: 'tcp',
    routes: [],
    accessLogs: [],
  });
});

test('every key of a tcp_proxy is read', () => {
  const routes = [
    { cluster: 'any' },
    {
      cluster: 'some',
      destination_ip_list: ['10.0.0.0/8', '::1/128'],
      destination_ports: '1-1024,2048, 9000',
      source_ip_list: ['192.0.2.1', '0.0.0.0/0', '2001:db8::/32'],
      source_ports: '0-65535',
    },
  ];
  const access_log = [{ path: '/dev/stdout' }];
  assert.deepEqual(
    configOf('tcp_proxy', { stat_prefix: 'tcp', route_config: { routes }, access_log }),
    {
      statPrefix: 'tcp',
      routes: [
        {
          cluster: 'any',
          destinationIps: [],
          destinationPorts: [],
          sourceIps: [],
          sourcePorts: [],
        },
        {
          cluster: 'some',
          destinationIps: [
            { address: '10.0.0.0', prefixLength: 8 },
            { address: '::1', prefixLength: 128 },
          ],
          destinationPorts: [
            { first: 1, last: 1024 },
            { first: 2048, last: 2048 },
            { first: 9000, last: 9000 },
          ],
          sourceIps: [
            { address: '192.0.2.1', prefixLength: 32 },
            { address: '0.0.0.0', prefixLength: 0 },
            { address: '2001:db8::', prefixLength: 32 },
          ],
          sourcePorts: [{ first: 0, last: 65535 }],
        },
      ],
      accessLogs: [{ path: '/dev/stdout', format: undefined, filter: undefined }],
    },
  );
});

test('ranges of addresses are addresses with a length that fits', () => {
  const wrong = [
    '10.0.0.0/33',
    '10.0.0/8',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    'app',
    '',
    'fe80::1%eth0/64',
  ];
  assert.deepEqual(
    tcpRoute({ cluster: 'a', source_ip_list: ['10.0.0.0/8', ...wrong] }).problems,
    wrong.map(
      (range, index) =>
        `${route}.source_ip_list[${index + 1}]: expected a range of IP addresses, such as ` +
        `"10.0.0.0/8", found "${range}"`,
    ),
  );
  assert.equal(
    tcpRoute({ cluster: 'a', destination_ip_list: wrong }).problems.length,
    wrong.length,
  );
});

test('ports are numbers and ranges that do not run backwards', () => {
  for (const wrong of ['80-', '-80', '90-80', '65536', 'http', '80,', '1-2-3', '80;81']) {
    for (const key of ['destination_ports', 'source_ports']) {
      assert.deepEqual(tcpRoute({ cluster: 'a', [key]: wrong }).problems, [
        `${route}.${key}: expected ports and ranges of ports, such as "1-1024,2048", ` +
          `found "${wrong}"`,
      ]);
    }
  }
  assert.deepEqual(tcpRoute({ cluster: 'a', source_ports: '' }).problems, [
    `${route}.source_ports: expected a string that is not empty, found ""`,
  ]);
});

test('a route of a tcp_proxy needs a cluster', () => {
  assert.deepEqual(tcpRoute({}).problems, [
    `${route}: the key "cluster" is missing; add it, for example "cluster": "backend"`,
  ]);
});

test('a redis_proxy needs a cluster, a name of its statistics, and a time-out', () => {
  const config = { cluster_name: 'a', stat_prefix: 'redis', conn_pool: { op_timeout_ms: 20 } };
  assert.deepEqual(configOf('redis_proxy', config), {
    cluster: 'a',
    statPrefix: 'redis',
    opTimeoutMs: 20,
  });
  assert.deepEqual(parse('redis_proxy', { conn_pool: {} }).problems, [
    'config: the key "cluster_name" is missing; add it, for example "cluster_name": "..."',
    'config: the key "stat_prefix" is missing; add it, for example "stat_prefix": "ingress"',
    'config.conn_pool: the key "op_timeout_ms" is missing; add it, for example "op_timeout_ms": 20',
  ]);
});

test('a mongo_proxy logs nothing and delays nothing by default', () => {
  assert.deepEqual(configOf('mongo_proxy', { stat_prefix: 'mongo' }), {
    statPrefix: 'mongo',
    accessLogPath: undefined,
    fixedDelay: undefined,
  });
  const fault = { fixed_delay: { percent: 1, duration_ms: 2 } };
  assert.deepEqual(configOf('mongo_proxy', { stat_prefix: 'mongo', access_log: '/log', fault }), {
    statPrefix: 'mongo',
    accessLogPath: '/log',
    fixedDelay: { percent: 1, durationMs: 2 },
  });
  assert.deepEqual(parse('mongo_proxy', { stat_prefix: 'm', access_log: '', fault: {} }).problems, [
    'config.access_log: the path is empty; write the path of a file, such as "/var/log/mongo.log"',
    'config.fault: the key "fixed_delay" is missing; add it, for example "fixed_delay": ' +
      '{ "percent": 1, "duration_ms": 10 }',
  ]);
});

test('the network filter ratelimit has descriptors of at least one entry', () => {
  const config = { stat_prefix: 'rl', domain: 'd' };
  const entry = { key: 'k', value: 'v' };
  assert.deepEqual(configOf('ratelimit', { ...config, descriptors: [] }), {
    statPrefix: 'rl',
    domain: 'd',
    descriptors: [],
    timeoutMs: 20,
  });
  const descriptors = [[entry], [entry, { key: 'k2', value: '' }]];
  assert.deepEqual(configOf('ratelimit', { ...config, descriptors, timeout_ms: 1 }), {
    statPrefix: 'rl',
    domain: 'd',
    descriptors,
    timeoutMs: 1,
  });
  assert.deepEqual(
    parse('ratelimit', { ...config, descriptors: [[], entry, [entry, entry]] }).problems,
    [
      'config.descriptors[0]: expected at least one entry, found 0',
      'config.descriptors[1]: expected an array, found an object; put [ ] around it',
      'config.descriptors[2][1]: the same stands at config.descriptors[2][0]; remove one of them',
    ],
  );
});

test('client_ssl_auth fetches its list every minute by default, and lets in nobody without', () => {
  const config = { auth_api_cluster: 'auth', stat_prefix: 'ssl' };
  assert.deepEqual(configOf('client_ssl_auth', config), {
    authApiCluster: 'auth',
    statPrefix: 'ssl',
    refreshDelayMs: 60_000,
    ipWhiteList: [],
  });
  const more = { refresh_delay_ms: 1, ip_white_list: ['10.0.0.1', '::1/128'] };
  assert.deepEqual(configOf('client_ssl_auth', { ...config, ...more }), {
    authApiCluster: 'auth',
    statPrefix: 'ssl',
    refreshDelayMs: 1,
    ipWhiteList: [
      { address: '10.0.0.1', prefixLength: 32 },
      { address: '::1', prefixLength: 128 },
    ],
  });
  const white = (...ip_white_list: string[]): readonly string[] =>
    parse('client_ssl_auth', { ...config, ip_white_list }).problems;
  assert.deepEqual(white(), ['config.ip_white_list: expected at least one entry, found 0']);
  assert.deepEqual(white('10.0.0.1', '10.0.0.1'), [
    'config.ip_white_list[1]: the same stands at config.ip_white_list[0]; remove one of them',
  ]);
});

test('echo has no keys, and passes over what stands there, as Envoy does', () => {
  assert.deepEqual(parse('echo', {}), { config: { name: 'echo' }, problems: [] });
  assert.deepEqual(parse('echo', { stat_prefix: 'a' }).problems, []);
});
