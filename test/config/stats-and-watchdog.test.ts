import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../lib/config/config.js';
import { parseConfig } from '../../lib/config/parse-config.js';
import {
  clustersDocument,
  type JsonObject,
  problemsOf,
  staticCluster,
} from '../support/config-documents.js';

function documentWith(parts: JsonObject): JsonObject {
  return { ...clustersDocument([staticCluster()]), ...parts };
}

function parse(parts: JsonObject): Config {
  return parseConfig(documentWith(parts), { source: 'test', unsupported: 'warn' }).config;
}

function problemsWith(parts: JsonObject): string[] {
  return problemsOf(documentWith(parts), 'warn');
}

test('statistics are flushed every five seconds, to nobody, by default', () => {
  assert.deepEqual(parse({}).stats, {
    statsdUdpAddress: undefined,
    statsdTcpCluster: undefined,
    flushIntervalMs: 5000,
  });
  const parts = {
    statsd_udp_ip_address: '127.0.0.1:8125',
    statsd_tcp_cluster_name: 'backend',
    stats_flush_interval_ms: 0,
  };
  assert.deepEqual(parse(parts).stats, {
    statsdUdpAddress: { kind: 'tcp', host: '127.0.0.1', port: 8125 },
    statsdTcpCluster: 'backend',
    flushIntervalMs: 0,
  });
  const ipv6 = parse({ statsd_udp_ip_address: '[0:0::1]:8125' });
  assert.deepEqual(ipv6.stats.statsdUdpAddress, { kind: 'tcp', host: '::1', port: 8125 });
});

test('the address of statsd is an IP address and a port', () => {
  const key = 'statsd_udp_ip_address';
  assert.deepEqual(problemsWith({ [key]: 'statsd:8125' }), [
    `${key}: expected an IP address, found the name "statsd"`,
  ]);
  assert.deepEqual(problemsWith({ [key]: '127.0.0.1' }), [
    `${key}: "127.0.0.1" is not a host and port: the port is missing; write "127.0.0.1:8125" with ` +
      'the port you mean',
  ]);
  assert.deepEqual(problemsWith({ [key]: '::1:8125' }), [
    `${key}: "::1:8125" is not a host and port: an IPv6 address stands in brackets, as in [::1]:80`,
  ]);
});

test('the watchdog has the defaults of the schema', () => {
  assert.deepEqual(parse({}).watchdog, {
    missTimeoutMs: 200,
    megamissTimeoutMs: 1000,
    killTimeoutMs: 0,
    multikillTimeoutMs: 0,
  });
  const parts = {
    watchdog_miss_timeout_ms: 1,
    watchdog_megamiss_timeout_ms: 2,
    watchdog_kill_timeout_ms: 3,
    watchdog_multikill_timeout_ms: 4,
  };
  assert.deepEqual(parse(parts).watchdog, {
    missTimeoutMs: 1,
    megamissTimeoutMs: 2,
    killTimeoutMs: 3,
    multikillTimeoutMs: 4,
  });
  assert.deepEqual(problemsWith({ watchdog_miss_timeout_ms: -1 }), [
    'watchdog_miss_timeout_ms: expected an integer of at least 0, found -1',
  ]);
});

test('the folder of flags is read, and is not empty', () => {
  assert.equal(parse({ flags_path: '/etc/flags' }).flagsPath, '/etc/flags');
  assert.deepEqual(problemsWith({ flags_path: '' }), [
    'flags_path: the path is empty; write the path of a file, such as "/etc/envoy/flags"',
  ]);
});

test('the admin server has a default path of profiles', () => {
  const admin = { access_log_path: '/dev/null', address: 'tcp://[::1]:0' };
  assert.deepEqual(parse({ admin }).admin, {
    accessLogPath: '/dev/null',
    address: { kind: 'tcp', host: '::1', port: 0 },
    profilePath: '/var/log/envoy/envoy.prof',
  });
  assert.equal(parse({ admin: { ...admin, profile_path: '/p' } }).admin.profilePath, '/p');
});
