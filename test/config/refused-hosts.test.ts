import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clustersDocument,
  type JsonObject,
  type JsonValue,
  problemsOf,
  staticCluster,
  warningsOf,
} from '../support/config-documents.js';

const cluster = 'cluster_manager.clusters[0]';

/** The problems of one cluster that are no mere lack of support. */
function clusterProblems(parts: JsonObject): string[] {
  return problemsOf(clustersDocument([staticCluster(parts)])).filter(
    (problem) => !problem.includes('not supported yet'),
  );
}

function hosts(...urls: string[]): JsonValue {
  return urls.map((url) => ({ url }));
}

test('static and DNS clusters need hosts', () => {
  for (const type of ['static', 'logical_dns', 'strict_dns']) {
    assert.deepEqual(clusterProblems({ type, hosts: undefined }), [
      `${cluster}: the key "hosts" is missing; add it, for example ` +
        '"hosts": [{ "url": "tcp://127.0.0.1:8080" }]',
    ]);
    assert.deepEqual(clusterProblems({ type, hosts: [] }), [
      `${cluster}.hosts: expected at least one entry, found 0`,
    ]);
  }
});

test('a host is an object with a URL and nothing else', () => {
  const list = [
    'tcp://127.0.0.1:1',
    { address: 'tcp://127.0.0.1:2' },
    { url: 'http://127.0.0.1:3/' },
    { url: 'tcp://127.0.0.1:0' },
    { url: 'tcp://[::1:5' },
  ];
  assert.deepEqual(clusterProblems({ hosts: list }), [
    `${cluster}.hosts[0]: expected an object with the keys of a host of a cluster, ` +
      'found "tcp://127.0.0.1:1"',
    `${cluster}.hosts[1]: the key "url" is missing; add it, for example ` +
      '"url": "tcp://127.0.0.1:8080"',
    `${cluster}.hosts[1].address: unknown key; a host of a cluster does not take it, ` +
      'it belongs in a listener or the admin server',
    `${cluster}.hosts[2].url: "http://127.0.0.1:3/" is not an address: it must begin with ` +
      '"tcp://" or "unix://"; write "tcp://127.0.0.1:3"',
    `${cluster}.hosts[3].url: expected a port from 1 to 65535, found 0`,
    `${cluster}.hosts[4].url: "tcp://[::1:5" is not an address: ` +
      'the brackets must hold an IPv6 address, as in [::1]:80',
  ]);
});

test('static clusters take IP addresses and no names', () => {
  assert.deepEqual(clusterProblems({ hosts: hosts('tcp://service:80') }), [
    `${cluster}.hosts[0].url: expected an IP address, as the type of the cluster is "static", ` +
      'found the name "service"; use "type": "strict_dns" to have the name resolved',
  ]);
});

test('DNS clusters take no Unix sockets', () => {
  assert.deepEqual(clusterProblems({ type: 'logical_dns', hosts: hosts('unix:///run/app') }), [
    `${cluster}.hosts[0].url: expected "tcp://name:port", as the type of the cluster is ` +
      '"logical_dns", found a Unix socket; use "type": "static"',
  ]);
});

test('a logical_dns cluster has exactly one host', () => {
  const parts = { type: 'logical_dns', hosts: hosts('tcp://a:80', 'tcp://b:80') };
  assert.deepEqual(clusterProblems(parts), [
    `${cluster}.hosts: a cluster of type "logical_dns" takes exactly one host, found 2; keep one`,
  ]);
});

test('a host that stands twice is refused, and one that is written in two ways counts once', () => {
  assert.deepEqual(clusterProblems({ hosts: hosts('tcp://[::1]:80', 'tcp://[::1]:80') }), [
    `${cluster}.hosts[1]: the same stands at ${cluster}.hosts[0]; remove one of them`,
  ]);
  const twoWays = { hosts: hosts('tcp://[::1]:80', 'tcp://[0::1]:80') };
  assert.deepEqual(clusterProblems(twoWays), []);
  assert.deepEqual(warningsOf(clustersDocument([staticCluster(twoWays)])), [
    `${cluster}.hosts[1].url: the same host as "tcp://[::1]:80", which counts once`,
  ]);
});
